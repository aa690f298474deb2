"""Which message bodies Meta takes, and how they read on the member's phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from pilar.sandbox.whatsapp.door import GraphError, bad_value, expect, invalid, need
from pilar.sandbox.whatsapp.state import Json

COMMON_KEYS = {"messaging_product", "recipient_type", "to", "recipient", "type", "biz_opaque_callback_data", "context"}
MEDIA = ("image", "audio", "video", "document", "sticker")
TYPES = ("text", "template", "interactive", *MEDIA, "reaction", "location", "contacts")
MAX_TEXT, MAX_CALLBACK_DATA = 4096, 512
MAX_BUTTON, MAX_ID, MAX_BODY, MAX_FOOTER = 20, 256, 1024, 60
MAX_ROWS, MAX_ROW_TITLE, MAX_ROW_TEXT = 10, 24, 72
PHONE = re.compile(r"\+?[1-9][0-9 ()\-]{6,20}\Z")


@dataclass
class Content:
    """What the member sees: the text, the kind of message, and its buttons as (id, title)."""

    kind: str
    text: str
    choices: list[tuple[str, str]] = field(default_factory=list)
    template: str = ""
    language: str = ""
    category: str = "service"


def check_envelope(body: Json) -> str:
    """The parts that all messages share. The type of the message."""
    type_ = body.get("type", "text")
    if type_ not in TYPES:
        raise GraphError(131051, "Unsupported message type", details=f"Message type {type_} is not supported.")
    expect(body, COMMON_KEYS | {type_})
    if body.get("recipient_type", "individual") != "individual":
        raise invalid("recipient_type has to be individual")
    if not body.get("to") and not body.get("recipient"):
        raise invalid("The parameter to is required.", message="The parameter to is required.")
    if body.get("to") and (not isinstance(body["to"], str) or not PHONE.match(body["to"])):
        raise bad_value("to is not a phone number.")
    data = body.get("biz_opaque_callback_data")
    if data is not None and (not isinstance(data, str) or len(data) > MAX_CALLBACK_DATA):
        raise bad_value("biz_opaque_callback_data has to be a string of at most 512 characters.")
    if "context" in body:
        expect(need(body, "context", dict), {"message_id"}, "context")
        need(body["context"], "message_id", str, "context")
    need(body, type_, list if type_ == "contacts" else dict)
    return str(type_)


def read(type_: str, body: Json) -> Content:
    """A free-form message (all but templates), checked and ready to be shown."""
    part = body[type_]
    if type_ in MEDIA:
        return _media(type_, part)
    if type_ == "contacts":
        return Content(type_, "Kontakt")
    return READERS[type_](part)


def _text(part: Json) -> Content:
    expect(part, {"body", "preview_url"}, "text")
    text = need(part, "body", str, "text")
    if not text.strip():
        raise invalid("The parameter text['body'] is required.")
    if len(text) > MAX_TEXT:
        raise invalid("Param text['body'] must be at most 4096 characters long.")
    if not isinstance(part.get("preview_url", False), bool):
        raise bad_value("text['preview_url'] has to be a boolean.")
    return Content("text", text)


def _media(type_: str, part: Json) -> Content:
    expect(part, {"id", "link", "caption", "filename", "voice"}, type_)
    if bool(part.get("id")) == bool(part.get("link")):
        raise invalid(f"{type_} takes either id or link")
    return Content(type_, str(part.get("caption") or part.get("filename") or type_))


def _reaction(part: Json) -> Content:
    expect(part, {"message_id", "emoji"}, "reaction")
    need(part, "message_id", str, "reaction")
    return Content("reaction", str(part.get("emoji", "")))


def _location(part: Json) -> Content:
    expect(part, {"latitude", "longitude", "name", "address"}, "location")
    if part.get("latitude") is None or part.get("longitude") is None:
        raise GraphError(131008, "Required parameter is missing", details="location needs latitude and longitude.")
    return Content("location", str(part.get("name") or part.get("address") or "Standort"))


def _interactive(part: Json) -> Content:
    kind = need(part, "type", str, "interactive")
    if kind not in ACTIONS:
        raise bad_value(f"interactive['type'] {kind} is not supported.")
    expect(part, {"type", "header", "body", "footer", "action"}, "interactive")
    text = need(need(part, "body", dict, "interactive"), "text", str, "interactive['body']")
    if not 0 < len(text) <= MAX_BODY:
        raise bad_value("interactive['body']['text'] is 1 to 1024 characters.")
    footer = part.get("footer") or {}
    expect(footer, {"text"}, "footer")
    if len(str(footer.get("text", ""))) > MAX_FOOTER:
        raise bad_value("interactive['footer']['text'] is at most 60 characters.")
    action = need(part, "action", dict, "interactive")
    return Content("interactive", text, ACTIONS[kind](action))


def _buttons(action: Json) -> list[tuple[str, str]]:
    expect(action, {"buttons"}, "action")
    buttons = need(action, "buttons", list, "action")
    if not 1 <= len(buttons) <= 3:
        raise bad_value("action['buttons'] takes 1 to 3 buttons.")
    choices = []
    for button in buttons:
        expect(button, {"type", "reply"}, "buttons")
        if button.get("type") != "reply":
            raise bad_value("The type of a button has to be reply.")
        choices.append(_choice(need(button, "reply", dict, "button"), MAX_BUTTON))
    return _unique(choices)


def _choice(reply: Json, longest: int) -> tuple[str, str]:
    expect(reply, {"id", "title", "description"}, "reply")
    found, title = need(reply, "id", str, "reply"), need(reply, "title", str, "reply")
    if not 0 < len(found) <= MAX_ID or not 0 < len(title) <= longest:
        raise bad_value(f"A button has an id of at most 256 and a title of at most {longest} characters.")
    if len(str(reply.get("description", ""))) > MAX_ROW_TEXT:
        raise bad_value("The description of a row is at most 72 characters.")
    return found, title


def _unique(choices: list[tuple[str, str]]) -> list[tuple[str, str]]:
    if len({found for found, _ in choices}) != len(choices):
        raise bad_value("Duplicate ids in buttons or rows.")
    return choices


def _list(action: Json) -> list[tuple[str, str]]:
    expect(action, {"button", "sections"}, "action")
    if not 0 < len(need(action, "button", str, "action")) <= MAX_BUTTON:
        raise bad_value("action['button'] is 1 to 20 characters.")
    sections = need(action, "sections", list, "action")
    for section in sections:
        expect(section, {"title", "rows"}, "sections")
    rows = [row for section in sections for row in need(section, "rows", list, "section")]
    if not 1 <= len(rows) <= MAX_ROWS:
        raise bad_value("A list takes 1 to 10 rows in all.")
    if len(sections) > 1 and not all(section.get("title") for section in sections):
        raise bad_value("With several sections each needs a title.")
    return _unique([_choice(row, MAX_ROW_TITLE) for row in rows])


def _link(action: Json) -> list[tuple[str, str]]:
    expect(action, {"name", "parameters"}, "action")
    parameters = need(action, "parameters", dict, "action")
    title, url = need(parameters, "display_text", str, "parameters"), need(parameters, "url", str, "parameters")
    if (
        action.get("name") != "cta_url"
        or not 0 < len(title) <= MAX_BUTTON
        or not url.startswith(("http://", "https://"))
    ):
        raise bad_value("cta_url needs display_text of at most 20 characters and a url.")
    return []


ACTIONS: dict[str, Callable[[Json], list[tuple[str, str]]]] = {"button": _buttons, "list": _list, "cta_url": _link}
READERS: dict[str, Callable[[Json], Content]] = {
    "text": _text,
    "interactive": _interactive,
    "reaction": _reaction,
    "location": _location,
}
