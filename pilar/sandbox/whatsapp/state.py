"""What the simulated WhatsApp platform remembers. Everything on the way of a message is found in one look-up."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


def graph_id() -> str:
    """An id as Meta's graph has them: about fifteen digits."""
    return str(100_000_000_000_000 + secrets.randbelow(800_000_000_000_000))


@dataclass
class Business:
    id: str
    name: str


@dataclass
class Template:
    id: str
    waba_id: str
    name: str
    language: str
    category: str
    parameter_format: str
    components: list[Json]
    status: str = "PENDING"
    submitted: float = 0.0
    rejected_reason: str = "NONE"
    ttl: int | None = None


@dataclass
class Waba:
    id: str
    business_id: str
    name: str
    payment_method: bool = True
    # App id to the callback URL that overrides the app's own, if any.
    subscriptions: dict[str, str | None] = field(default_factory=dict)
    phone_ids: list[str] = field(default_factory=list)
    templates: dict[str, Template] = field(default_factory=dict)
    templates_by_name: dict[tuple[str, str], Template] = field(default_factory=dict)
    deleted_names: dict[str, float] = field(default_factory=dict)


@dataclass
class PhoneNumber:
    """A business phone number. ``number`` is in E.164 form; ``pin`` is the two-step PIN once it is set."""

    id: str
    waba_id: str
    number: str
    verified_name: str
    verified: bool = False
    registered: bool = False
    status: str = "PENDING"
    pin: str | None = None
    wrong_pins: int = 0
    registrations: list[float] = field(default_factory=list)
    code: str | None = None
    quality: str = "GREEN"
    name_status: str = "APPROVED"
    override_url: str | None = None
    onboarded: float | None = None


@dataclass
class Token:
    """A business token: what a code from the pop-up is exchanged for. ``expires`` is Unix time, 0 for never."""

    value: str
    waba_id: str
    business_id: str
    issued: float
    expires: float
    valid: bool = True


@dataclass
class SignupCode:
    value: str
    waba_id: str
    expires: float
    used: bool = False


@dataclass
class Sent:
    """A message on its way to a member."""

    id: str
    phone_id: str
    to: str
    category: str
    callback_data: str | None = None
    status: str = "accepted"


@dataclass
class Buttons:
    """The buttons a member sees last in one chat: (payload or id, title) each."""

    message_id: str
    kind: str
    choices: list[tuple[str, str]]


@dataclass
class Member:
    """A person on WhatsApp, as businesses see them."""

    number: str
    name: str
    username: str | None = None
    hides_number: bool = False


Pair = tuple[str, str]


@dataclass
class State:
    businesses: dict[str, Business] = field(default_factory=dict)
    wabas: dict[str, Waba] = field(default_factory=dict)
    phones: dict[str, PhoneNumber] = field(default_factory=dict)
    phones_by_number: dict[str, PhoneNumber] = field(default_factory=dict)
    templates: dict[str, Template] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    codes: dict[str, SignupCode] = field(default_factory=dict)
    sent: dict[str, Sent] = field(default_factory=dict)
    inbound: dict[str, str] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    # (phone id, member's number) to the time of the member's last message, which opens 24 hours.
    windows: dict[Pair, float] = field(default_factory=dict)
    # (phone id, member's number) to the messages still allowed at once and when that was counted.
    pair_credit: dict[Pair, tuple[float, float]] = field(default_factory=dict)
    buttons: dict[Pair, Buttons] = field(default_factory=dict)
    # (business id, member's number): marketing messages stopped in WhatsApp's own settings.
    stopped: set[Pair] = field(default_factory=set)
    user_ids: dict[Pair, str] = field(default_factory=dict)
    members_by_user_id: dict[str, Pair] = field(default_factory=dict)
    # Webhook entries collected for one POST, by (URL, event).
    outbox: dict[Pair, list[Json]] = field(default_factory=dict)

    def member(self, number: str) -> Member:
        return self.members.setdefault(number, Member(number, f"Mitglied {number[-4:]}"))

    def user_id(self, business_id: str, number: str) -> str:
        """The member's id as this one business sees it (BSUID); every business sees another."""
        pair = (business_id, number)
        if pair not in self.user_ids:
            found = f"{country_of(number)}.{10**15 + secrets.randbelow(9 * 10**15)}"
            self.user_ids[pair] = found
            self.members_by_user_id[found] = pair
        return self.user_ids[pair]

    def summary(self) -> Json:
        """What ``/_control/state`` shows, so that a test can count what was made."""
        return {
            "wabas": [
                {
                    "id": waba.id,
                    "name": waba.name,
                    "businessId": waba.business_id,
                    "subscribed": list(waba.subscriptions),
                    "paymentMethod": waba.payment_method,
                }
                for waba in self.wabas.values()
            ],
            "phones": [
                {
                    "id": phone.id,
                    "number": phone.number,
                    "wabaId": phone.waba_id,
                    "registered": phone.registered,
                    "status": phone.status,
                }
                for phone in self.phones.values()
            ],
            "messages": len(self.sent),
            "inbound": len(self.inbound),
            "templates": [
                {
                    "id": template.id,
                    "wabaId": template.waba_id,
                    "name": template.name,
                    "language": template.language,
                    "status": template.status,
                }
                for template in self.templates.values()
            ],
        }


COUNTRIES = {"+49": "DE", "+43": "AT", "+41": "CH", "+44": "GB", "+34": "ES", "+33": "FR", "+39": "IT", "+1": "US"}


def country_of(number: str) -> str:
    return COUNTRIES.get(number[:3]) or COUNTRIES.get(number[:2], "DE")
