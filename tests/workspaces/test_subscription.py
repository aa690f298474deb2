"""The mirror of a subscription: what Stripe says now, never what it said before."""

from datetime import timedelta
from typing import Any

import pytest

from pilar.backplane.models import AutopilotEvent, AutopilotJob, TenantProfile
from pilar.backplane.tenancy import PLATFORM, tenant
from pilar.kernel import clock
from pilar.kernel.switchboard import RetryAt
from pilar.providers import routes
from pilar.providers.stripe import subscriptions
from tests.mail import letters
from tests.workspaces.conftest import Shop, subscription_of, tell, the_studio
from tests.workspaces.factories import MembershipFactory
from workspaces import billing, directory
from workspaces.models import Plan, Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def paid(shop: Shop) -> dict[str, str]:
    """A studio in its trial, put into service."""
    ids = shop.pay_by_link()
    tell(shop.happened("checkout.session.completed")[0])
    directory.activate(workspace_id=the_studio().pk, actor="test", now=clock.now())
    shop.sandbox.product.received.clear()
    return ids


def status() -> str:
    mirrored = subscription_of(the_studio().pk)
    assert mirrored
    return mirrored.status


def test_the_engine_goes_on_with_a_suspended_studios_jobs(shop: Shop, paid: dict[str, str]) -> None:
    """Among them may be a member's STOP (reliability S8)."""
    directory.suspend(workspace_id=the_studio().pk, reason="test", actor="test", now=clock.now())
    with tenant(the_studio().pk):
        assert not TenantProfile.objects.get().paused


def test_a_cancelled_subscription_suspends_the_studio(shop: Shop, paid: dict[str, str]) -> None:
    shop.act("cancel", subscription=paid["subscriptionId"])
    tell(shop.happened("customer.subscription.deleted")[0])
    assert (status(), the_studio().status) == ("canceled", "suspended")


def test_an_old_event_cannot_bring_a_cancelled_subscription_back(shop: Shop, paid: dict[str, str]) -> None:
    shop.act("cancel", subscription=paid["subscriptionId"])
    late = shop.happened("customer.subscription.deleted")[0].model_copy(
        update={"type": "customer.subscription.updated", "object": {"id": paid["subscriptionId"], "status": "active"}}
    )
    tell(late)
    assert status() == "canceled"


def test_a_late_payment_is_grace_and_not_suspension(shop: Shop, paid: dict[str, str]) -> None:
    shop.act("card", subscription=paid["subscriptionId"], means="fails_later")
    shop.act("renew", subscription=paid["subscriptionId"])
    tell(shop.happened("invoice.payment_failed")[0])
    assert (status(), the_studio().status) == ("past_due", "active")


def test_the_owner_is_told_of_a_failed_payment_once(shop: Shop, paid: dict[str, str]) -> None:
    owner = MembershipFactory(workspace=the_studio()).user
    shop.act("card", subscription=paid["subscriptionId"], means="fails_later")
    shop.act("renew", subscription=paid["subscriptionId"])
    for _ in range(2):
        tell(shop.happened("invoice.payment_failed")[0])
    with tenant(PLATFORM):
        (mail,) = letters()
    assert mail.to == owner.email


def test_a_payment_after_the_suspension_resumes_the_studio(shop: Shop, paid: dict[str, str]) -> None:
    mirrored = subscription_of(the_studio().pk)
    assert mirrored
    directory.suspend(workspace_id=the_studio().pk, reason="test", actor="test", now=clock.now())
    with tenant(the_studio().pk):
        type(mirrored).objects.update(status="unpaid")
    with tenant(the_studio().pk):
        billing.mirror(paid["subscriptionId"], now=clock.now())
    assert the_studio().status == "active"


def test_a_change_that_changes_nothing_is_no_news(shop: Shop, paid: dict[str, str]) -> None:
    workspace = the_studio()
    with tenant(workspace.pk):
        before = AutopilotEvent.objects.count()
        billing.refresh(workspace.pk, now=clock.now())
        assert AutopilotEvent.objects.count() == before


def test_a_state_fetched_before_another_was_stored_is_fetched_again(
    shop: Shop, paid: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow answer must not overwrite a newer one: while the first fetch is under way, the cancellation is stored."""
    real, calls = subscriptions.retrieve, []

    def slow(subscription_id: str) -> Any:
        calls.append(subscription_id)
        answer = real(subscription_id)
        if len(calls) == 1:
            shop.act("cancel", subscription=subscription_id)
            billing.mirror(subscription_id, now=clock.now())
        return answer

    monkeypatch.setattr(subscriptions, "retrieve", slow)
    with tenant(the_studio().pk):
        billing.mirror(paid["subscriptionId"], now=clock.now())
    assert status() == "canceled"


def test_who_is_always_overtaken_gives_up_for_now(
    shop: Shop, paid: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(billing, "_revision", lambda: -1)
    with tenant(the_studio().pk), pytest.raises(RetryAt):
        billing.mirror(paid["subscriptionId"], now=clock.now())


def test_an_older_subscription_of_the_studio_does_not_replace_the_newer(shop: Shop, paid: dict[str, str]) -> None:
    other = shop.pay_by_link(email="other@studio.test")
    mirrored = subscription_of(the_studio().pk)
    assert mirrored
    with tenant(the_studio().pk):
        type(mirrored).objects.update(started_at=clock.now() + timedelta(days=1))
        stored = billing.mirror(other["subscriptionId"], now=clock.now())
    assert stored.stripe_subscription_id == paid["subscriptionId"]


@pytest.mark.parametrize("ends", ["older", "newer"])
def test_a_studio_that_bought_twice_goes_on_when_one_of_the_two_ends(
    shop: Shop, paid: dict[str, str], ends: str
) -> None:
    studio, again = the_studio().pk, shop.pay_by_link(email="again@studio.test")["subscriptionId"]
    routes.bind("stripe", "subscription", again, studio)
    tell(shop.happened("customer.subscription.created")[0])
    ended, left = (paid["subscriptionId"], again) if ends == "older" else (again, paid["subscriptionId"])
    shop.act("cancel", subscription=ended)
    tell(shop.happened("customer.subscription.deleted")[0])
    mirrored = subscription_of(studio)
    assert mirrored
    assert (mirrored.stripe_subscription_id, mirrored.status, the_studio().status) == (left, "trialing", "active")


def test_another_price_is_another_plan_with_its_limits(shop: Shop, paid: dict[str, str], settings: Any) -> None:
    settings.STRIPE_PRICES = {"BASIC": "price_pro"}
    Plan.objects.filter(pk="BASIC").update(leads=7)
    billing.refresh(the_studio().pk, now=clock.now())
    with tenant(the_studio().pk):
        assert (the_studio().plan_id, billing.limits().leads) == ("BASIC", 7)


def test_a_subscription_that_is_not_ours_is_left_alone(shop: Shop, db: None) -> None:
    shop.pay_by_link()
    assert tell(shop.happened("customer.subscription.created")[0]) == {"result": "not ours yet"}
    assert not Workspace.objects.exists()


def test_a_trial_that_ends_soon_is_announced(shop: Shop, paid: dict[str, str]) -> None:
    MembershipFactory(workspace=the_studio())
    shop.act("trial-will-end", subscription=paid["subscriptionId"])
    tell(shop.happened("customer.subscription.trial_will_end")[0])
    with tenant(PLATFORM):
        assert AutopilotJob.objects.filter(type="email.send").count() == 1


@pytest.mark.parametrize("act", ["cancel", "renew"])
def test_a_trial_that_is_cancelled_or_over_is_not_announced(shop: Shop, paid: dict[str, str], act: str) -> None:
    MembershipFactory(workspace=the_studio())
    shop.act("trial-will-end", subscription=paid["subscriptionId"])
    shop.act(act, subscription=paid["subscriptionId"])
    tell(shop.happened("customer.subscription.trial_will_end")[0])
    with tenant(PLATFORM):
        assert not letters()


def test_a_trial_that_was_made_longer_is_announced_again(shop: Shop, paid: dict[str, str]) -> None:
    MembershipFactory(workspace=the_studio())
    shop.act("trial-will-end", subscription=paid["subscriptionId"])
    event = shop.happened("customer.subscription.trial_will_end")[0]
    tell(event)
    subscription = shop.sandbox.world.stripe.objects["subscription"][paid["subscriptionId"]]
    subscription["trial_end"] += timedelta(days=7).total_seconds()
    tell(event)
    with tenant(PLATFORM):
        assert len(letters()) == 2


@pytest.mark.parametrize(
    ("status", "full", "served"),
    [
        ("trialing", True, True),
        ("active", True, True),
        ("past_due", False, True),
        ("unpaid", False, False),
        ("paused", False, False),
        ("canceled", False, False),
        ("incomplete", False, False),
    ],
)
def test_what_each_state_gives(status: str, full: bool, served: bool) -> None:
    from workspaces.models import Subscription

    found = Subscription(status=status)
    assert (billing.full_service(found), billing.is_served(found)) == (full, served)
