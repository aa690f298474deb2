"""Recorded Stripe events through the door, and answers of Stripe as the adapters read them."""

import json
import time
from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any, ClassVar

import pytest
import stripe
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from pilar.backplane.engine.inline import work_off
from pilar.backplane.models import AutopilotEvent, AutopilotJob
from pilar.backplane.tenancy import PLATFORM, all_tenants, atomic, tenant
from pilar.providers import routes
from pilar.providers.stripe import checkout, invoices, money_back, subscriptions
from tests.providers.misbehaving import StandIn, json_answer, server, standing_in
from tests.providers.recorded import recorded
from tests.providers.senders import post
from workspaces.models import Invoice, SignUp, Subscription, Workspace

pytestmark = pytest.mark.django_db
EVENTS, ANSWERS = recorded("stripe/events"), recorded("stripe/answers")


@pytest.fixture(autouse=True)
def _secrets(settings: Settings) -> None:
    settings.STRIPE_WEBHOOK_SECRETS, settings.STRIPE_CONNECT_WEBHOOK_SECRETS = ["whsec_new", "whsec_old"], ["whsec_c"]
    settings.STRIPE_SECRET_KEY, settings.STRIPE_PRICES = "sk_test_x", {"BASIC": "price_basic", "PRO": "price_pro"}


def deliver(client: Client, event: dict[str, Any], *, secret: str = "whsec_new") -> HttpResponse:
    body = json.dumps(event, indent=2, ensure_ascii=False)
    genuine = stripe.WebhookSignature.generate_signature_header(body, secret, int(time.time()))
    # While a secret is rolled Stripe signs with both, and test mode adds a v0.
    header = genuine.replace(",v1=", f",v1={'0' * 64},v1=") + f",v0={'1' * 64}"
    return post(client, "/api/webhooks/stripe", body.encode(), {"Stripe-Signature": header})


def trouble() -> list[str]:
    with all_tenants("a test looks for trouble"), atomic():
        return list(AutopilotJob.objects.exclude(error="").values_list("error", flat=True))


@pytest.mark.parametrize("name", [name for name in EVENTS if name != "checkout"])
def test_each_event_is_told_once_and_harms_nobody_without_a_studio(client: Client, name: str) -> None:
    assert [deliver(client, EVENTS[name]).status_code for _ in range(2)] == [200, 200]
    work_off(["webhooks", "events"])
    with tenant(PLATFORM), atomic():
        assert AutopilotEvent.objects.get().payload["type"] == EVENTS[name]["type"]
    assert trouble() == []


@pytest.mark.parametrize("secret", ["whsec_new", "whsec_old", "whsec_c"])
def test_every_active_secret_is_accepted(client: Client, secret: str) -> None:
    assert deliver(client, EVENTS["of_next_year"], secret=secret).status_code == 200


@pytest.mark.parametrize("broken", [{"related_object": "text"}, {"data": []}, {"data": {"object": "cus_1"}}])
def test_an_event_without_an_object_is_taken(client: Client, broken: dict[str, Any]) -> None:
    event = {"id": "evt_1", "object": "event", "type": "x.y", "created": 1763459990} | broken
    assert deliver(client, event).status_code == 200


@pytest.mark.parametrize("name", ["session", "session_expanded"])
def test_a_session_is_read_with_ids_and_expanded(settings: Settings, name: str) -> None:
    with server(json_answer(json.dumps(ANSWERS[name]).encode())) as settings.STRIPE_API_BASE:
        found = checkout.retrieve("cs_test_b1")
    assert (found.customer, found.subscription, found.provisions) == ("cus_test_1", "sub_test_1", True)
    assert (found.metadata, found.customer_details and found.customer_details.tax_number) == ({}, "DE123456789")


@pytest.mark.parametrize("name", ["subscription", "subscription_expanded", "subscription_of_an_old_version"])
def test_a_subscription_is_read_in_each_form(settings: Settings, name: str) -> None:
    with server(json_answer(json.dumps(ANSWERS[name]).encode())) as settings.STRIPE_API_BASE:
        found = subscriptions.retrieve("sub_test_1")
    assert (found.customer, found.latest_invoice, found.price_id) == ("cus_test_1", "in_test_1", "price_basic")
    assert int(found.current_period_end.timestamp()) == 1764669550


@pytest.mark.parametrize("name", ["invoice", "invoice_expanded", "invoice_of_an_old_version"])
def test_an_invoice_names_its_subscription_in_each_form(settings: Settings, name: str) -> None:
    with server(json_answer(json.dumps(ANSWERS[name]).encode())) as settings.STRIPE_API_BASE:
        found = invoices.retrieve("in_test_1")
    assert (found.customer, found.subscription) == ("cus_test_1", "sub_test_1")


def test_the_plan_is_found_among_other_things_that_were_sold(settings: Settings) -> None:
    answer = json.loads(json.dumps(ANSWERS["subscription"]))
    (plan,) = answer["items"]["data"]
    answer["items"]["data"] = [plan | {"id": "si_towels", "price": plan["price"] | {"id": "price_towels"}}, plan]
    with server(json_answer(json.dumps(answer).encode())) as settings.STRIPE_API_BASE:
        found = subscriptions.retrieve("sub_test_1")
    assert (found.price_id, found.item_id) == ("price_basic", plan["id"])


def test_a_payment_names_its_invoice_also_expanded(settings: Settings) -> None:
    link = {"id": "inpay_1", "object": "invoice_payment", "invoice": ANSWERS["invoice"]}
    body = json.dumps({"object": "list", "data": [link], "has_more": False, "url": "/v1/invoice_payments"})
    with server(json_answer(body.encode())) as settings.STRIPE_API_BASE:
        assert money_back.invoice_of("pi_1") == "in_test_1"


class _Remembering(StandIn):
    """A Stripe that has kept a failure under each of these keys and tells it again."""

    kept: ClassVar[set[str]] = {"key", "key:2"}
    asked: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        self.body()
        key = self.headers["Idempotency-Key"]
        self.asked.append(key)
        failure = {"error": {"type": "api_error", "message": "An unknown error occurred"}}
        answer = ANSWERS["subscription"] if "subscriptions" in self.path else ANSWERS["session"]
        if key in self.kept:
            self.say(failure, 500, {"Idempotent-Replayed": "true"})
        else:
            self.say(answer, headers={"Idempotent-Replayed": "false"})


WRITES: dict[str, Callable[[], Any]] = {
    "session": lambda: checkout.create_session(
        plan="BASIC",
        reference="sign-up-1",
        metadata={},
        success_url="https://pilar.example/return",
        cancel_url="https://pilar.example/checkout",
        idempotency_key="key",
    ),
    "subscription": lambda: subscriptions.end_with_period("sub_test_1", wanted=True, idempotency_key="key"),
}


@pytest.mark.parametrize("name", WRITES)
def test_a_failure_that_stripe_keeps_for_a_day_stops_nobody(settings: Settings, name: str) -> None:
    _Remembering.asked.clear()
    with standing_in(_Remembering) as settings.STRIPE_API_BASE:
        assert WRITES[name]().id in ("cs_test_b1", "sub_test_1")
    assert _Remembering.asked == ["key", "key:2", "key:3"]


class _Stripe(StandIn):
    """A Stripe that knows one purchase and otherwise nothing."""

    known: ClassVar[dict[str, Any]] = {
        "/v1/checkout/sessions/cs_test_b1": ANSWERS["session"],
        "/v1/subscriptions/sub_test_1": ANSWERS["subscription"],
        "/v1/invoices/in_test_1": ANSWERS["invoice"],
        "/v1/invoices": {"object": "list", "data": [ANSWERS["invoice"]], "has_more": False, "url": "/v1/invoices"},
    }

    def do_GET(self) -> None:
        found = self.known.get(self.path.partition("?")[0])
        missing = {"error": {"code": "resource_missing", "message": "No such thing", "type": "invalid_request_error"}}
        self.say(found or missing, 200 if found else 404)


@pytest.fixture
def purchase_at_stripe(settings: Settings) -> Iterator[None]:
    with standing_in(_Stripe) as settings.STRIPE_API_BASE:
        yield


@pytest.mark.usefixtures("purchase_at_stripe")
@pytest.mark.parametrize("order", list(permutations(["checkout", "subscription", "invoice_succeeded"])), ids="-".join)
def test_a_purchase_told_in_any_order_and_twice_founds_one_studio(client: Client, order: tuple[str, ...]) -> None:
    for name in (*order, *order):
        assert deliver(client, EVENTS[name]).status_code == 200
        work_off(["webhooks", "events"])
    assert trouble() == []
    with all_tenants("a test looks at what was made"), atomic():
        studio, bought = Workspace.objects.get(), Subscription.objects.get()
        assert (studio.name, bought.status, bought.plan_id) == ("Kraftwerk Beispiel GmbH", "trialing", "BASIC")
        assert (Invoice.objects.get().number, SignUp.objects.get().email) == ("KW-0001", "owner@kraftwerk.example")
        assert routes.find("stripe", "subscription", "sub_test_1") == studio.pk
