"""Invoices: those there are, and the one that a change of plan would bring."""

from datetime import datetime

from pilar.providers.stripe.client import plain, request
from pilar.providers.stripe.shapes import Invoice, Subscription


def list_for(customer: str, *, limit: int = 24) -> list[Invoice]:
    """Fetch up to `limit` (at most 100) invoices of a customer."""
    return request(
        "invoices.list",
        lambda client: [
            Invoice.model_validate(plain(invoice))
            for invoice in client.v1.invoices.list(params={"customer": customer, "limit": limit}).data
        ],
        read=True,
    )


def retrieve(invoice_id: str) -> Invoice:
    """Fetch one invoice."""
    return request(
        "invoices.retrieve",
        lambda client: Invoice.model_validate(plain(client.v1.invoices.retrieve(invoice_id))),
        read=True,
    )


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
    return request(
        "invoices.create_preview",
        lambda client: Invoice.model_validate(
            plain(client.v1.invoices.create_preview(params=params))  # type: ignore[arg-type]
        ),
        read=True,
    )
