"""The same news twenty times at once, on real connections: one of everything."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from django.db import connections
from pytest_django.fixtures import Settings

from pilar.backplane.models import AutopilotEvent
from pilar.backplane.tenancy import all_tenants, atomic
from pilar.providers.events import StripeHappened
from tests.sandbox.serving import Sandbox
from tests.workspaces.conftest import Shop, tell
from workspaces.models import SignUp, Subscription, Workspace

TIMES = 20


@pytest.fixture
def open_shop(committed: str, _running: Sandbox, settings: Settings) -> Iterator[Shop]:
    httpx.post(f"{_running.url}/_control/reset", trust_env=False).raise_for_status()
    _running.product.received.clear()
    settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE = "sk_test_sandbox", _running.url
    settings.STRIPE_PRICES = {"BASIC": "price_basic", "PRO": "price_pro"}
    return Shop(_running)


class Engine:
    """Threads of a worker: each on connections of its own to the database of this test."""

    def __init__(self) -> None:
        self._logins = {alias: connections[alias].settings_dict for alias in ("default", "platform")}

    def tell(self, event: StripeHappened) -> dict[str, str]:
        for alias, login in self._logins.items():
            connections[alias].settings_dict = login
            connections[alias].switches_roles = False  # type: ignore[attr-defined]
        try:
            return tell(event)
        finally:
            connections.close_all()


def test_the_same_payment_told_twenty_times_at_once_gives_one_studio(open_shop: Shop) -> None:
    open_shop.pay_by_link()
    (event,) = open_shop.happened("checkout.session.completed")
    with ThreadPoolExecutor(TIMES) as threads:
        results = list(threads.map(Engine().tell, [event] * TIMES))
    assert {result["result"] for result in results} == {"settled"}
    with all_tenants("a test counts what was made"), atomic():
        assert (Workspace.objects.count(), SignUp.objects.count(), Subscription.objects.count()) == (1, 1, 1)
        assert AutopilotEvent.objects.filter(type="workspace.ready_to_provision").count() == 1
        assert SignUp.objects.get().links_sent == 1
