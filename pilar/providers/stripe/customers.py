"""Customers as they are now."""

from pilar.providers.stripe.client import plain, request
from pilar.providers.stripe.shapes import Customer


def retrieve(customer_id: str) -> Customer:
    """Fetch a customer; one that was deleted comes back with `deleted` set."""
    return request(
        "customers.retrieve",
        lambda client: Customer.model_validate(plain(client.v1.customers.retrieve(customer_id))),
        read=True,
    )
