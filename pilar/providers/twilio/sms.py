"""SMS. Sending has no idempotency key: the caller guards it with an effect."""

from pilar.providers.twilio.client import Shape, TwilioAccount, request


class Sms(Shape):
    sid: str
    status: str | None = None
    error_code: int | None = None


def send(account: TwilioAccount, *, sender: str, to: str, body: str, status_callback: str = "") -> Sms:
    """Send one SMS. Raises ContactFailure when this one person cannot be reached."""
    callback = {"status_callback": status_callback} if status_callback else {}
    return request(
        account,
        "messages.create",
        lambda client: Sms.model_validate(client.messages.create(to=to, from_=sender, body=body, **callback)),
        provisioning=False,
    )
