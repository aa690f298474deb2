"""Subscriptions as they are now, and the two things we change about them; webhooks only say that something changed."""

from datetime import datetime
from typing import Any

from pilar.providers.stripe.client import fetch, keyed, plain, request
from pilar.providers.stripe.shapes import Subscription


def retrieve(subscription_id: str) -> Subscription:
    """Fetch a subscription with its items."""
    return fetch(
        "subscriptions.retrieve", Subscription, lambda client: client.v1.subscriptions.retrieve(subscription_id)
    )


def change_price(
    subscription: Subscription,
    *,
    price: str,
    at_once: bool,
    at: datetime,
    metadata: dict[str, str],
    idempotency_key: str,
) -> Subscription:
    """Put the subscription on another price from the moment `at`.

    With `at_once` the difference is invoiced now, otherwise it stands on the next invoice.
    """
    params = {
        "items": [{"id": subscription.item_id, "price": price}],
        "proration_behavior": "always_invoice" if at_once else "create_prorations",
        "proration_date": int(at.timestamp()),
        "metadata": metadata,
    }
    return _update(subscription.id, params, idempotency_key)


def end_with_period(subscription_id: str, *, wanted: bool, idempotency_key: str) -> Subscription:
    """Let the subscription run out at the end of its period, or take that back."""
    return _update(subscription_id, {"cancel_at_period_end": wanted}, idempotency_key)


def _update(subscription_id: str, params: dict[str, Any], idempotency_key: str) -> Subscription:
    def update(key: str) -> Subscription:
        return request(
            "subscriptions.update",
            lambda client: Subscription.model_validate(
                plain(
                    client.v1.subscriptions.update(
                        subscription_id,
                        params=params,  # type: ignore[arg-type]  # a plain dict, checked by Stripe and by the sandbox
                        options={"idempotency_key": key},
                    )
                )
            ),
        )

    return keyed(idempotency_key, update)
