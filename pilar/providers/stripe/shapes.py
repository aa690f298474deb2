"""What we rely on in Stripe's answers; anything else may change without our noticing."""

from datetime import datetime
from typing import Annotated, Any

from django.conf import settings
from pydantic import BeforeValidator, Field, model_validator

from pilar.providers.shape import Shape


def id_of(value: Any) -> Any:
    """Return the id of another thing, which Stripe names by its id or, where it is expanded, hands over as a whole."""
    return value.get("id") if isinstance(value, dict) else value


type Id = Annotated[str, BeforeValidator(id_of)]


class Customer(Shape):
    id: str
    email: str | None = None
    name: str | None = None
    address: dict[str, Any] | None = None
    metadata: dict[str, str] = {}
    deleted: bool = False


class TaxId(Shape):
    type: str = ""
    value: str | None = None


class CustomerDetails(Shape):
    email: str | None = None
    name: str | None = None
    address: dict[str, Any] | None = None
    tax_ids: list[TaxId] | None = None

    @property
    def tax_number(self) -> str:
        """The first tax number that the payer gave, empty without one."""
        return next((entry.value for entry in self.tax_ids or [] if entry.value), "")


class CheckoutSession(Shape):
    """`provisions` follows the rule of providers.md 1.4: a trial without charge counts as paid."""

    id: str
    url: str | None = None
    status: str | None = None
    payment_status: str = "unpaid"
    customer: Id | None = None
    subscription: Id | None = None
    client_reference_id: str | None = None
    customer_details: CustomerDetails | None = None
    customer_email: str | None = None
    metadata: dict[str, str] = {}
    amount_total: int | None = None
    currency: str | None = None

    @property
    def email(self) -> str:
        """What the payer entered, else what the page was opened for; empty without either."""
        return (self.customer_details and self.customer_details.email) or self.customer_email or ""

    @property
    def provisions(self) -> bool:
        return self.status == "complete" and self.payment_status in ("paid", "no_payment_required")


class Price(Shape):
    id: str


class SubscriptionItem(Shape):
    id: str
    price: Price
    quantity: int | None = None
    current_period_start: datetime
    current_period_end: datetime


class SubscriptionItems(Shape):
    data: list[SubscriptionItem]


class Subscription(Shape):
    """Since 2025 the period is on the items, not on the subscription (providers.md 1.3)."""

    id: str
    customer: Id
    status: str
    items: SubscriptionItems
    created: datetime
    trial_end: datetime | None = None
    cancel_at: datetime | None = None
    cancel_at_period_end: bool = False
    canceled_at: datetime | None = None
    latest_invoice: Id | None = None
    metadata: dict[str, str] = {}

    @model_validator(mode="before")
    @classmethod
    def _periods_on_items(cls, data: Any) -> Any:
        """Answers of older versions hold the one period of all items on the subscription."""
        items = data.get("items") if isinstance(data, dict) else None
        if not isinstance(items, dict) or not data.get("current_period_end"):
            return data
        period = {name: data.get(name) for name in ("current_period_start", "current_period_end")}
        return data | {"items": items | {"data": [period | item for item in items.get("data") or []]}}

    @property
    def current_period_end(self) -> datetime:
        return max((item.current_period_end for item in self.items.data), default=self.created)

    @property
    def price_id(self) -> str:
        return self._plan.price.id if self._plan else ""

    @property
    def item_id(self) -> str:
        """The id of the plan's item, by which a change of price names it."""
        return self._plan.id if self._plan else ""

    @property
    def _plan(self) -> SubscriptionItem | None:
        """The item of the plan: the only one, unless somebody sold something beside it at Stripe."""
        plans = [item for item in self.items.data if item.price.id in settings.STRIPE_PRICES.values()]
        return next(iter(plans or self.items.data), None)


class InvoiceLine(Shape):
    amount: int
    description: str | None = None


class InvoiceLines(Shape):
    data: list[InvoiceLine] = []


class StatusTransitions(Shape):
    paid_at: datetime | None = None


class Invoice(Shape):
    """Amounts are in the smallest unit of `currency`; `total` is with tax, `total_excluding_tax` without."""

    id: str
    customer: Id | None = None
    status: str | None = None
    number: str | None = None
    amount_due: int = 0
    amount_paid: int = 0
    total: int = 0
    total_excluding_tax: int | None = None
    currency: str = "eur"
    created: datetime
    status_transitions: StatusTransitions = StatusTransitions()
    lines: InvoiceLines = InvoiceLines()
    hosted_invoice_url: str | None = None
    invoice_pdf: str | None = None
    attempt_count: int = 0
    next_payment_attempt: datetime | None = None
    parent: dict[str, Any] | None = None
    named: Id | None = Field(default=None, validation_alias="subscription")
    """The subscription, where answers of older versions name it."""

    @property
    def tax(self) -> int:
        return self.total - (self.total if self.total_excluding_tax is None else self.total_excluding_tax)

    @property
    def subscription(self) -> str | None:
        """The subscription's id, which moved to `parent.subscription_details`."""
        details = (self.parent or {}).get("subscription_details") or {}
        found = id_of(details.get("subscription")) or self.named
        return str(found) if found else None


class Charge(Shape):
    id: str
    customer: Id | None = None
    payment_intent: Id | None = None
    amount_refunded: int = 0


class Refund(Shape):
    """`status` is pending, requires_action, succeeded, failed or canceled; a refund may fail days after it succeeded."""

    id: str
    amount: int
    currency: str = "eur"
    status: str | None = None
    created: datetime


class LinkedRefund(Shape):
    refund: Id | None = None


class CreditNote(Shape):
    """`total` is with tax. What is not refunded stands as a credit (`customer_balance_transaction`) or lowers what is due."""

    id: str
    invoice: Id
    number: str = ""
    status: str
    total: int
    currency: str = "eur"
    created: datetime
    pdf: str | None = None
    refunds: list[LinkedRefund] = []
    customer_balance_transaction: Id | None = None


class StripeEvent(Shape):
    """A verified webhook. `object` is a hint: fetch the thing before acting on it (providers.md 1.5)."""

    id: str = Field(pattern=r"^[\w.-]{1,128}$")
    type: str = Field(pattern=r"^[\w.\[\]-]{1,128}$")
    created: datetime
    account: str | None = Field(default=None, pattern=r"^[\w.-]{1,64}$")
    object_id: str = ""
    object: dict[str, Any] = {}
    api_version: str | None = None
    livemode: bool = False

    @classmethod
    def from_envelope(cls, envelope: dict[str, Any]) -> "StripeEvent":
        """Read the envelope. Raises pydantic.ValidationError for one that is no Stripe event."""
        data = envelope.get("data")
        thing = data.get("object") if isinstance(data, dict) else None
        thing = thing if isinstance(thing, dict) else envelope.get("related_object")
        thing = thing if isinstance(thing, dict) else {}
        return cls.model_validate(envelope | {"object": thing, "object_id": str(thing.get("id") or "")})
