"""Checkout Sessions for subscriptions (providers.md 1.4)."""

from collections.abc import Mapping
from functools import partial

from django.conf import settings
from django.utils.translation import gettext as _

from pilar.kernel.errors import NotConfigured
from pilar.providers.stripe.client import fetch, keyed, plain, request
from pilar.providers.stripe.shapes import CheckoutSession

TRIAL_DAYS = 14
LONGEST_REFERENCE = 200


def price_of(plan: str) -> str:
    """Return the price id of a plan. Raises NotConfigured."""
    price = settings.STRIPE_PRICES.get(plan.upper())
    if not price:
        raise NotConfigured(
            "stripe",
            _("%(name)s is not set, so this plan cannot be bought yet.") % {"name": f"STRIPE_PRICE_{plan.upper()}"},
        )
    return str(price)


def require_price(price_id: str) -> None:
    """Ask Stripe whether the price is there. ProviderError (CONFIGURATION_ERROR) when it is not."""
    request("prices.retrieve", lambda client: client.v1.prices.retrieve(price_id).id, read=True)


def create_session(
    *,
    plan: str,
    reference: str,
    metadata: Mapping[str, str],
    success_url: str,
    cancel_url: str,
    idempotency_key: str,
    email: str = "",
    customer: str = "",
    trial_days: int = TRIAL_DAYS,
    locale: str = "de",
) -> CheckoutSession:
    """Create a session for one subscription; the same `idempotency_key` gives the same session again.

    Name `customer` or `email`, not both. The metadata goes on session and subscription, since Stripe copies neither.
    """
    params: dict[str, object] = {
        "mode": "subscription",
        "line_items": [{"price": price_of(plan), "quantity": 1}],
        "success_url": success_url,
        "cancel_url": cancel_url,
        "client_reference_id": reference[:LONGEST_REFERENCE],
        "metadata": dict(metadata),
        "subscription_data": _subscription_data(metadata, trial_days),
        "payment_method_collection": "always",
        "automatic_tax": {"enabled": True},
        "tax_id_collection": {"enabled": True},
        "billing_address_collection": "required",
        "allow_promotion_codes": True,
        "locale": locale,
    }
    if customer:
        params |= {"customer": customer, "customer_update": {"address": "auto", "name": "auto"}}
    elif email:
        params["customer_email"] = email
    return keyed(idempotency_key, partial(_create, params))


def _create(params: dict[str, object], idempotency_key: str) -> CheckoutSession:
    return request(
        "checkout.sessions.create",
        lambda client: CheckoutSession.model_validate(
            plain(
                client.v1.checkout.sessions.create(
                    params=params,  # type: ignore[arg-type]  # a plain dict, checked by Stripe and by the sandbox
                    options={"idempotency_key": idempotency_key},
                )
            )
        ),
    )


def _subscription_data(metadata: Mapping[str, str], trial_days: int) -> dict[str, object]:
    data: dict[str, object] = {"metadata": dict(metadata)}
    if trial_days:
        data["trial_period_days"] = trial_days
        data["trial_settings"] = {"end_behavior": {"missing_payment_method": "cancel"}}
    return data


def retrieve(session_id: str) -> CheckoutSession:
    """Fetch a session as it is now."""
    return fetch(
        "checkout.sessions.retrieve", CheckoutSession, lambda client: client.v1.checkout.sessions.retrieve(session_id)
    )
