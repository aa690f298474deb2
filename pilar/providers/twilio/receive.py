"""Works on stored Twilio webhooks, each in its own workspace. Unknown reports are kept and otherwise ignored."""

from pydantic import BaseModel

from pilar.backplane import events, receipts
from pilar.backplane.tenancy import atomic
from pilar.kernel.switchboard import Work
from pilar.providers import storable
from pilar.providers.doors import Malformed, ReceiptWork
from pilar.providers.events import TwilioBundle, TwilioCall, TwilioSms, TwilioStatus
from pilar.providers.storable import text
from pilar.providers.twilio import webhook

type Fact = tuple[str, BaseModel, str]


def receive(work: Work[ReceiptWork]) -> None:
    """Publish what one receipt reports."""
    with atomic():
        receipt = receipts.Receipt.objects.get(pk=work.payload.receipt_id)
        found = fact(work.payload.kind, bytes(receipt.body))
        if found is not None:
            name, payload, key = found
            events.publish(name, payload, key=storable.key(key))
        receipts.settle(receipt.id, error="" if found else "nothing we know")


def fact(kind: str, body: bytes) -> Fact | None:
    """Return event name, payload and key of a report, or None for one that means nothing to us."""
    try:
        values = {name: text(found[0]) for name, found in webhook.parse(body).items()}
    except Malformed:
        # JSON, as of Twilio's event streams: genuinely signed, and none of the reports we ask for.
        return None
    sid = values.get("MessageSid") or values.get("SmsSid") or ""
    if values.get("BundleSid"):
        return _bundle(values)
    if values.get("CallSid") and values.get("CallStatus"):
        return _call(values)
    if sid and kind == "sms" and "Body" in values:
        sms = TwilioSms(sid=sid, sender=values.get("From", ""), to=values.get("To", ""), body=values["Body"])
        return "twilio.sms", sms, f"twilio-sms:{sid}"
    if sid and (status := values.get("MessageStatus") or values.get("SmsStatus", "")):
        payload = TwilioStatus(sid=sid, status=status, error_code=values.get("ErrorCode", ""))
        return "twilio.status", payload, f"twilio-status:{sid}:{status}"
    return None


def _bundle(values: dict[str, str]) -> Fact:
    sid, status = values["BundleSid"], values.get("Status", "")
    reason = values.get("FailureReason", "")
    return (
        "twilio.bundle",
        TwilioBundle(bundle_sid=sid, status=status, failure_reason=reason),
        f"twilio-bundle:{sid}:{status}:{values.get('DateUpdated', '')}",
    )


def _call(values: dict[str, str]) -> Fact:
    sid, status = values["CallSid"], values.get("CallStatus", "")
    payload = TwilioCall(
        sid=sid,
        sender=values.get("From", ""),
        to=values.get("To", ""),
        status=status,
        direction=values.get("Direction", ""),
    )
    return "twilio.call", payload, f"twilio-call:{sid}:{status}"
