"""Stripe's adapter, through its SDK, against the sandbox."""

import pytest
from pytest_django import Settings

from pilar.kernel.errors import ErrorClass, NotConfigured, ProviderError
from pilar.providers.models import ProviderCall
from pilar.providers.stripe import checkout, customers, invoices, portal, subscriptions
from pilar.providers.stripe.shapes import CheckoutSession
from tests.providers.conftest import Sandbox

pytestmark = pytest.mark.django_db


def create(key: str = "checkout:1:1", plan: str = "BASIC") -> CheckoutSession:
    return checkout.create_session(
        plan=plan,
        email="owner@studio.test",
        reference="sign-up-1",
        metadata={"plan": plan, "affiliate": "abc"},
        success_url="http://127.0.0.1/return?session={CHECKOUT_SESSION_ID}",
        cancel_url="http://127.0.0.1/pricing",
        idempotency_key=key,
    )


def paid(sandbox: Sandbox) -> CheckoutSession:
    made = sandbox.post("/_control/checkout", email="owner@studio.test", name="Studio Eins", plan="PRO")
    return checkout.retrieve(made["sessionId"])


def failing(sandbox: Sandbox, kind: str, **fault: object) -> ProviderError:
    sandbox.fault("stripe", kind, operation="checkout.sessions.create", **fault)
    with pytest.raises(ProviderError) as found:
        create()
    return found.value


def test_a_session_is_made_once_for_one_key(sandbox: Sandbox) -> None:
    assert create().id == create().id
    assert create("checkout:1:2").id != create().id


def test_a_session_can_be_read_again(sandbox: Sandbox) -> None:
    made = create()
    found = checkout.retrieve(made.id)
    assert (found.client_reference_id, found.metadata["affiliate"], found.provisions) == ("sign-up-1", "abc", False)
    assert made.url


@pytest.mark.parametrize(
    ("facts", "email"),
    [
        ({"customer_details": {"email": "typed@x.test"}, "customer_email": "given@x.test"}, "typed@x.test"),
        ({"customer_details": {"email": None}, "customer_email": "given@x.test"}, "given@x.test"),
        ({"customer_details": None, "customer_email": "given@x.test"}, "given@x.test"),
        ({}, ""),
    ],
)
def test_a_session_tells_whom_the_studio_goes_to(facts: dict[str, object], email: str) -> None:
    assert CheckoutSession.model_validate({"id": "cs_1", **facts}).email == email


def test_a_trial_counts_as_paid(sandbox: Sandbox) -> None:
    session = paid(sandbox)
    assert (session.payment_status, session.provisions) == ("no_payment_required", True)


def test_a_subscription_tells_its_period_and_price(sandbox: Sandbox) -> None:
    subscription = subscriptions.retrieve(paid(sandbox).subscription or "")
    assert (subscription.status, subscription.price_id) == ("trialing", "price_pro")
    assert subscription.current_period_end > subscription.created
    assert subscription.metadata["plan"] == "PRO"


def test_an_invoice_names_its_subscription(sandbox: Sandbox) -> None:
    session = paid(sandbox)
    (invoice,) = invoices.list_for(session.customer or "")
    assert invoice.subscription == session.subscription
    assert invoices.retrieve(invoice.id) == invoice


def test_a_customer_and_the_way_to_the_portal(sandbox: Sandbox) -> None:
    customer = customers.retrieve(paid(sandbox).customer or "")
    assert customer.email == "owner@studio.test"
    assert portal.create(customer=customer.id, return_url="http://127.0.0.1/").startswith("http")


def test_the_providers_own_request_id_is_kept(sandbox: Sandbox) -> None:
    create()
    from pilar.backplane.tenancy import PLATFORM, atomic, tenant

    with tenant(PLATFORM), atomic():
        assert ProviderCall.objects.get().request_id.startswith("req_")


@pytest.mark.parametrize(
    ("status", "kind", "ambiguous"),
    [
        (400, ErrorClass.CONFIGURATION_ERROR, False),
        (401, ErrorClass.THIRD_PARTY_AUTH_FAILED, False),
        (402, ErrorClass.PROVISIONING_ERROR, False),
        (429, ErrorClass.RATE_LIMITED, False),
        (500, ErrorClass.TRANSIENT_NETWORK, True),
        (503, ErrorClass.TRANSIENT_NETWORK, True),
    ],
)
def test_each_refusal_has_its_class(sandbox: Sandbox, status: int, kind: ErrorClass, ambiguous: bool) -> None:
    found = failing(sandbox, "status", status=status)
    assert (found.error_class, found.ambiguous, found.status) == (kind, ambiguous, status)


@pytest.mark.parametrize("kind", ["garbage", "reset", "lost-answer"])
def test_an_answer_that_is_none_leaves_the_outcome_open(sandbox: Sandbox, kind: str) -> None:
    found = failing(sandbox, kind)
    assert (found.error_class, found.ambiguous) == (ErrorClass.TRANSIENT_NETWORK, True)


def test_an_answer_lost_after_the_work_is_found_again_by_the_key(sandbox: Sandbox) -> None:
    failing(sandbox, "lost-answer", count=1)
    create()
    assert sandbox.get("/_control/state")["stripe"]["sessions"] == 1


def test_without_a_key_nothing_is_called(db: None, settings: Settings) -> None:
    settings.STRIPE_SECRET_KEY = ""
    with pytest.raises(NotConfigured):
        create()


def test_a_plan_without_a_price_says_which_setting_is_missing(sandbox: Sandbox, settings: Settings) -> None:
    settings.STRIPE_PRICES = {"BASIC": ""}
    with pytest.raises(NotConfigured, match="STRIPE_PRICE_BASIC"):
        create()
