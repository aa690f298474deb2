"""Plan and billing as the owner sees it: what is paid, what changes, what happens when it is not paid."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel import clock
from pilar.kernel.errors import ErrorClass, ProviderError
from pilar.providers.events import StripeHappened
from pilar.providers.stripe import subscriptions
from tests.factories import WorkspaceFactory
from tests.sandbox.serving import eventually
from tests.workspaces.conftest import Shop, subscription_of, tell, the_studio
from tests.workspaces.factories import MembershipFactory
from workspaces import billing
from workspaces.models import Invoice, Plan, SignUp

pytestmark = pytest.mark.django_db
PAGE = "/dashboard/settings/billing"


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    cache.clear()


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def ids(shop: Shop) -> dict[str, str]:
    """A studio in its trial of Basic, at Stripe and here."""
    paid = shop.pay_by_link(plan="BASIC")
    tell(shop.happened("checkout.session.completed")[0])
    return paid


@pytest.fixture
def owner(ids: dict[str, str]) -> Client:
    return signed_in(MembershipFactory(workspace=the_studio(), user__language="en").user)


def pay_first_month(shop: Shop, ids: dict[str, str]) -> None:
    shop.act("renew", subscription=ids["subscriptionId"])
    billing.refresh(the_studio().pk, now=clock.now())


def renewed(shop: Shop, ids: dict[str, str]) -> list[StripeHappened]:
    """The first month is paid; what Stripe told of its invoice."""
    shop.act("renew", subscription=ids["subscriptionId"])

    def told() -> list[StripeHappened]:
        return [event for event in shop.happened() if event.type.startswith("invoice.") and event.object["total"]]

    eventually(lambda: bool(told()))
    return told()


def let_payment_fail(shop: Shop, ids: dict[str, str]) -> None:
    shop.act("card", subscription=ids["subscriptionId"], means="fails_later")
    shop.act("renew", subscription=ids["subscriptionId"])
    tell(shop.happened("invoice.payment_failed")[0])


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_the_page_says_how_long_the_trial_lasts_and_what_comes_then(owner: Client) -> None:
    page = text(owner.get(PAGE))
    assert "days of your free trial are left" in page
    assert "Your plan" in page


def test_a_larger_plan_shows_what_it_costs_before_it_is_taken(owner: Client, shop: Shop, ids: dict[str, str]) -> None:
    pay_first_month(shop, ids)
    quote = owner.get(f"{PAGE}/plan/PRO").context["quote"]
    assert (quote.is_larger, quote.in_trial, len(quote.lines)) == (True, False, 2)
    assert 0 < quote.due_cents <= round(15_000 * 1.19) + 1


def test_the_plan_changes_when_it_is_confirmed(owner: Client, shop: Shop, ids: dict[str, str]) -> None:
    pay_first_month(shop, ids)
    quote = owner.get(f"{PAGE}/plan/PRO").context["quote"]
    owner.post(f"{PAGE}/plan/PRO", {"at": int(quote.at.timestamp())})
    assert the_studio().plan_id == "PRO"


def test_a_new_quote_can_be_confirmed_after_an_answer_that_never_came(
    owner: Client, shop: Shop, ids: dict[str, str]
) -> None:
    pay_first_month(shop, ids)
    shop.sandbox.fault("stripe", "subscriptions.update", kind="lost-answer")
    now = int(clock.now().timestamp())
    assert owner.post(f"{PAGE}/plan/PRO", {"at": now}).status_code == 503
    owner.post(f"{PAGE}/plan/PRO", {"at": now + 20})
    assert the_studio().plan_id == "PRO"


def _is_change(event: StripeHappened) -> bool:
    return event.type == "invoice.paid" and event.object["billing_reason"] == "subscription_update"


def test_what_was_shown_is_what_is_charged(owner: Client, shop: Shop, ids: dict[str, str]) -> None:
    pay_first_month(shop, ids)
    quote = owner.get(f"{PAGE}/plan/PRO").context["quote"]
    owner.post(f"{PAGE}/plan/PRO", {"at": int(quote.at.timestamp())})
    eventually(lambda: any(map(_is_change, shop.happened())))
    told = [event for event in shop.happened("invoice.paid") if _is_change(event)]
    assert [event.object["amount_paid"] for event in told] == [quote.due_cents]


def test_in_a_trial_nothing_is_due_today(owner: Client) -> None:
    quote = owner.get(f"{PAGE}/plan/PRO").context["quote"]
    mine = subscription_of(the_studio().pk)
    assert mine
    assert (quote.in_trial, quote.due_at) == (True, mine.trial_end)


def test_an_old_quote_is_not_charged(owner: Client) -> None:
    old = clock.now() - timedelta(hours=1)
    answer = owner.post(f"{PAGE}/plan/PRO", {"at": int(old.timestamp())})
    assert (answer["Location"], the_studio().plan_id) == (f"{PAGE}/plan/PRO", "BASIC")


@pytest.mark.parametrize("what", ["cancel", "plan/PRO"])
def test_a_second_tap_while_stripe_is_asked_is_told_so(
    owner: Client, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    answers: list[Any] = []
    sent = {"at": int(clock.now().timestamp())}

    def tap_again(*_args: Any, **_more: Any) -> Any:
        answers.append(owner.post(f"{PAGE}/{what}", sent))
        raise ProviderError("away", provider="stripe", error_class=ErrorClass.TRANSIENT_NETWORK)

    monkeypatch.setattr(subscriptions, "end_with_period", tap_again)
    monkeypatch.setattr(subscriptions, "change_price", tap_again)
    owner.post(f"{PAGE}/{what}", sent)
    assert [(answer.status_code, answer["Retry-After"]) for answer in answers] == [(409, "5")]


@pytest.mark.parametrize("at", ["", "x", "-1", "9" * 30])
def test_nonsense_instead_of_a_moment_changes_nothing(owner: Client, at: str) -> None:
    assert owner.post(f"{PAGE}/plan/PRO", {"at": at}).status_code == 302
    assert the_studio().plan_id == "BASIC"


@pytest.mark.parametrize(("code", "status"), [("BASIC", 409), ("NONE", 400)])
def test_only_another_plan_that_is_offered_can_be_taken(owner: Client, code: str, status: int) -> None:
    assert owner.get(f"{PAGE}/plan/{code}").status_code == status


def test_a_plan_that_is_too_small_says_what_to_give_up(owner: Client) -> None:
    Plan.objects.filter(pk="PRO").update(seats=0)
    answer = owner.get(f"{PAGE}/plan/PRO")
    assert (answer.status_code, "take one person out first" in text(answer)) == (409, True)


def test_only_the_owner_changes_and_cancels(owner: Client) -> None:
    admin = signed_in(MembershipFactory(workspace=the_studio(), role="admin").user)
    assert {admin.get(f"{PAGE}/{path}").status_code for path in ("plan/PRO", "cancel", "pay")} == {403}


def test_a_cancellation_holds_at_the_end_and_can_be_taken_back(owner: Client) -> None:
    owner.post(f"{PAGE}/cancel")
    mine = subscription_of(the_studio().pk)
    assert billing.ends_at(mine) == (mine and mine.trial_end)
    owner.post(f"{PAGE}/keep")
    assert billing.ends_at(subscription_of(the_studio().pk)) is None


def test_until_then_the_studio_is_served(owner: Client) -> None:
    owner.post(f"{PAGE}/cancel")
    assert billing.is_served(subscription_of(the_studio().pk))
    assert the_studio().status != "suspended"


def test_a_cancelled_subscription_changes_no_plan(owner: Client) -> None:
    owner.post(f"{PAGE}/cancel")
    assert owner.get(f"{PAGE}/plan/PRO").status_code == 409


def test_a_failed_payment_is_on_every_page_with_the_way_to_pay(owner: Client, shop: Shop, ids: dict[str, str]) -> None:
    let_payment_fail(shop, ids)
    assert f"{PAGE}/pay" in text(owner.get("/dashboard/more"))
    assert "/invoice/in_" in owner.get(f"{PAGE}/pay")["Location"]


def test_others_see_it_without_the_button(owner: Client, shop: Shop, ids: dict[str, str]) -> None:
    let_payment_fail(shop, ids)
    coach = signed_in(MembershipFactory(workspace=the_studio(), role="coach").user)
    page = text(coach.get("/dashboard/more"))
    assert "page-notice" in page
    assert f"{PAGE}/pay" not in page


@pytest.mark.parametrize("path", ["/dashboard/more", PAGE])
def test_an_owner_with_an_open_payment_sees_no_green_dot(
    owner: Client, shop: Shop, ids: dict[str, str], monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr("pilar.ui.context.status_of", lambda _request: {"state": "healthy"})
    assert "status-dot tone-ok" in text(owner.get(path))
    let_payment_fail(shop, ids)
    assert "status-dot tone-bad" in text(owner.get(path))


def test_the_page_says_what_happens_when_nothing_is_paid(owner: Client, shop: Shop, ids: dict[str, str]) -> None:
    let_payment_fail(shop, ids)
    stages = owner.get(PAGE).context["stages"]
    assert [stage.code for stage in stages] == ["failed", "retry", "silent", "paid"]
    assert stages[1].at > stages[0].at


def test_without_an_open_invoice_the_way_leads_to_the_means_of_payment(owner: Client) -> None:
    assert "/portal/bps_" in owner.get(f"{PAGE}/pay")["Location"]


def test_invoices_are_kept_as_they_are_told(owner: Client, shop: Shop, ids: dict[str, str]) -> None:
    for event in renewed(shop, ids):
        tell(event)
    (shown,) = owner.get(PAGE).context["invoices"]
    assert (shown.status, shown.net_cents, shown.total_cents) == ("paid", 9_900, 9_900)
    assert shown.pdf_url.endswith("/pdf")


def test_an_answer_asked_for_earlier_does_not_replace_a_later_one(
    owner: Client, shop: Shop, ids: dict[str, str]
) -> None:
    event = renewed(shop, ids)[0]
    tell(event)
    with tenant(the_studio().pk), atomic():
        mine = Invoice.objects.filter(stripe_invoice_id=event.object_id)
        mine.update(asked_at=clock.now() + timedelta(minutes=1), status="void")
    tell(event)
    with tenant(the_studio().pk), atomic():
        assert mine.get().status == "void"


def test_one_studio_does_not_see_anothers_invoices(owner: Client, shop: Shop, ids: dict[str, str]) -> None:
    tell(renewed(shop, ids)[0])
    foreign = MembershipFactory(workspace=WorkspaceFactory()).user
    assert signed_in(foreign).get(PAGE).context["invoices"] == []


def test_who_comes_back_is_the_same_customer_and_has_had_the_trial(
    owner: Client, shop: Shop, ids: dict[str, str]
) -> None:
    shop.act("cancel", subscription=ids["subscriptionId"])
    billing.refresh(the_studio().pk, now=clock.now())
    shop.sandbox.product.received.clear()
    shop.pay(owner.post("/checkout", {"plan": "PRO"})["Location"])
    told = shop.happened("checkout.session.completed")[0].object
    assert (told["customer"], told["payment_status"]) == (ids["customerId"], "paid")


def test_the_page_asks_the_database_as_often_for_many_invoices(
    owner: Client, ids: dict[str, str], django_assert_max_num_queries: Any
) -> None:
    studio, now = the_studio(), clock.now()
    with tenant(studio.pk), atomic():
        rows = [
            Invoice(stripe_invoice_id=f"in_{n}", number=f"A-{n}", status="paid", total_cents=n + 1, tax_cents=0,
                    due_cents=n, currency="EUR", issued_at=now, asked_at=now)
            for n in range(60)
        ]  # fmt: skip
        Invoice.objects.bulk_create(rows)
    with django_assert_max_num_queries(23):
        assert len(owner.get(PAGE).context["invoices"]) == 24


def test_a_direct_debit_is_waited_for_in_words(client: Client) -> None:
    from tests.workspaces.factories import SignUpFactory

    SignUpFactory(state=SignUp.State.AWAITING_PAYMENT, stripe_session_id="cs_debit")
    assert client.get("/checkout/return?session_id=cs_debit").context["state"] == "debit"


def test_who_leaves_the_payment_page_is_told_that_nothing_was_charged(client: Client) -> None:
    answer = client.get("/checkout?cancelled=1&plan=PRO")
    assert (answer.context["cancelled"], answer.context["selected"]) == (True, "PRO")
