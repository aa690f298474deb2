"""Stripe: API, hosted pages, signed webhooks. `routes` and `State` are for `app`, the rest for `control`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

from pilar.sandbox.stripe import (
    accounts,
    catalogue,
    credit_notes,
    customers,
    events,
    hosted,
    invoices,
    portal,
    proration,
    sessions,
    subscriptions,
    transfers,
)
from pilar.sandbox.stripe.billing import resume
from pilar.sandbox.stripe.control import act, pay_by_link
from pilar.sandbox.stripe.errors import StripeError
from pilar.sandbox.stripe.state import State
from pilar.sandbox.stripe.wire import unknown_url

if TYPE_CHECKING:
    from pilar.sandbox.state import World

__all__ = ["State", "StripeError", "act", "pay_by_link", "resume", "routes"]

RESOURCES = (
    sessions,
    subscriptions,
    customers,
    invoices,
    credit_notes,
    proration,
    events,
    portal,
    catalogue,
    transfers,
    accounts,
)
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def routes(world: World) -> list[Route]:
    found = [route for resource in RESOURCES for route in resource.routes.found]
    return [*found, *hosted.routes(), Route("/{rest:path}", unknown_url, methods=METHODS)]
