"""The real SDK against the sandbox, and what a person does on Stripe's pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import httpx
import stripe

from tests.sandbox.serving import HTTP, Sandbox

KEY = "sk_test_sandbox"
SECRET = "whsec_sandbox"
CONNECT_SECRET = "whsec_sandbox_connect"
VERSION = "2026-10-28.endive"


def client_of(sandbox: Sandbox, key: str = KEY, version: str = VERSION) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        stripe_version=version,
        base_addresses={"api": sandbox.url},
        max_network_retries=0,
        http_client=stripe.RequestsClient(timeout=5),
    )


def wishes(**more: Any) -> dict[str, Any]:
    """The parameters of a checkout as PILAR opens it."""
    return {
        "mode": "subscription",
        "line_items": [{"price": "price_pro", "quantity": 1}],
        "success_url": "http://product.test/done?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://product.test/plans",
        "subscription_data": {"metadata": {"signup": "s1"}, "trial_period_days": 14},
        "metadata": {"signup": "s1"},
    } | more


def on_page(sandbox: Sandbox, url: str, **form: str) -> httpx.Response:
    """Post a form of a hosted page (the sandbox writes its configured address into links)."""
    return HTTP.post(sandbox.url + urlsplit(url).path, data=form)


def paid(sandbox: Sandbox, means: str = "good", **more: Any) -> Any:
    """A completed checkout session."""
    client = client_of(sandbox)
    session = client.v1.checkout.sessions.create(wishes(**more))
    on_page(sandbox, session.url, means=means)
    return client.v1.checkout.sessions.retrieve(session.id)


def events_at(sandbox: Sandbox, secret: str = SECRET) -> list[Any]:
    """The webhooks that the product got and whose signature it accepts."""
    return [
        stripe.Webhook.construct_event(one.body, one.headers["stripe-signature"], secret)
        for one in list(sandbox.product.at("/api/webhooks/stripe"))
        if _accepts(one.body, one.headers["stripe-signature"], secret)
    ]


def _accepts(body: bytes, header: str, secret: str) -> bool:
    try:
        return bool(stripe.WebhookSignature.verify_header(body.decode(), header, secret, tolerance=300))
    except stripe.SignatureVerificationError:
        return False
