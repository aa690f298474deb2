"""Stripe as the sandbox plays it, on a free port of its own, with the real SDK on our side."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from pytest_django.fixtures import Settings

from pilar.backplane.tenancy import PLATFORM, all_tenants, tenant
from pilar.kernel.ids import uuid7
from pilar.kernel.switchboard import Happened
from pilar.providers.events import StripeHappened
from tests.sandbox.serving import HTTP, Sandbox, eventually, running
from tests.workspaces.world import World, make_world
from workspaces import stripe_events
from workspaces.models import SignUp, Subscription, Workspace


@dataclass
class Shop:
    """Stripe, and what it told us."""

    sandbox: Sandbox

    def pay_by_link(self, email: str = "anna@eisenwerk.test", **more: Any) -> dict[str, str]:
        """Somebody pays without having been on our site; Stripe's webhooks wait in `happened`."""
        body = {"email": email, "name": "Eisenwerk Köln", "plan": "PRO", "country": "DE"} | more
        paid: dict[str, str] = self.sandbox.post("/_control/checkout", **body)
        return paid

    def pay(self, url: str, means: str = "good") -> None:
        """Somebody fills in Stripe's page at `url`."""
        HTTP.post(f"{self.sandbox.url}{urlsplit(url).path}/pay", data={"means": means})

    def act(self, action: str, **body: Any) -> Any:
        """Let something happen at Stripe."""
        return self.sandbox.post(f"/_control/stripe/{action}", **body)

    def happened(self, *types: str, wait_for: str = "") -> list[StripeHappened]:
        """Return the events told so far, in the order of their types here; all when none is named."""
        wanted = wait_for or (types[-1] if types else "")
        if wanted:
            eventually(lambda: wanted in {event.type for event in self._told()})
        told = self._told()
        return [event for kind in types for event in told if event.type == kind] if types else told

    def _told(self) -> list[StripeHappened]:
        import json

        received = self.sandbox.product.at("/api/webhooks/stripe")
        return [_event(json.loads(one.body)) for one in received]


def _event(envelope: dict[str, Any]) -> StripeHappened:
    thing = envelope["data"]["object"]
    return StripeHappened(
        receipt_id=str(uuid7()),
        event_id=envelope["id"],
        type=envelope["type"],
        created=datetime.fromtimestamp(envelope["created"], UTC),
        object_id=thing.get("id", ""),
        object=thing,
        account=envelope.get("account"),
    )


def tell(event: StripeHappened) -> dict[str, str]:
    """Hand an event to our reaction, as the engine does."""
    with tenant(PLATFORM):
        return stripe_events.react(
            Happened(uuid7(), PLATFORM, "stripe.event", event, event.created, correlation_id=uuid7(), attempt=1)
        )


@contextmanager
def everything() -> Iterator[None]:
    with all_tenants("a test looks at what was made"):
        yield


def the_studio() -> Workspace:
    return Workspace.objects.get()


def the_sign_up() -> SignUp:
    return SignUp.objects.get()


def subscription_of(workspace_id: UUID) -> Subscription | None:
    from workspaces import billing

    with tenant(workspace_id):
        return billing.subscription()


@pytest.fixture(scope="session")
def _running() -> Iterator[Sandbox]:
    with running() as sandbox:
        yield sandbox


def open_at(sandbox: Sandbox, settings: Settings) -> Shop:
    """Point Stripe at a sandbox that has nothing in it yet."""
    sandbox.reset()
    settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE = "sk_test_sandbox", sandbox.url
    settings.STRIPE_PRICES = {"BASIC": "price_basic", "PRO": "price_pro"}
    return Shop(sandbox)


@pytest.fixture
def shop(_running: Sandbox, settings: Settings, db: None) -> Shop:
    return open_at(_running, settings)


@pytest.fixture
def world(db: None) -> World:
    return make_world()
