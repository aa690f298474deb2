"""What the simulated Twilio remembers. Everything is indexed by id, so no call scans a growing list."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]


def sid(prefix: str) -> str:
    """A Twilio id: two letters and 32 hexadecimal digits."""
    return prefix + secrets.token_hex(16)


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Key:
    sid: str
    account_sid: str
    secret: str
    friendly_name: str
    restricted: bool = False
    policy: Json | None = None
    created: datetime = field(default_factory=now)


@dataclass
class Address:
    sid: str
    account_sid: str
    customer_name: str
    street: str
    city: str
    region: str
    postal_code: str
    iso_country: str
    friendly_name: str = ""
    street_secondary: str | None = None
    created: datetime = field(default_factory=now)


@dataclass
class EndUser:
    sid: str
    account_sid: str
    friendly_name: str
    type: str
    attributes: Json
    created: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)


@dataclass
class Document:
    sid: str
    account_sid: str
    friendly_name: str
    type: str
    attributes: Json
    mime_type: str | None = None
    status: str = "draft"
    created: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)


@dataclass
class Bundle:
    sid: str
    account_sid: str
    regulation_sid: str
    friendly_name: str
    email: str
    status_callback: str | None = None
    status: str = "draft"
    failure_reason: str | None = None
    items: dict[str, Json] = field(default_factory=dict)
    evaluations: dict[str, Json] = field(default_factory=dict)
    round: int = 0
    submitted: float = 0.0
    created: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)


@dataclass
class Number:
    sid: str
    account_sid: str
    phone_number: str
    iso_country: str
    type: str
    locality: str | None
    friendly_name: str
    capabilities: Json
    address_requirements: str
    settings: dict[str, str]
    created: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)


@dataclass(frozen=True)
class Offer:
    """A number that a search has shown, and that can therefore be bought."""

    iso_country: str
    type: str
    locality: str | None


@dataclass
class Sender:
    """A WhatsApp sender of the second route (``/v2/Channels/Senders``)."""

    sid: str
    account_sid: str
    sender_id: str
    configuration: Json
    webhook: Json
    profile: Json
    status: str = "CREATING"


@dataclass
class Account:
    sid: str
    auth_token: str
    friendly_name: str
    owner_sid: str
    status: str = "active"
    created: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)
    keys: dict[str, Key] = field(default_factory=dict)
    addresses: dict[str, Address] = field(default_factory=dict)
    end_users: dict[str, EndUser] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)
    bundles: dict[str, Bundle] = field(default_factory=dict)
    numbers: dict[str, Number] = field(default_factory=dict)
    messages: dict[str, Json] = field(default_factory=dict)
    calls: dict[str, Json] = field(default_factory=dict)
    senders: dict[str, Sender] = field(default_factory=dict)

    @property
    def is_main(self) -> bool:
        return self.owner_sid == self.sid


@dataclass
class State:
    """All accounts of the platform, plus the indexes that answer in one look-up."""

    accounts: dict[str, Account] = field(default_factory=dict)
    accounts_by_name: dict[str, list[str]] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)
    numbers: dict[str, Number] = field(default_factory=dict)
    bundles: dict[str, Bundle] = field(default_factory=dict)
    offers: dict[str, Offer] = field(default_factory=dict)
    offered: int = 0
    opt_outs: set[tuple[str, str]] = field(default_factory=set)

    def add(self, account: Account) -> Account:
        self.accounts[account.sid] = account
        self.accounts_by_name.setdefault(account.friendly_name, []).append(account.sid)
        return account

    def summary(self) -> Json:
        """What ``/_control/state`` shows, so that a test can count what was made."""
        return {
            "accounts": [
                {
                    "sid": account.sid,
                    "friendlyName": account.friendly_name,
                    "status": account.status,
                    "numbers": len(account.numbers),
                    "keys": len(account.keys),
                    "bundles": len(account.bundles),
                }
                for account in self.accounts.values()
            ],
            "numbers": [
                {
                    "sid": number.sid,
                    "phoneNumber": number.phone_number,
                    "accountSid": number.account_sid,
                    "country": number.iso_country,
                    "type": number.type,
                    "friendlyName": number.friendly_name,
                    "voiceUrl": number.settings["VoiceUrl"],
                    "smsUrl": number.settings["SmsUrl"],
                }
                for number in self.numbers.values()
            ],
            "bundles": [
                {"sid": bundle.sid, "accountSid": bundle.account_sid, "status": bundle.status}
                for bundle in self.bundles.values()
            ],
            "messages": sum(len(account.messages) for account in self.accounts.values()),
            "calls": sum(len(account.calls) for account in self.accounts.values()),
        }
