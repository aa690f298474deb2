"""What Stripe knows: every object by its id, in the shape of the API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pilar.sandbox.config import Settings
from pilar.sandbox.stripe.errors import missing

Json = dict[str, Any]

PRICES = {"BASIC": ("PILAR Basic", 9_900), "PRO": ("PILAR Pro", 24_900)}


@dataclass
class Answer:
    """The first answer to an idempotency key, with what was asked."""

    fingerprint: str
    path: str
    status: int
    body: bytes
    request_id: str


@dataclass
class StoredEvent:
    """An event as its body was signed; `account` is set for events of a connected account."""

    id: str
    type: str
    created: int
    body: bytes
    account: str | None = None


@dataclass
class State:
    """`objects[kind][id]`; kinds are the API's `object` names. Amounts are in cents.

    `checkout_wishes` keeps what a session shall do on completion and does not show itself.
    """

    objects: dict[str, dict[str, Json]] = field(default_factory=dict)
    events: dict[str, StoredEvent] = field(default_factory=dict)
    answers: dict[tuple[str, str], Answer] = field(default_factory=dict)
    in_flight: set[tuple[str, str]] = field(default_factory=set)
    checkout_wishes: dict[str, Json] = field(default_factory=dict)
    accounts_v2: dict[str, Json] = field(default_factory=dict)
    account_links: dict[str, Json] = field(default_factory=dict)
    invoices_made: int = 0
    available_cents: int = 100_000_000

    def __getstate__(self) -> Json:
        """Requests under way do not outlive the process."""
        return {**vars(self), "in_flight": set()}

    def put(self, thing: Json) -> Json:
        """Store an object under its kind and id."""
        self.objects.setdefault(thing["object"], {})[thing["id"]] = thing
        return thing

    def get(self, kind: str, object_id: str, *, param: str = "id", status: int = 404) -> Json:
        """The object itself, not a copy.

        Raises:
            StripeError: `resource_missing`; 404 for an id in a path, 400 for one in a parameter.
        """
        thing = self.objects.get(kind, {}).get(object_id)
        if thing is None:
            raise missing(kind, object_id, param=param, status=status)
        return thing

    def all(self, kind: str) -> Iterator[Json]:
        """Objects of a kind, newest first."""
        return reversed(self.objects.get(kind, {}).values())

    def find(self, object_id: str) -> Json | None:
        """An object by its id alone, for `expand`."""
        for table in self.objects.values():
            if object_id in table:
                return table[object_id]
        return None

    def seed(self, settings: Settings) -> None:
        """The catalogue that a real account would have: two plans, monthly, in euro."""
        wanted = {"BASIC": settings.stripe_price_basic, "PRO": settings.stripe_price_pro}
        for plan, price_id in wanted.items():
            name, cents = PRICES[plan]
            product_id = f"prod_{plan.lower()}"
            self.put(product(product_id, name))
            self.put(price(price_id, product_id, cents, lookup_key=plan.lower()) | {"nickname": name})

    def summary(self) -> dict[str, object]:
        """How many of each there are, and who pays what."""
        counts: dict[str, object] = {name: len(self.objects.get(kind, {})) for name, kind in COUNTED.items()}
        return {**counts, "events": len(self.events)}


COUNTED = {
    "customers": "customer",
    "subscriptions": "subscription",
    "sessions": "checkout.session",
    "invoices": "invoice",
    "charges": "charge",
    "refunds": "refund",
    "credit_notes": "credit_note",
    "accounts": "account",
    "transfers": "transfer",
    "payouts": "payout",
    "prices": "price",
}


def product(product_id: str, name: str, *, created: int = 1_735_689_600) -> Json:
    return {
        "id": product_id,
        "object": "product",
        "active": True,
        "created": created,
        "default_price": None,
        "description": None,
        "images": [],
        "livemode": False,
        "marketing_features": [],
        "metadata": {},
        "name": name,
        "statement_descriptor": None,
        "tax_code": None,
        "type": "service",
        "unit_label": None,
        "updated": created,
        "url": None,
    }


def price(
    price_id: str,
    product_id: str,
    cents: int,
    *,
    currency: str = "eur",
    interval: str | None = "month",
    interval_count: int = 1,
    lookup_key: str | None = None,
    created: int = 1_735_689_600,
) -> Json:
    recurring = {
        "interval": interval,
        "interval_count": interval_count,
        "meter": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }
    return {
        "id": price_id,
        "object": "price",
        "active": True,
        "billing_scheme": "per_unit",
        "created": created,
        "currency": currency,
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": lookup_key,
        "metadata": {},
        "nickname": None,
        "product": product_id,
        "recurring": recurring if interval else None,
        "tax_behavior": "exclusive",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring" if interval else "one_time",
        "unit_amount": cents,
        "unit_amount_decimal": str(cents),
    }
