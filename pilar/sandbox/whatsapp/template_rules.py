"""Which templates Meta takes. Each refusal is code 100 with the subcode Meta gives for it."""

from __future__ import annotations

import re
from typing import Any

from pilar.sandbox.whatsapp.door import GraphError, expect, invalid
from pilar.sandbox.whatsapp.state import Json

TOP_LEVEL_KEYS = {
    "name", "language", "category", "components", "parameter_format", "allow_category_change",
    "message_send_ttl_seconds", "cta_url_link_tracking_opted_out", "sub_category", "display_format",
}  # fmt: skip
NAME = re.compile(r"[a-z0-9_]{1,512}\Z")
LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2,3})?\Z")
VARIABLE = re.compile(r"\{\{([^{}]*)\}\}")
NAMED = re.compile(r"[a-z][a-z0-9_]*\Z")
CATEGORIES = {"MARKETING", "UTILITY", "AUTHENTICATION"}
# Seconds; authentication besides these two.
TTL = {"UTILITY": (30, 43_200), "MARKETING": (43_200, 2_592_000), "AUTHENTICATION": (30, 900)}
MAX_BODY, MAX_HEADER, MAX_FOOTER, MAX_BUTTON, MAX_BUTTONS = 1024, 60, 60, 25, 10
COMPONENT_KEYS = {
    "HEADER": {"type", "format", "text", "example"},
    "BODY": {"type", "text", "example", "add_security_recommendation"},
    "FOOTER": {"type", "text", "code_expiration_minutes"},
    "BUTTONS": {"type", "buttons"},
}
BUTTON_KEYS = {
    "QUICK_REPLY": {"type", "text"},
    "URL": {"type", "text", "url", "example"},
    "PHONE_NUMBER": {"type", "text", "phone_number"},
    "COPY_CODE": {"type", "text", "example"},
    "OTP": {"type", "text", "otp_type", "autofill_text", "package_name", "signature_hash"},
}


def refuse(subcode: int, details: str) -> GraphError:
    return GraphError(100, "Invalid parameter", subcode=subcode, details=details)


def variables(text: str) -> list[str]:
    """The names or numbers of a text's parameters, each once, in order."""
    return list(dict.fromkeys(found.strip() for found in VARIABLE.findall(text)))


def check_head(body: Json) -> None:
    if not isinstance(body.get("name"), str) or not NAME.match(body["name"]):
        raise invalid("name has to be lower-case letters, digits and underscores, at most 512")
    if not isinstance(body.get("language"), str) or not LANGUAGE.match(body["language"]):
        raise invalid("language is not a supported language code")
    category = str(body.get("category", "")).upper()
    if category not in CATEGORIES:
        raise invalid("category has to be MARKETING, UTILITY or AUTHENTICATION")
    if str(body.get("parameter_format", "POSITIONAL")).upper() not in {"NAMED", "POSITIONAL"}:
        raise invalid("parameter_format has to be NAMED or POSITIONAL")
    ttl = body.get("message_send_ttl_seconds")
    low, high = TTL[category]
    if ttl is not None and (not isinstance(ttl, int) or not (low <= ttl <= high or ttl == -1)):
        raise invalid(f"message_send_ttl_seconds has to be between {low} and {high} for {category}")


def check_components(body: Json) -> None:
    components = body.get("components")
    if not isinstance(components, list) or not all(isinstance(each, dict) for each in components):
        raise invalid("components has to be a list of objects")
    named = str(body.get("parameter_format", "POSITIONAL")).upper() == "NAMED"
    kinds = [str(each.get("type", "")).upper() for each in components]
    if kinds.count("BODY") != 1 or len(set(kinds)) != len(kinds):
        raise refuse(2388072, "A template has exactly one BODY and at most one of each other component.")
    for kind, component in zip(kinds, components, strict=True):
        if kind not in COMPONENT_KEYS:
            raise invalid(f"Unknown component type {kind}")
        expect(component, COMPONENT_KEYS[kind], kind)
        CHECKS[kind](component, named)


def _check_body(component: Json, named: bool) -> None:
    text = component.get("text")
    if not isinstance(text, str) or not text.strip():
        raise refuse(2388072, "BODY needs a text.")
    if len(text) > MAX_BODY:
        raise refuse(2388040, "The body is longer than 1024 characters.")
    found = _check_variables(text, named, 2388072)
    if re.match(r"\s*\{\{", text) or re.search(r"\}\}\s*\Z", text):
        raise refuse(2388299, "Variables can't be at the start or end of the template.")
    words = len(VARIABLE.sub(" ", text).split())
    if found and words < 2 * len(found) + 1:
        raise refuse(2388293, "This template has too many variables for its length.")
    _check_examples(component.get("example"), found, named, ("body_text_named_params", "body_text"), 2388072)


def _check_header(component: Json, named: bool) -> None:
    form, text = component.get("format"), component.get("text")
    if form in {"IMAGE", "VIDEO", "DOCUMENT"}:
        if not (component.get("example") or {}).get("header_handle"):
            raise refuse(2388047, "A media header needs example.header_handle.")
        return
    if form == "LOCATION":
        return
    if form != "TEXT" or not isinstance(text, str) or not 0 < len(text) <= MAX_HEADER or "\n" in text:
        raise refuse(2388047, "A text header is one line of at most 60 characters.")
    found = _check_variables(text, named, 2388047)
    if len(found) > 1:
        raise refuse(2388047, "A header takes one variable at most.")
    _check_examples(component.get("example"), found, named, ("header_text_named_params", "header_text"), 2388047)


def _check_footer(component: Json, named: bool) -> None:
    text = component.get("text")
    if not isinstance(text, str) or not 0 < len(text) <= MAX_FOOTER or VARIABLE.search(text):
        raise refuse(2388073, "A footer is at most 60 characters without variables.")


def _check_buttons(component: Json, named: bool) -> None:
    buttons = component.get("buttons")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= MAX_BUTTONS:
        raise invalid("BUTTONS takes 1 to 10 buttons")
    for button in buttons:
        kind = button.get("type") if isinstance(button, dict) else None
        if kind not in BUTTON_KEYS:
            raise invalid(f"Unknown button type {kind}")
        expect(button, BUTTON_KEYS[kind], "buttons")
        if kind not in {"OTP", "COPY_CODE"} and not 0 < len(str(button.get("text") or "")) <= MAX_BUTTON:
            raise invalid("The text of a button is 1 to 25 characters")
        if kind == "URL" and not str(button.get("url", "")).startswith(("http://", "https://")):
            raise invalid("A URL button needs a url")
        if kind == "PHONE_NUMBER" and not button.get("phone_number"):
            raise invalid("A PHONE_NUMBER button needs a phone_number")


CHECKS = {"BODY": _check_body, "HEADER": _check_header, "FOOTER": _check_footer, "BUTTONS": _check_buttons}


def _check_variables(text: str, named: bool, subcode: int) -> list[str]:
    found = variables(text)
    if text.count("{{") != len(VARIABLE.findall(text)) or text.count("{{") != text.count("}}"):
        raise refuse(subcode, "The curly brackets of a variable do not match.")
    if named and not all(NAMED.match(name) for name in found):
        raise refuse(subcode, "Names of variables are lower-case letters, digits and underscores.")
    if not named and found != [str(number) for number in range(1, len(found) + 1)]:
        raise refuse(subcode, "Positional variables are {{1}}, {{2}} and so on, without gaps.")
    return found


def _check_examples(example: Any, found: list[str], named: bool, keys: tuple[str, str], subcode: int) -> None:
    if not found:
        return
    given = (example or {}).get(keys[0] if named else keys[1]) if isinstance(example or {}, dict) else None
    if named:
        rows = given if isinstance(given, list) else []
        names = {row.get("param_name") for row in rows if isinstance(row, dict) and row.get("example")}
        complete = names == set(found)
    else:
        values = given[0] if isinstance(given, list) and given and isinstance(given[0], list) else given
        complete = isinstance(values, list) and len(values) == len(found) and all(values)
    if not complete:
        raise refuse(subcode, f"Each variable needs an example in example.{keys[0] if named else keys[1]}.")
