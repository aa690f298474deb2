"""Sending: the rules at the door, then the way to the member's phone and the statuses on the way back."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from pilar.sandbox.phones import Message, e164
from pilar.sandbox.whatsapp.bodies import Content, check_envelope, read
from pilar.sandbox.whatsapp.door import Call, GraphError, bad_value, expect, invalid
from pilar.sandbox.whatsapp.state import Buttons, Json, PhoneNumber, Sent, Waba
from pilar.sandbox.whatsapp.template_messages import read_template
from pilar.sandbox.whatsapp.webhooks import announce, metadata

if TYPE_CHECKING:
    from pilar.sandbox.state import World

WINDOW_SECONDS = 24 * 3600.0
# One message to the same person every six seconds, with 45 on credit.
PAIR_BURST, PAIR_SECONDS = 45.0, 6.0
# Seconds until each status reaches the product: a phone that is on and whose owner looks at once.
STATUS_DELAYS = (("sent", 0.05), ("delivered", 0.2), ("read", 0.5))
FAILURES = {
    131026: "Message undeliverable",
    131042: "Business eligibility payment issue",
    131047: "Re-engagement message",
    131049: "This message was not delivered to maintain healthy ecosystem engagement.",
    131050: "User has stopped receiving marketing messages",
}
USER_ID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9]{1,128}\Z")


def wamid() -> str:
    return "wamid." + secrets.token_urlsafe(32).replace("-", "H").replace("_", "Q")


def send(call: Call) -> Json:
    phone, body = call.phone(), call.body
    if body.get("messaging_product") != "whatsapp":
        raise invalid(
            "The parameter messaging_product is required.", message="The parameter messaging_product is required."
        )
    if "status" in body:
        return _mark_read(call, phone)
    if not phone.registered:
        raise GraphError(
            133010, "The account is not registered", details="The account does not exist in the Cloud API."
        )
    type_, waba = check_envelope(body), call.state.wabas[phone.waba_id]
    to = _recipient(call, waba)
    if to == phone.number:
        raise GraphError(131021, "Recipient cannot be sender", details="Sender and recipient are the same.")
    content = read_template(waba, body["template"]) if type_ == "template" else read(type_, body)
    _take_credit(call, phone, to)
    sent = Sent(wamid(), phone.id, to, content.category, body.get("biz_opaque_callback_data"))
    call.state.sent[sent.id] = sent
    _carry(call, phone, waba, sent, content)
    return _accepted(call, waba, to, sent, template=type_ == "template")


def _recipient(call: Call, waba: Waba) -> str:
    """The member's number. ``to`` wins over ``recipient``, the member's id at this business."""
    if call.body.get("to"):
        return e164(call.body["to"])
    user_id = call.body["recipient"]
    if not isinstance(user_id, str) or not USER_ID.match(user_id):
        raise bad_value("recipient is not a business-scoped user id.")
    pair = call.state.members_by_user_id.get(user_id)
    if pair is None or pair[0] != waba.business_id:
        raise GraphError(
            131062, "Business-scoped user id is not supported", details="Unknown user id for this business."
        )
    return pair[1]


def _take_credit(call: Call, phone: PhoneNumber, to: str) -> None:
    now, pair = call.world.clock(), (phone.id, to)
    left, counted = call.state.pair_credit.get(pair, (PAIR_BURST, now))
    left = min(PAIR_BURST, left + (now - counted) / PAIR_SECONDS)
    if left < 1:
        details = "Too many messages sent from this phone number to the same phone number in a short period of time."
        message = "(Business Account, Consumer Account) pair rate limit hit"
        raise GraphError(131056, message, details=details)
    call.state.pair_credit[pair] = (left - 1, now)


def _accepted(call: Call, waba: Waba, to: str, sent: Sent, *, template: bool) -> Json:
    message = {"id": sent.id} | ({"message_status": "accepted"} if template else {})
    contact = {"input": call.body.get("to") or call.body["recipient"]}
    if call.body.get("to"):
        contact["wa_id"] = to.lstrip("+")
    else:
        contact["user_id"] = call.state.user_id(waba.business_id, to)
    return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [message]}


def _mark_read(call: Call, phone: PhoneNumber) -> Json:
    expect(call.body, {"messaging_product", "status", "message_id", "typing_indicator"})
    message_id = call.body.get("message_id")
    if call.body["status"] != "read" or call.state.inbound.get(str(message_id)) != phone.id:
        raise invalid("message_id is not a message that this number received")
    return {"success": True}


def _failure(call: Call, phone: PhoneNumber, waba: Waba, sent: Sent, content: Content) -> int | None:
    """Why an accepted message will not arrive; Meta says so only afterwards, in a status."""
    if call.fault is not None:
        return int(call.fault.code or 131026)
    if content.category == "service":
        opened = call.state.windows.get((phone.id, sent.to))
        return 131047 if opened is None or call.world.clock() - opened > WINDOW_SECONDS else None
    if not waba.payment_method:
        return 131042
    stopped = content.category == "marketing" and (waba.business_id, sent.to) in call.state.stopped
    return 131050 if stopped else None


def _carry(call: Call, phone: PhoneNumber, waba: Waba, sent: Sent, content: Content) -> None:
    world = call.world
    failure = _failure(call, phone, waba, sent, content)
    if failure is not None:
        error = {
            "code": failure,
            "title": FAILURES.get(failure, "Message failed"),
            "message": FAILURES.get(failure, "Message failed"),
            "error_data": {"details": f"Message failed to send: {FAILURES.get(failure, failure)}."},
            "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
        }
        sent.status = "failed"
        _tell(world, phone, waba, sent, "failed", STATUS_DELAYS[0][1], errors=[error])
        return
    if content.kind != "reaction":
        titles = [title for _, title in content.choices]
        bubble = Message(
            sent.id, phone.number, content.text, kind=content.kind, template=content.template,
            language=content.language, buttons=titles, status="read",
        )  # fmt: skip
        world.phones.receive(sent.to, bubble)
    if content.choices:
        kind = "button" if content.kind == "template" else "interactive"
        world.whatsapp.buttons[phone.id, sent.to] = Buttons(sent.id, kind, content.choices)
    for status, delay in STATUS_DELAYS:
        _tell(world, phone, waba, sent, status, delay)
    sent.status = "read"


def _tell(
    world: World,
    phone: PhoneNumber,
    waba: Waba,
    sent: Sent,
    status: str,
    delay: float,
    errors: list[Json] | None = None,
) -> None:
    member = world.whatsapp.member(sent.to)
    entry: Json = {
        "id": sent.id,
        "status": status,
        "timestamp": str(world.now()),
        "recipient_user_id": world.whatsapp.user_id(waba.business_id, sent.to),
    }
    if not member.hides_number:
        entry["recipient_id"] = sent.to.lstrip("+")
    if sent.callback_data is not None:
        entry["biz_opaque_callback_data"] = sent.callback_data
    if errors:
        entry["errors"] = errors
    else:
        entry["pricing"] = {
            "billable": True,
            "pricing_model": "PMP",
            "type": "regular",
            "category": sent.category,
        }
    value = {"messaging_product": "whatsapp", "metadata": metadata(phone), "statuses": [entry]}
    announce(world, waba, "messages", value, event=f"statuses.{status}", phone=phone, delay=delay)
