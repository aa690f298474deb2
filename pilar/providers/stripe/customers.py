"""Customers as they are now."""

from pilar.providers.stripe.client import fetch
from pilar.providers.stripe.shapes import Customer


def retrieve(customer_id: str) -> Customer:
    """Fetch a customer; one that was deleted comes back with `deleted` set."""
    return fetch("customers.retrieve", Customer, lambda client: client.v1.customers.retrieve(customer_id))
