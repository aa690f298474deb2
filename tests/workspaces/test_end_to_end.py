"""From Stripe's signed webhook through the engine to a studio that its payer has taken over."""

import re
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from pilar.backplane import engine
from pilar.backplane.tenancy import tenant
from tests.mail import letters
from tests.sandbox.serving import eventually
from tests.workspaces.conftest import Shop, the_studio
from tests.workspaces.factories import PASSWORD
from workspaces.models import Membership

pytestmark = pytest.mark.django_db


@pytest.fixture
def webhooks(shop: Shop, settings: Settings) -> Any:
    """Stripe's webhooks as they came over the wire, handed to our door with their signatures."""
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_sandbox"]
    shop.pay_by_link()
    shop.happened("checkout.session.completed")

    def deliver(times: int = 1) -> set[int]:
        received = eventually(lambda: shop.sandbox.product.at("/api/webhooks/stripe"))
        return {
            Client()
            .generic(
                "POST",
                "/api/webhooks/stripe",
                one.body,
                content_type="application/json",
                headers={"Stripe-Signature": one.headers["stripe-signature"]},
            )
            .status_code
            for one in received * times
        }

    return deliver


def test_a_signed_webhook_becomes_a_studio(webhooks: Any) -> None:
    assert webhooks(times=3) == {200}
    engine.work_off(lanes=["webhooks", "events"])
    assert the_studio().name == "Eisenwerk Köln"


def test_the_mailed_link_opens_it(webhooks: Any, settings: Settings) -> None:
    webhooks()
    engine.work_off(lanes=["webhooks", "events"])
    with tenant(the_studio().pk):
        (mail,) = letters()
    link = re.search(r"/claim/[\w-]+", mail.text)
    assert link
    Client().post(link.group(), {"name": "Anna", "password": PASSWORD})
    assert Membership.objects.get().workspace == the_studio()
