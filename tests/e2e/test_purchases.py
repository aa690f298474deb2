"""What Stripe tells of a purchase, twenty times at once and in every order, makes one studio."""

import json
import random
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import stripe

from tests.e2e.installation import Installation, Studio, wait_for

pytestmark = pytest.mark.processes
SECRET = "whsec_sandbox"


def signed(body: bytes, *, at: float | None = None) -> str:
    """Stripe's signature of a body, made with Stripe's own library."""
    moment = int(at or time.time())
    payload = f"{moment}.{body.decode(errors='replace')}"
    return f"t={moment},v1={stripe.WebhookSignature._compute_signature(payload, SECRET)}"  # type: ignore[no-untyped-call]


def deliver(product: Installation, event: dict[str, Any]) -> int:
    """Bring an event to the door as Stripe does; returns the status of the answer."""
    body = json.dumps(event).encode()
    headers = {"Stripe-Signature": signed(body), "Content-Type": "application/json"}
    return httpx.post(f"{product.product}/api/webhooks/stripe", content=body, headers=headers, timeout=30).status_code


def pay_unheard(product: Installation, email: str) -> list[dict[str, Any]]:
    """A customer pays, but Stripe's webhooks get lost; returns the events that Stripe has of it."""
    before = {event["id"] for event in product.sandbox.events()}
    product.sandbox.fault("stripe", "garbage", operation="webhooks.*")
    product.sandbox.post("checkout", email=email, name=email.partition("@")[0], plan="PRO", country="DE")
    product.sandbox.heal()
    sent = ("checkout.session.completed", "customer.subscription.created", "invoice.paid")
    return [event for event in product.sandbox.events() if event["id"] not in before and event["type"] in sent]


def founded(product: Installation, email: str) -> list[str]:
    rows = product.sql("SELECT workspace_id FROM workspaces_signup WHERE email = %s", email)
    return [str(workspace_id) for (workspace_id,) in rows if workspace_id]


def subaccount(product: Installation, workspace_id: str) -> int:
    return product.sandbox.made_for(workspace_id)["subaccounts"]


def test_one_event_told_twenty_times_at_once_gives_one_studio(product: Installation) -> None:
    email = "twenty@studio.test"
    events = pay_unheard(product, email)
    paid = next(event for event in events if event["type"] == "checkout.session.completed")
    with ThreadPoolExecutor(20) as crowd:
        answers = list(crowd.map(lambda _: deliver(product, paid), range(20)))
    assert set(answers) == {200}
    wait_for(lambda: founded(product, email) and subaccount(product, founded(product, email)[0]))
    assert len(founded(product, email)) == 1
    one_of_everything(product, founded(product, email)[0])


def one_of_everything(product: Installation, workspace_id: str) -> None:
    for table in ("workspaces_subscription", "provisioning_provisioningjob"):
        assert product.sql(f"SELECT count(*) FROM {table} WHERE workspace_id = %s", workspace_id) == [(1,)], table
    assert product.sql("SELECT count(*) FROM workspaces_workspace WHERE id = %s", workspace_id) == [(1,)]
    assert subaccount(product, workspace_id) == 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_events_of_a_purchase_in_any_order_give_one_studio(product: Installation, seed: int) -> None:
    email = f"order{seed}@studio.test"
    told = pay_unheard(product, email) * 3
    assert len(told) >= 9
    random.Random(seed).shuffle(told)
    assert {deliver(product, event) for event in told} == {200}
    wait_for(lambda: founded(product, email) and subaccount(product, founded(product, email)[0]))
    assert len(founded(product, email)) == 1
    one_of_everything(product, founded(product, email)[0])


def test_what_stripe_repeats_long_after_changes_nothing(product: Installation, studio: Studio) -> None:
    before = product.sandbox.made_for(studio.id), studio.progress()["id"], live_jobs(product, studio)
    known = product.sandbox.events()
    mine = [event for event in known if event["data"]["object"].get("customer") == customer_of(product, studio)]
    assert len(mine) >= 3
    assert {deliver(product, event) for event in mine for _ in range(3)} == {200}
    assert (product.sandbox.made_for(studio.id), studio.progress()["id"], live_jobs(product, studio)) == before


def customer_of(product: Installation, studio: Studio) -> str:
    query = "SELECT stripe_customer_id FROM workspaces_subscription WHERE workspace_id = %s"
    return str(product.sql(query, studio.id)[0][0])


def live_jobs(product: Installation, studio: Studio) -> list[tuple[Any, ...]]:
    query = "SELECT count(*) FROM autopilot_job WHERE workspace_id = %s AND type LIKE 'webhooks.%%'"
    return product.sql(query, studio.id)
