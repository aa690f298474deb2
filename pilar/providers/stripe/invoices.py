"""Invoices: those there are, and the one that a change of plan would bring."""

from datetime import datetime

from pilar.providers.stripe.client import fetch, fetch_all
from pilar.providers.stripe.shapes import Invoice, Subscription


def list_for(customer: str, *, limit: int = 24) -> list[Invoice]:
    """Fetch up to `limit` (at most 100) invoices of a customer."""
    return fetch_all(
        "invoices.list", Invoice, lambda client: client.v1.invoices.list(params={"customer": customer, "limit": limit})
    )


def retrieve(invoice_id: str) -> Invoice:
    """Fetch one invoice."""
    return fetch("invoices.retrieve", Invoice, lambda client: client.v1.invoices.retrieve(invoice_id))


def preview(subscription: Subscription, *, price: str, at_once: bool, at: datetime) -> Invoice:
    """Return the invoice that a change to `price` at the moment `at` would bring; nothing is changed by asking.

    With `at_once` it holds the difference alone, otherwise the difference and the next period.
    """
    params = {
        "subscription": subscription.id,
        "subscription_details": {
            "items": [{"id": subscription.item_id, "price": price}],
            "proration_behavior": "always_invoice" if at_once else "create_prorations",
            "proration_date": int(at.timestamp()),
        },
    }
    return fetch(
        "invoices.create_preview",
        Invoice,
        lambda client: client.v1.invoices.create_preview(params=params),  # type: ignore[arg-type]
    )
