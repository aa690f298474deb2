"""Subscriptions as they are now; webhooks only say that something changed."""

from pilar.providers.stripe.client import plain, request
from pilar.providers.stripe.shapes import Subscription


def retrieve(subscription_id: str) -> Subscription:
    """Fetch a subscription with its items."""
    return request(
        "subscriptions.retrieve",
        lambda client: Subscription.model_validate(plain(client.v1.subscriptions.retrieve(subscription_id))),
        read=True,
    )
