"""WhatsApp senders through Twilio, the second route. The number has to be linked in Meta's pop-up first."""

from __future__ import annotations

from pilar.sandbox.twilio.door import Call, TwilioError, not_found, results
from pilar.sandbox.twilio.state import Json, Sender, sid


def sender_json(call: Call, sender: Sender) -> Json:
    return {
        "sid": sender.sid,
        "sender_id": sender.sender_id,
        "status": sender.status,
        "configuration": sender.configuration,
        "webhook": sender.webhook,
        "profile": sender.profile,
        "properties": None,
        "offline_reasons": None,
        "url": call.url(f"/v2/Channels/Senders/{sender.sid}"),
    }


def create(call: Call) -> tuple[int, Json]:
    body = call.json
    sender_id, configuration = str(body.get("sender_id", "")), body.get("configuration") or {}
    if not sender_id.startswith("whatsapp:+"):
        raise TwilioError(400, 63100, "Validation error: sender_id has to be whatsapp: and a number in E.164 form")
    if configuration.get("waba_id") not in call.world.whatsapp.wabas:
        raise TwilioError(400, 63020, "Twilio encountered a Business Manager account error: link the WABA first")
    phone = call.world.whatsapp.phones_by_number.get(sender_id.removeprefix("whatsapp:"))
    if phone is not None and phone.waba_id != configuration["waba_id"]:
        raise TwilioError(400, 63059, "The number is registered with another WhatsApp Business Account")
    known = sender_id.removeprefix("whatsapp:") in call.state.numbers
    sender = Sender(
        sid("XE"), call.account.sid, sender_id, configuration, body.get("webhook") or {}, body.get("profile") or {}
    )
    sender.status = "CREATING" if known else "PENDING_VERIFICATION"
    call.account.senders[sender.sid] = sender
    return 202, sender_json(call, sender)


def _sender(call: Call) -> Sender:
    sender = call.account.senders.get(call.part("sid"))
    if sender is None:
        raise not_found(call.path)
    if sender.status == "CREATING":
        sender.status = "ONLINE"
    return sender


def find(call: Call) -> Json:
    rows = (sender_json(call, one) for one in reversed(call.account.senders.values()))
    return results(call, rows, "senders")


def fetch(call: Call) -> Json:
    return sender_json(call, _sender(call))


def update(call: Call) -> tuple[int, Json]:
    sender, body = _sender(call), call.json
    if "verification_code" in (body.get("configuration") or {}) and sender.status == "PENDING_VERIFICATION":
        sender.status = "ONLINE"
    sender.webhook |= body.get("webhook") or {}
    sender.profile |= body.get("profile") or {}
    return 202, sender_json(call, sender)


def delete(call: Call) -> tuple[int, None]:
    del call.account.senders[_sender(call).sid]
    return 204, None
