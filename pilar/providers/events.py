"""The facts this room publishes. Field names are ours; each text comes from the provider and may be anything."""

from datetime import datetime
from typing import Any

from pydantic import Field

from pilar.kernel.switchboard import Payload


class ProviderFailed(Payload):
    """A provider that answered so far has failed, or its breaker is open: somebody should look."""

    provider: str
    operation: str
    error_class: str
    code: str
    message: str


class ProviderRecovered(Payload):
    provider: str


class LetterLost(Payload):
    """Nobody can say whether this mail arrived, so it is never sent again: whoever wrote it may write another."""

    key: str


class StripeHappened(Payload):
    """A Stripe event, a hint only: subscribers fetch `object_id` before they act. Published for the platform."""

    receipt_id: str
    event_id: str
    type: str
    created: datetime
    object_id: str
    object: dict[str, Any]
    account: str | None = None


class WhatsAppInbound(Payload):
    """A member wrote. `sender` is digits without plus and may be absent; then `user_id` (BSUID) names the member.

    With kind `system` the member's number or id changed: `new_sender`, or `previous_user_id` and `new_user_id`; other
    news of that kind have none of these. With kind `edit` or `revoke` the message `about` reads as `text` now, or was
    taken back.
    """

    message_id: str
    sender: str | None = Field(default=None)
    user_id: str | None = None
    new_sender: str | None = None
    new_user_id: str | None = None
    previous_user_id: str | None = None
    profile_name: str = ""
    kind: str
    text: str = ""
    button_payload: str = ""
    timestamp: datetime
    phone_number_id: str
    reply_to: str | None = None
    about: str | None = None


class StatusError(Payload):
    code: int
    title: str = ""
    details: str = ""


class WhatsAppStatus(Payload):
    """A message of ours went on: sent, delivered, read, played or failed. Order is not trusted."""

    message_id: str
    status: str
    timestamp: datetime
    opaque: str | None = None
    recipient: str | None = None
    user_id: str | None = None
    phone_number_id: str = ""
    errors: list[StatusError] = []
    pricing: dict[str, Any] | None = None


class WhatsAppTemplate(Payload):
    name: str
    language: str
    event: str
    reason: str = ""
    provider_id: str = ""
    at: datetime


class WhatsAppAccount(Payload):
    """Something changed about the account, its number or its limits; `event` is Meta's word, `field` its place."""

    field: str
    event: str
    details: dict[str, Any] = {}


class WhatsAppPreference(Payload):
    """A member stopped or resumed marketing messages at Meta; resuming alone is no consent."""

    sender: str | None = None
    user_id: str | None = None
    value: str
    timestamp: datetime | None = None


class TwilioSms(Payload):
    sid: str
    sender: str
    to: str
    body: str


class TwilioStatus(Payload):
    sid: str
    status: str
    error_code: str = ""


class TwilioCall(Payload):
    sid: str
    sender: str
    to: str
    status: str
    direction: str = ""


class TwilioBundle(Payload):
    bundle_sid: str
    status: str
    failure_reason: str = ""
