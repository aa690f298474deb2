"""A template message: the template has to be approved and every parameter has to fit."""

from __future__ import annotations

import re
from typing import Any

from pilar.sandbox.whatsapp.bodies import Content
from pilar.sandbox.whatsapp.door import GraphError, bad_value, expect, invalid, need
from pilar.sandbox.whatsapp.state import Json, Template, Waba
from pilar.sandbox.whatsapp.template_rules import VARIABLE, variables

MAX_RENDERED = 1024
SENDABLE = frozenset({"APPROVED", "REINSTATED"})
BAD_PARAMETER = re.compile(r"\n|\t| {5,}")


def read_template(waba: Waba, part: Json) -> Content:
    """Raises 132001, 132015, 132016 for the template, 132000, 132012, 132018 and 132005 for its parameters."""
    expect(part, {"name", "language", "components", "namespace"}, "template")
    name = need(part, "name", str, "template")
    language = need(part, "language", dict, "template")
    expect(language, {"code", "policy"}, "language")
    template = _approved(waba, name, need(language, "code", str, "language"))
    components = part.get("components") or []
    if not isinstance(components, list):
        raise bad_value("template['components'] has to be a list.")
    return _fill(template, components)


def _approved(waba: Waba, name: str, language: str) -> Template:
    template = waba.templates_by_name.get((name, language))
    if template is not None and template.status == "PAUSED":
        raise GraphError(132015, "Template is Paused", details=f"Template {name} is paused due to low quality.")
    if template is not None and template.status == "DISABLED":
        raise GraphError(132016, "Template is Disabled", details=f"Template {name} is disabled due to low quality.")
    if template is None or template.status not in SENDABLE:
        details = f"template name ({name}) does not exist in {language}"
        raise GraphError(132001, "Template name does not exist in the translation", details=details, status=404)
    return template


def _fill(template: Template, components: list[Json]) -> Content:
    given: dict[str, list[Any]] = {}
    buttons: dict[str, Json] = {}
    for component in components:
        expect(component, {"type", "parameters", "sub_type", "index"}, "components")
        kind = str(component.get("type", "")).lower()
        if kind == "button":
            buttons[str(need(component, "index", (str, int), "button"))] = component  # type: ignore[arg-type]
        elif kind in {"header", "body"}:
            given[kind] = component.get("parameters") or []
        else:
            raise invalid(f"Unknown component type {kind}")
    shown = []
    for component in template.components:
        kind = str(component["type"]).lower()
        if kind in {"header", "body"} and component.get("text"):
            shown.append(_render(template, kind, component["text"], given.pop(kind, [])))
        elif kind == "footer":
            shown.append(component["text"])
    if any(parameters for kind, parameters in given.items() if not _media_header(template, kind)):
        raise GraphError(132000, "Number of parameters does not match the expected number of params")
    return Content(
        "template",
        "\n".join(shown),
        _choices(template, buttons),
        template=template.name,
        language=template.language,
        category=template.category.lower(),
    )


def _media_header(template: Template, kind: str) -> bool:
    return kind == "header" and any(
        str(each["type"]).upper() == "HEADER" and each.get("format") != "TEXT" for each in template.components
    )


def _render(template: Template, kind: str, text: str, parameters: list[Any]) -> str:
    wanted, named = variables(text), template.parameter_format == "NAMED"
    if len(parameters) != len(wanted):
        details = (
            f"{kind}: number of localizable_params ({len(parameters)}) does not match the expected number of params "
            f"({len(wanted)})"
        )
        raise GraphError(132000, "Number of parameters does not match the expected number of params", details=details)
    values: dict[str, str] = {}
    for position, parameter in enumerate(parameters):
        expect(parameter, {"type", "text", "parameter_name", "currency", "date_time"}, "parameters")
        if parameter.get("type") != "text" or not isinstance(parameter.get("text"), str):
            raise GraphError(132012, "Parameter format does not match", details=f"{kind}: parameters have to be text.")
        name = str(parameter.get("parameter_name", "")) if named else wanted[position]
        if name not in wanted:
            details = f"{kind}: Parameter name is missing or empty" if not name else f"{kind}: no parameter {name}"
            raise GraphError(100, "Invalid parameter", details=details)
        if not parameter["text"].strip() or BAD_PARAMETER.search(parameter["text"]):
            details = "Param text cannot be empty or have new-line/tab characters or more than 4 consecutive spaces"
            raise GraphError(132018, "There's an issue with the parameters in your template", details=details)
        values[name] = parameter["text"]
    filled = VARIABLE.sub(lambda found: values[found.group(1).strip()], text)
    if len(filled) > MAX_RENDERED:
        raise GraphError(132005, "Hydrated text too long", details="The translated text is too long")
    return filled


def _choices(template: Template, given: dict[str, Json]) -> list[tuple[str, str]]:
    """The quick replies with their payloads; the title is the payload where none was given."""
    buttons: list[Json] = next(
        (each["buttons"] for each in template.components if str(each["type"]).upper() == "BUTTONS"), []
    )
    if unknown := set(given) - {str(index) for index in range(len(buttons))}:
        raise GraphError(132018, "There's an issue with the parameters", details=f"No button has index {min(unknown)}.")
    choices = []
    for index, button in enumerate(buttons):
        component = given.get(str(index), {})
        sub_type = button["type"].lower()
        if component and str(component.get("sub_type", "")).lower() != sub_type:
            raise GraphError(132012, "Parameter format does not match", details=f"Button {index} is a {sub_type}.")
        parameters = component.get("parameters") or []
        if sub_type == "url" and "{{" in button.get("url", "") and len(parameters) != 1:
            raise GraphError(131008, "Required parameter is missing", details=f"Button {index} needs its URL suffix.")
        if sub_type == "quick_reply":
            payload = str(parameters[0].get("payload", "")) if parameters else ""
            choices.append((payload or button["text"], button["text"]))
    return choices
