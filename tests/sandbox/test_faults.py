"""Faults on demand, on calls and on webhooks."""

import time

import httpx
import pytest
import stripe

from pilar.sandbox.faults import KINDS
from tests.sandbox.serving import HTTP, Sandbox, eventually
from tests.sandbox.stripe_client import SECRET, client_of, events_at, paid


def _webhooks(sandbox: Sandbox, kind: str) -> int:
    return [event.type for event in events_at(sandbox)].count(kind)


def test_a_status_fault_answers_in_the_providers_shape(sandbox: Sandbox) -> None:
    sandbox.fault("stripe", "*", status=429, retryAfter=7)
    with pytest.raises(stripe.RateLimitError) as limited:
        client_of(sandbox).v1.customers.list()
    assert limited.value.headers["retry-after"] == "7"  # type: ignore[index]


def test_a_fault_is_used_up(sandbox: Sandbox) -> None:
    sandbox.fault("stripe", "customers.list", count=2)
    client = client_of(sandbox)
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            client.v1.customers.list()
    assert client.v1.customers.list().data == []


def test_a_fault_hits_only_its_operation(sandbox: Sandbox) -> None:
    sandbox.fault("stripe", "customers.create", count=None)
    assert client_of(sandbox).v1.customers.list().data == []


def test_faults_are_cleared(sandbox: Sandbox) -> None:
    sandbox.fault("stripe", "*", count=None)
    HTTP.delete(f"{sandbox.url}/_control/faults")
    assert client_of(sandbox).v1.customers.list().data == []


def test_a_reset_gives_no_answer_and_no_effect(sandbox: Sandbox) -> None:
    sandbox.fault("stripe", "customers.create", kind="reset")
    with pytest.raises(stripe.APIConnectionError):
        client_of(sandbox).v1.customers.create({"name": "x"})
    assert sandbox.world.stripe.summary()["customers"] == 0


def test_a_lost_answer_has_its_effect(sandbox: Sandbox) -> None:
    sandbox.fault("stripe", "customers.create", kind="lost-answer")
    with pytest.raises(stripe.APIConnectionError):
        client_of(sandbox).v1.customers.create({"name": "x"})
    assert sandbox.world.stripe.summary()["customers"] == 1


def test_a_timeout_holds_the_caller(sandbox: Sandbox) -> None:
    sandbox.fault("elevenlabs", "*", kind="timeout", latencyMs=5_000)
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{sandbox.url}/v2/voices", timeout=0.2)


def test_garbage_is_not_json(sandbox: Sandbox) -> None:
    sandbox.fault("elevenlabs", "*", kind="garbage")
    with pytest.raises(ValueError, match="Expecting value"):
        HTTP.get(f"{sandbox.url}/v2/voices").json()


def test_latency_is_waited_for(sandbox: Sandbox) -> None:
    sandbox.post("/_control/latency", provider="elevenlabs", ms=120)
    started = time.monotonic()
    HTTP.get(f"{sandbox.url}/v2/voices")
    assert time.monotonic() - started >= 0.12


def test_a_webhook_comes_twice(sandbox: Sandbox) -> None:
    sandbox.fault("stripe", "*", kind="duplicate", count=None)
    paid(sandbox)
    eventually(lambda: _webhooks(sandbox, "checkout.session.completed") == 2)


def test_a_webhook_with_an_old_timestamp_fails_the_check(sandbox: Sandbox) -> None:
    sandbox.fault("stripe", "webhooks.invoice.paid", kind="timeout")
    paid(sandbox)
    body = eventually(lambda: [one for one in sandbox.product.received if b'"type": "invoice.paid"' in one.body])[0]
    with pytest.raises(stripe.SignatureVerificationError, match="tolerance"):
        stripe.Webhook.construct_event(body.body, body.headers["stripe-signature"], SECRET)


def test_a_forged_webhook_fails_the_check(sandbox: Sandbox) -> None:
    sandbox.fault("stripe", "webhooks.invoice.paid", kind="garbage")
    paid(sandbox)
    body = eventually(lambda: [one for one in sandbox.product.received if b'"type": "invoice.paid"' in one.body])[0]
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body.body, body.headers["stripe-signature"], SECRET)


def test_a_webhook_whose_answer_is_lost_comes_again(sandbox: Sandbox) -> None:
    sandbox.fault("stripe", "webhooks.invoice.paid", kind="lost-answer")
    paid(sandbox)
    eventually(lambda: _webhooks(sandbox, "invoice.paid") == 2)


def test_a_plain_fault_spares_the_webhooks(sandbox: Sandbox) -> None:
    sandbox.fault("stripe", "never.called", count=None)
    paid(sandbox)
    eventually(lambda: _webhooks(sandbox, "checkout.session.completed") == 1)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"provider": "paypal", "kind": "reset"},
        {"provider": "stripe", "kind": "meteor"},
        {"provider": "stripe", "kind": "slow", "latencyMs": -1},
        {"provider": "stripe", "kind": "status", "count": "many"},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(sandbox: Sandbox, body: dict[str, object]) -> None:
    answer = HTTP.post(f"{sandbox.url}/_control/faults", json=body)
    assert (answer.status_code, "error" in answer.json()) == (400, True)


def test_every_kind_of_the_contract_is_known(sandbox: Sandbox) -> None:
    assert set(KINDS) == {"status", "timeout", "reset", "garbage", "slow", "duplicate", "lost-answer"}
