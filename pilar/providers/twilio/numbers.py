"""Phone numbers: search, buy, look after their webhooks, release (providers.md 2.3)."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings

from pilar.providers.twilio.client import Shape, TwilioAccount, request

KINDS = {"local": "local", "mobile": "mobile", "national": "national", "toll-free": "toll_free"}


class Candidate(Shape):
    phone_number: str
    locality: str | None = None
    region: str | None = None
    capabilities: dict[str, bool] = {}
    address_requirements: str | None = None


class Number(Shape):
    sid: str
    phone_number: str
    friendly_name: str | None = None
    capabilities: dict[str, bool] = {}
    voice_url: str | None = None
    sms_url: str | None = None
    status_callback: str | None = None
    status: str | None = None
    bundle_sid: str | None = None
    address_sid: str | None = None


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Where Twilio reports to, as its parameters name it."""

    voice_url: str
    sms_url: str
    status_callback: str

    def fit(self, number: Number) -> bool:
        """Say whether the number reports to these addresses."""
        return (number.voice_url, number.sms_url, number.status_callback) == (
            self.voice_url,
            self.sms_url,
            self.status_callback,
        )

    def parameters(self) -> dict[str, str]:
        return {
            "voice_url": self.voice_url,
            "voice_method": "POST",
            "sms_url": self.sms_url,
            "sms_method": "POST",
            "status_callback": self.status_callback,
            "status_callback_method": "POST",
        }


def webhooks_for(workspace_id: UUID) -> Webhooks:
    """Return the workspace's webhook addresses; they are signed, so they come from PUBLIC_BASE_URL alone."""
    base = f"{settings.PUBLIC_BASE_URL}/api/webhooks/twilio"
    return Webhooks(f"{base}/voice/{workspace_id}", f"{base}/sms/{workspace_id}", f"{base}/status/{workspace_id}")


def search(
    account: TwilioAccount,
    *,
    country: str,
    kind: str = "local",
    contains: str = "",
    locality: str = "",
    limit: int = 20,
    sms: bool | None = None,
    voice: bool | None = True,
) -> list[Candidate]:
    """Return numbers for sale. `contains` may be a prefix in E.164 such as `+4930`."""
    filters: dict[str, Any] = {"contains": contains or None, "in_locality": locality or None}
    filters |= {"sms_enabled": sms, "voice_enabled": voice}
    filters = {name: value for name, value in filters.items() if value is not None}
    return request(
        account,
        "available_phone_numbers.list",
        lambda client: [
            Candidate.model_validate(one)
            for one in getattr(client.available_phone_numbers(country), KINDS[kind]).list(
                limit=limit, page_size=limit, **filters
            )
        ],
        read=True,
    )


def find(account: TwilioAccount, *, friendly_name: str = "", phone_number: str = "") -> list[Number]:
    """Return the account's numbers, oldest first; look here before buying and after any doubtful answer."""
    filters: dict[str, Any] = {"friendly_name": friendly_name, "phone_number": phone_number}
    filters = {name: value for name, value in filters.items() if value}
    rows = request(
        account,
        "incoming_phone_numbers.list",
        lambda client: [Number.model_validate(one) for one in client.incoming_phone_numbers.list(limit=100, **filters)],
        read=True,
    )
    return rows[::-1]


def buy(
    account: TwilioAccount,
    *,
    phone_number: str,
    friendly_name: str,
    webhooks: Webhooks,
    address_sid: str = "",
    bundle_sid: str = "",
) -> Number:
    """Buy one number. This costs money and cannot be repeated safely: record the intent and look first."""
    papers = {"address_sid": address_sid, "bundle_sid": bundle_sid}
    papers = {name: value for name, value in papers.items() if value}
    return request(
        account,
        "incoming_phone_numbers.create",
        lambda client: Number.model_validate(
            client.incoming_phone_numbers.create(
                phone_number=phone_number, friendly_name=friendly_name, **webhooks.parameters(), **papers
            )
        ),
    )


def fetch(account: TwilioAccount, number_sid: str) -> Number:
    """Fetch one number as it is now. ProviderError with code 20404 when it is gone."""
    return request(
        account,
        "incoming_phone_numbers.fetch",
        lambda client: Number.model_validate(client.incoming_phone_numbers(number_sid).fetch()),
        read=True,
    )


def set_webhooks(account: TwilioAccount, number_sid: str, webhooks: Webhooks) -> Number:
    """Point the number at our addresses; safe to repeat."""
    return request(
        account,
        "incoming_phone_numbers.update",
        lambda client: Number.model_validate(client.incoming_phone_numbers(number_sid).update(**webhooks.parameters())),
    )


def release(account: TwilioAccount, number_sid: str) -> None:
    """Give the number back; it cannot be had again for certain."""
    request(account, "incoming_phone_numbers.delete", lambda client: client.incoming_phone_numbers(number_sid).delete())
