"""SMS both ways: what the product sends lands on a handset, what a handset writes comes as a signed webhook."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pilar.sandbox.phones import Message
from pilar.sandbox.twilio.callbacks import call_back
from pilar.sandbox.twilio.door import Call, TwilioError, listing, not_found, rfc2822
from pilar.sandbox.twilio.state import Account, Json, Number, now, sid

if TYPE_CHECKING:
    from pilar.sandbox.state import World

E164 = re.compile(r"\+[1-9]\d{6,14}\Z")
MAX_BODY = 1600
STOP_WORDS = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit"})
START_WORDS = frozenset({"start", "yes", "unstop"})
# Seconds until each status reaches the callback.
STATUS_DELAYS = (("sent", 0.05), ("delivered", 0.15))


def _message(account: Account, sender: str, to: str, body: str, direction: str, status: str) -> Json:
    message_sid = sid("SM")
    base = f"/2010-04-01/Accounts/{account.sid}/Messages/{message_sid}"
    message: Json = {
        "sid": message_sid,
        "account_sid": account.sid,
        "messaging_service_sid": None,
        "api_version": "2010-04-01",
        "from": sender,
        "to": to,
        "body": body,
        "direction": direction,
        "status": status,
        "num_media": "0",
        "num_segments": str(1 + len(body) // 160),
        "price": None,
        "price_unit": "USD",
        "error_code": None,
        "error_message": None,
        "date_created": rfc2822(now()),
        "date_sent": None,
        "date_updated": rfc2822(now()),
        "uri": f"{base}.json",
        "subresource_uris": {"media": f"{base}/Media.json"},
    }
    account.messages[message_sid] = message
    return message


def send(call: Call) -> tuple[int, Json]:
    to, body = call.text("To"), call.text("Body")
    sender = _sender(call, to, body)
    if (to, sender.phone_number) in call.state.opt_outs:
        raise TwilioError(400, 21610, "Attempt to send to unsubscribed recipient")
    message = _message(call.account, sender.phone_number, to, body, "outbound-api", "queued")
    _carry(call.world, call.account, message, call.text("StatusCallback"))
    return 201, message


def _sender(call: Call, to: str, body: str) -> Number:
    for name, code in (("To", 21604), ("From", 21603), ("Body", 21602)):
        if not call.text(name):
            raise TwilioError(400, code, f"A '{name}' is required to send a message.")
    if not E164.match(to):
        raise TwilioError(400, 21211, f"Invalid 'To' Phone Number: {to}")
    if len(body) > MAX_BODY:
        raise TwilioError(400, 21617, "The concatenated message body exceeds the 1600 character limit")
    number = call.state.numbers.get(call.text("From"))
    if number is None or number.account_sid != call.account.sid or not number.capabilities["sms"]:
        raise TwilioError(400, 21606, f"The From phone number {call.text('From')} cannot send messages.")
    return number


def _carry(world: World, account: Account, message: Json, status_callback: str) -> None:
    receiver = world.twilio.numbers.get(message["to"])
    if receiver is not None:
        take_in(world, receiver, message["from"], message["body"])
    else:
        handset = Message(message["sid"], message["from"], message["body"], channel="sms")
        world.phones.receive(message["to"], handset)
    for status, delay in STATUS_DELAYS:
        message["status"] = status
        parameters = _webhook(account, message) | {"MessageStatus": status, "SmsStatus": status}
        call_back(world, account, status_callback, parameters, event="message.status", delay=delay)


def _webhook(account: Account, message: Json) -> dict[str, str]:
    return {
        "MessageSid": message["sid"],
        "SmsSid": message["sid"],
        "SmsMessageSid": message["sid"],
        "AccountSid": account.sid,
        "From": message["from"],
        "To": message["to"],
        "ApiVersion": "2010-04-01",
    }


def take_in(world: World, number: Number, sender: str, body: str) -> Json:
    """An SMS reaches a number at Twilio: kept, and told to its SmsUrl."""
    account = world.twilio.accounts[number.account_sid]
    word = body.strip().casefold()
    if word in STOP_WORDS:
        world.twilio.opt_outs.add((sender, number.phone_number))
    elif word in START_WORDS:
        world.twilio.opt_outs.discard((sender, number.phone_number))
    message = _message(account, sender, number.phone_number, body, "inbound", "received")
    parameters = _webhook(account, message) | {
        "Body": body,
        "NumMedia": "0",
        "NumSegments": message["num_segments"],
        "SmsStatus": "received",
    }
    call_back(world, account, number.settings["SmsUrl"], parameters, event="message.received")
    return message


def phone_texts(world: World, *, sender: str, to: str, text: str) -> dict[str, Any]:
    """A member's phone sends an SMS to a studio's number. Raises LookupError when Twilio does not know it."""
    number = world.twilio.numbers.get(to)
    if number is None:
        raise LookupError(f"{to} is not a number at Twilio")
    message = take_in(world, number, sender, text)
    world.phones.note_sent(sender, Message(message["sid"], to, text, channel="sms"))
    return {"id": message["sid"], "channel": "sms"}


def find(call: Call) -> Json:
    to, sender = call.query.get("To"), call.query.get("From")
    rows = reversed(call.account.messages.values())
    fitting = (row for row in rows if to in {None, row["to"]} and sender in {None, row["from"]})
    return listing(call, "messages", fitting)


def fetch(call: Call) -> Json:
    message = call.account.messages.get(call.part("sid"))
    if message is None:
        raise not_found(call.path)
    return message
