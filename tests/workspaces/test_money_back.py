"""Refunds and credit notes stand beside the invoices, whatever order Stripe tells of them in, and however often."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel import clock
from pilar.providers.events import StripeHappened
from tests.factories import WorkspaceFactory
from tests.sandbox.serving import eventually
from tests.workspaces.conftest import Shop, tell, the_studio
from tests.workspaces.factories import MembershipFactory
from tests.workspaces.test_billing import PAGE, renewed, signed_in
from workspaces import money_back
from workspaces.models import MoneyBack

pytestmark = pytest.mark.django_db
TYPES = ("refund.created", "charge.refunded")


@pytest.fixture
def paid(shop: Shop) -> dict[str, str]:
    """A studio whose first month of Basic, 99 euro, is paid."""
    ids = shop.pay_by_link(plan="BASIC")
    tell(shop.happened("checkout.session.completed")[0])
    for event in renewed(shop, ids):
        tell(event)
    return ids


@pytest.fixture
def owner(paid: dict[str, str]) -> Client:
    return signed_in(MembershipFactory(workspace=the_studio(), user__language="en").user)


def refunded(shop: Shop, ids: dict[str, str], **more: int) -> list[StripeHappened]:
    """Something goes back; what Stripe told of it."""
    shop.act("refund", subscription=ids["subscriptionId"], **more)
    return [shop.happened(kind)[0] for kind in TYPES]


def kept() -> list[Any]:
    with tenant(the_studio().pk), atomic():
        return list(MoneyBack.objects.order_by("issued_at").values_list("kind", "amount_cents", "status"))


def shown(owner: Client) -> list[Any]:
    return [(row.kind, row.amount_cents, row.status) for row in owner.get(PAGE).context["money_back"]]


def test_a_refund_stands_beside_its_invoice(owner: Client, shop: Shop, paid: dict[str, str]) -> None:
    tell(refunded(shop, paid, amount=3_000)[0])
    page = owner.get(PAGE)
    (row,) = page.context["money_back"]
    (invoice,) = page.context["invoices"]
    assert (row.amount_cents, row.status, row.invoice_number) == (3_000, "succeeded", invoice.number)
    assert "−€30" in page.content.decode()
    assert page.context["papers"][-1] == invoice


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_any_order_and_any_repetition_ends_the_same(shop: Shop, paid: dict[str, str], order: tuple[int, ...]) -> None:
    refunded(shop, paid, amount=1_000)
    shop.act("refund", subscription=paid["subscriptionId"], amount=2_000)
    eventually(lambda: len(shop.happened(*TYPES)) == 4)
    told = shop.happened(*TYPES)
    for place in (*order, *order):
        tell(told[place])
    assert sorted(kept()) == [("refund", 1_000, "succeeded"), ("refund", 2_000, "succeeded")]


def test_a_refund_that_the_bank_sends_back_says_so(owner: Client, shop: Shop, paid: dict[str, str]) -> None:
    told = refunded(shop, paid)
    tell(told[0])
    shop.act("fail-refund", refund=told[0].object_id)
    tell(shop.happened("refund.failed")[0])
    tell(told[0])
    assert shown(owner) == [("refund", 9_900, "failed")]
    assert "Could not be paid back" in owner.get(PAGE).content.decode()


def test_a_credit_note_that_was_paid_out_is_shown_once(owner: Client, shop: Shop, paid: dict[str, str]) -> None:
    shop.act("credit-note", subscription=paid["subscriptionId"], amount=4_000, refund=True)
    for kind in ("credit_note.created", *TYPES):
        tell(shop.happened(kind)[0])
    assert shown(owner) == [("credit_note", 4_000, "issued")]
    assert len(kept()) == 2
    (row,) = owner.get(PAGE).context["money_back"]
    assert row.number.endswith("-CN-01")
    assert row.pdf_url.endswith("/pdf")


def test_a_credit_for_the_next_invoice_says_so_until_it_is_taken_back(
    owner: Client, shop: Shop, paid: dict[str, str]
) -> None:
    note = shop.act("credit-note", subscription=paid["subscriptionId"], amount=4_000)
    made = shop.happened("credit_note.created")[0]
    tell(made)
    assert "lowers your next invoice" in owner.get(PAGE).content.decode()
    shop.act("void-credit-note", creditNote=note["creditNote"])
    tell(shop.happened("credit_note.voided")[0])
    tell(made)
    assert shown(owner) == []


def test_an_answer_asked_for_earlier_does_not_replace_a_later_one(shop: Shop, paid: dict[str, str]) -> None:
    event = refunded(shop, paid)[0]
    tell(event)
    with tenant(the_studio().pk), atomic():
        MoneyBack.objects.update(asked_at=clock.now() + timedelta(minutes=1), status="failed")
    tell(event)
    assert kept() == [("refund", 9_900, "failed")]


def test_what_went_back_before_the_studio_was_known_is_caught_up(shop: Shop, paid: dict[str, str]) -> None:
    refunded(shop, paid, amount=1_000)
    shop.act("credit-note", subscription=paid["subscriptionId"], amount=500)
    with tenant(the_studio().pk):
        money_back.catch_up(paid["customerId"])
    assert sorted(kept()) == [("credit_note", 500, "issued"), ("refund", 1_000, "succeeded")]


def test_another_studio_sees_none_of_it(owner: Client, shop: Shop, paid: dict[str, str]) -> None:
    tell(refunded(shop, paid)[0])
    assert shown(signed_in(MembershipFactory(workspace=WorkspaceFactory()).user)) == []
    assert shown(owner) != []


def test_a_customer_that_is_not_ours_is_left_alone(shop: Shop, db: None) -> None:
    ids = shop.pay_by_link(plan="BASIC")
    shop.act("renew", subscription=ids["subscriptionId"])
    assert tell(refunded(shop, ids)[0]) == {"result": "not ours yet"}
