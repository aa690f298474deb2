"""Invoices of a customer, newest first."""

from pilar.providers.stripe.client import plain, request
from pilar.providers.stripe.shapes import Invoice


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
