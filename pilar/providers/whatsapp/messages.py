"""Messages out (providers.md 3.2). There is no idempotency key: the caller guards each one with an effect.

A 200 is not delivery. `opaque` comes back in each status, so that a message whose answer was lost can still be settled.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from pilar.kernel.errors import ProviderError
from pilar.providers.shape import Shape
from pilar.providers.whatsapp import templates
from pilar.providers.whatsapp.client import Sender, Success, own_sender

LONGEST_TEXT = 4096
LONGEST_TITLE = 20
MOST_BUTTONS = 3


class SentMessage(Shape):
    id: str
    message_status: str = ""


class _Answer(Shape):
    messages: list[SentMessage] = Field(min_length=1)


def send_text(
    *, to: str, body: str, opaque: str, reply_to: str | None = None, sender: Sender | None = None
) -> SentMessage:
    """Send free text, allowed only inside the 24-hour window. `to` is digits or a BSUID.

    Raises ContactFailure (WINDOW_CLOSED and others), and ProviderError, `ambiguous` when it may have been sent.
    """
    content = {"type": "text", "text": {"body": body[:LONGEST_TEXT], "preview_url": False}}
    return _send(sender, to, content, opaque, reply_to)


def send_template(
    *,
    to: str,
    name: str,
    language: str,
    opaque: str,
    parameters: Mapping[str, str] | Sequence[str] = (),
    button_payloads: Sequence[str] = (),
    sender: Sender | None = None,
) -> SentMessage:
    """Send an approved template. `parameters` by name, or in order; one payload for each quick-reply button."""
    template: dict[str, Any] = {"name": name, "language": {"code": language}}
    components = _components(parameters, button_payloads)
    if components:
        template["components"] = components
    try:
        return _send(sender, to, {"type": "template", "template": template}, opaque, None)
    except ProviderError as error:
        templates.note_refusal(name=name, language=language, code=error.code)
        raise


def send_buttons(
    *, to: str, body: str, buttons: Mapping[str, str], opaque: str, sender: Sender | None = None
) -> SentMessage:
    """Send a text with up to three reply buttons, {id: title}; only inside the window."""
    replies = [
        {"type": "reply", "reply": {"id": key, "title": title[:LONGEST_TITLE]}}
        for key, title in list(buttons.items())[:MOST_BUTTONS]
    ]
    interactive = {"type": "button", "body": {"text": body[:1024]}, "action": {"buttons": replies}}
    return _send(sender, to, {"type": "interactive", "interactive": interactive}, opaque, None)


def mark_read(message_id: str, *, typing: bool = False, sender: Sender | None = None) -> None:
    """Show the member that the message was read, and that an answer is being written."""
    sender = sender or own_sender()
    body: dict[str, Any] = {"messaging_product": "whatsapp", "status": "read", "message_id": message_id}
    if typing:
        body["typing_indicator"] = {"type": "text"}
    sender.graph.post("messages.read", f"{sender.phone_number_id}/messages", Success, body)


def _send(sender: Sender | None, to: str, content: dict[str, Any], opaque: str, reply_to: str | None) -> SentMessage:
    sender = sender or own_sender()
    body = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **_addressee(to),
        "biz_opaque_callback_data": opaque,
        **content,
    }
    if reply_to:
        body["context"] = {"message_id": reply_to}
    return sender.graph.post("messages.send", f"{sender.phone_number_id}/messages", _Answer, body).messages[0]


def _addressee(to: str) -> dict[str, str]:
    """A BSUID has letters and a dot (`DE.1349…`); a phone number goes without its plus."""
    digits = to.removeprefix("+")
    return {"to": digits} if digits.isdigit() else {"recipient": to}


def _components(parameters: Mapping[str, str] | Sequence[str], button_payloads: Sequence[str]) -> list[dict[str, Any]]:
    if isinstance(parameters, Mapping):
        body = [{"type": "text", "text": text, "parameter_name": name} for name, text in parameters.items()]
    else:
        body = [{"type": "text", "text": text} for text in parameters]
    components: list[dict[str, Any]] = [{"type": "body", "parameters": body}] if body else []
    for index, payload in enumerate(button_payloads):
        parameter = {"type": "payload", "payload": payload}
        components.append({"type": "button", "sub_type": "quick_reply", "index": str(index), "parameters": [parameter]})
    return components
