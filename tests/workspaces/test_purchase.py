"""A payment becomes exactly one studio."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from pilar.backplane.models import AutopilotEvent
from pilar.backplane.tenancy import tenant
from pilar.kernel import clock
from pilar.kernel.errors import ProviderError
from pilar.providers import routes
from pilar.providers.email.outbox import Letter
from tests.mail import letters
from tests.workspaces.conftest import Shop, subscription_of, tell, the_sign_up, the_studio
from tests.workspaces.factories import UserFactory
from workspaces import checkout
from workspaces.checkout import Order
from workspaces.models import Membership, Plan, SignUp, Workspace

pytestmark = pytest.mark.django_db

COMPLETED = "checkout.session.completed"


def facts_of(workspace: Workspace) -> list[str]:
    with tenant(workspace.pk):
        return sorted(AutopilotEvent.objects.values_list("type", flat=True))


def mails_of(workspace: Workspace) -> list[Letter]:
    with tenant(workspace.pk):
        return letters()


def test_a_payment_link_founds_a_studio_with_its_plan(shop: Shop) -> None:
    shop.pay_by_link()
    (event,) = shop.happened(COMPLETED)
    tell(event)
    assert (the_studio().name, the_studio().country, the_studio().plan_id) == ("Eisenwerk Köln", "DE", "PRO")


def test_the_subscription_is_mirrored(shop: Shop) -> None:
    paid = shop.pay_by_link()
    tell(shop.happened(COMPLETED)[0])
    mirrored = subscription_of(the_studio().pk)
    assert mirrored
    assert (mirrored.status, mirrored.stripe_subscription_id) == ("trialing", paid["subscriptionId"])


def test_the_other_rooms_are_told(shop: Shop) -> None:
    shop.pay_by_link()
    tell(shop.happened(COMPLETED)[0])
    assert facts_of(the_studio()) == ["subscription.changed", "workspace.created", "workspace.ready_to_provision"]


def test_the_payer_gets_one_claim_link(shop: Shop) -> None:
    shop.pay_by_link()
    for _ in range(3):
        tell(shop.happened(COMPLETED)[0])
    (mail,) = mails_of(the_studio())
    assert mail.to == "anna@eisenwerk.test"
    assert "/claim/" in mail.text


@pytest.mark.parametrize("seed", range(6))
def test_events_in_any_order_and_number_give_one_studio(shop: Shop, seed: int) -> None:
    shop.pay_by_link()
    told = shop.happened(wait_for=COMPLETED) * 3
    random.Random(seed).shuffle(told)
    for event in told:
        tell(event)
    assert Workspace.objects.count() == SignUp.objects.count() == 1
    assert subscription_of(the_studio().pk).status == "trialing"  # type: ignore[union-attr]
    assert facts_of(the_studio()).count("workspace.ready_to_provision") == 1


def test_our_own_session_keeps_its_sign_up(shop: Shop) -> None:
    order = Order(plan="BASIC", email="Ben@Studio.test", studio="Studio Ben")
    shop.pay(checkout.begin(order, now=clock.now()))
    tell(shop.happened(COMPLETED)[0])
    assert the_sign_up().workspace_id == the_sign_up().pk == the_studio().pk
    assert the_studio().name == "Studio Ben"


def test_somebody_who_was_signed_in_owns_the_studio_at_once(shop: Shop) -> None:
    user = UserFactory()
    order = Order(plan="PRO", email=user.email, studio="Studio Ben", user=user)
    shop.pay(checkout.begin(order, now=clock.now()))
    tell(shop.happened(COMPLETED)[0])
    assert Membership.objects.get(workspace=the_studio()).user == user
    assert mails_of(the_studio()) == []


def test_a_delayed_payment_waits_until_it_has_succeeded(shop: Shop) -> None:
    Plan.objects.update(trial_days=0)
    url = checkout.begin(Order(plan="PRO", email="ben@studio.test", studio="Studio Ben"), now=clock.now())
    shop.sandbox.post("/_control/latency", provider="stripe", ms=0)
    shop.pay(url, means="sepa_fails")
    tell(shop.happened(COMPLETED)[0])
    assert the_sign_up().state == "awaiting_payment"
    assert not Workspace.objects.exists()


def test_a_debit_that_bounced_closes_the_sign_up_and_tells_the_payer(shop: Shop) -> None:
    Plan.objects.update(trial_days=0)
    order = Order(plan="PRO", email="ben@studio.test", studio="Studio Ben")
    shop.pay(checkout.begin(order, now=clock.now()), means="sepa_fails")
    tell(shop.happened("checkout.session.async_payment_failed")[0])
    assert the_sign_up().state == "failed"
    assert not Workspace.objects.exists()


def test_a_debit_that_settled_founds_the_studio(shop: Shop) -> None:
    Plan.objects.update(trial_days=0)
    order = Order(plan="PRO", email="ben@studio.test", studio="Studio Ben")
    shop.pay(checkout.begin(order, now=clock.now()), means="sepa")
    for event in shop.happened(COMPLETED, "checkout.session.async_payment_succeeded"):
        tell(event)
    assert subscription_of(the_studio().pk).status == "active"  # type: ignore[union-attr]


def test_an_expired_page_closes_the_sign_up(shop: Shop) -> None:
    checkout.begin(Order(plan="PRO", email="ben@studio.test", studio="Studio Ben"), now=clock.now())
    shop.act("expire", session=the_sign_up().stripe_session_id)
    tell(shop.happened("checkout.session.expired")[0])
    assert the_sign_up().state == "expired"


def test_stripes_ids_lead_to_the_studio(shop: Shop) -> None:
    paid = shop.pay_by_link()
    tell(shop.happened(COMPLETED)[0])
    assert routes.find("stripe", "customer", paid["customerId"]) == the_studio().pk
    assert routes.find("stripe", "subscription", paid["subscriptionId"]) == the_studio().pk


def test_a_second_click_shows_the_same_page(shop: Shop) -> None:
    user = UserFactory()
    order = Order(plan="PRO", email=user.email, studio="Studio Ben", user=user)
    assert checkout.begin(order, now=clock.now()) == checkout.begin(order, now=clock.now())


def test_a_second_click_in_another_language_shows_the_page_whose_answer_got_lost(shop: Shop) -> None:
    user = UserFactory()
    order = Order(plan="PRO", email=user.email, studio="Studio Ben", user=user)
    shop.sandbox.fault("stripe", "checkout.sessions.create", kind="lost-answer", count=1)
    with pytest.raises(ProviderError):
        checkout.begin(order, now=clock.now())
    assert checkout.begin(replace(order, language="en", email="other@studio.test"), now=clock.now())
    assert SignUp.objects.count() == 1


def test_a_page_that_has_expired_is_not_shown_again(shop: Shop) -> None:
    user = UserFactory()
    order = Order(plan="PRO", email=user.email, studio="Studio Ben", user=user)
    first = checkout.begin(order, now=clock.now() - timedelta(hours=30))
    assert checkout.begin(order, now=clock.now()) != first


def test_events_of_connected_accounts_are_left_to_the_affiliates(shop: Shop) -> None:
    shop.pay_by_link()
    event = shop.happened(COMPLETED)[0].model_copy(update={"account": "acct_1"})
    assert tell(event) == {"result": "ignored"}
    assert not Workspace.objects.exists()
