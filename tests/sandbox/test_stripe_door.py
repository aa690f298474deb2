"""Key, version, parameters, idempotency: what Stripe refuses before it works."""

import threading

import httpx
import pytest
import stripe

from tests.sandbox.serving import HTTP, Sandbox, eventually
from tests.sandbox.stripe_client import KEY, client_of, wishes


def test_a_wrong_key_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(stripe.AuthenticationError):
        client_of(sandbox, key="sk_test_other").v1.customers.list()


def test_a_missing_key_is_refused(sandbox: Sandbox) -> None:
    assert HTTP.get(f"{sandbox.url}/v1/customers").status_code == 401


def test_another_api_version_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="Invalid Stripe API version"):
        client_of(sandbox, version="2024-06-20").v1.customers.list()


def test_every_answer_carries_a_request_id(sandbox: Sandbox) -> None:
    made = client_of(sandbox).v1.customers.create({"email": "a@studio.test"})
    assert made.last_response.headers["request-id"].startswith("req_")


def test_an_unknown_url_is_named(sandbox: Sandbox) -> None:
    answer = HTTP.get(f"{sandbox.url}/v1/unicorns", headers={"authorization": f"Bearer {KEY}"})
    assert "Unrecognized request URL (GET: /v1/unicorns)" in answer.json()["error"]["message"]


def test_a_json_body_is_refused_on_v1(sandbox: Sandbox) -> None:
    headers = {"authorization": f"Bearer {KEY}"}
    answer = HTTP.post(f"{sandbox.url}/v1/customers", json={"email": "a@studio.test"}, headers=headers)
    assert answer.status_code == 400


def _refused(sandbox: Sandbox, **more: object) -> stripe.InvalidRequestError:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client_of(sandbox).v1.checkout.sessions.create(wishes(**more))
    return refusal.value


@pytest.mark.parametrize(
    ("more", "code", "param"),
    [
        ({"payment_method_types": ["card"]}, "parameter_unknown", "payment_method_types"),
        ({"mode": "sometimes"}, "parameter_invalid", "mode"),
        ({"line_items": [{"price": "price_none", "quantity": 1}]}, "resource_missing", "line_items[0][price]"),
        ({"line_items": [{"price": "price_pro", "quantity": "x"}]}, "parameter_invalid_integer", None),
        ({"line_items": [{"price": "price_pro", "amount": 1}]}, "parameter_unknown", "line_items[0][amount]"),
        ({"client_reference_id": "x" * 201}, "parameter_invalid", "client_reference_id"),
        ({"customer": "cus_none"}, "resource_missing", "customer"),
        ({"success_url": "done"}, "url_invalid", "success_url"),
        ({"expires_at": 1}, "parameter_invalid", "expires_at"),
        ({"metadata": {"k": "v" * 501}}, "parameter_invalid", "metadata"),
        ({"customer_email": ""}, "parameter_invalid_empty", "customer_email"),
    ],
)
def test_a_checkout_session_is_refused(sandbox: Sandbox, more: dict[str, object], code: str, param: str | None) -> None:
    refusal = _refused(sandbox, **more)
    assert refusal.code == code
    assert param is None or refusal.param == param


def test_a_trial_of_zero_days_is_refused(sandbox: Sandbox) -> None:
    assert "minimum number of trial" in str(_refused(sandbox, subscription_data={"trial_period_days": 0}))


def test_customer_and_customer_email_exclude_each_other(sandbox: Sandbox) -> None:
    customer = client_of(sandbox).v1.customers.create({"email": "a@studio.test"})
    assert "only specify one" in str(_refused(sandbox, customer=customer.id, customer_email="b@studio.test"))


def test_promotion_codes_and_discounts_exclude_each_other(sandbox: Sandbox) -> None:
    refusal = _refused(sandbox, allow_promotion_codes=True, discounts=[{"coupon": "c"}])
    assert "only specify one" in str(refusal)


def test_automatic_tax_needs_leave_to_store_the_address(sandbox: Sandbox) -> None:
    customer = client_of(sandbox).v1.customers.create({"email": "a@studio.test"})
    refusal = _refused(sandbox, customer=customer.id, automatic_tax={"enabled": True})
    assert refusal.code == "customer_tax_location_invalid"


def test_the_same_key_gives_the_same_answer(sandbox: Sandbox) -> None:
    client = client_of(sandbox)
    first = client.v1.customers.create({"email": "a@studio.test"}, {"idempotency_key": "k"})
    again = client.v1.customers.create({"email": "a@studio.test"}, {"idempotency_key": "k"})
    assert (again.id, again.last_response.headers["idempotent-replayed"]) == (first.id, "true")


def test_the_same_key_with_other_parameters_is_refused(sandbox: Sandbox) -> None:
    client = client_of(sandbox)
    client.v1.customers.create({"email": "a@studio.test"}, {"idempotency_key": "k"})
    with pytest.raises(stripe.IdempotencyError):
        client.v1.customers.create({"email": "b@studio.test"}, {"idempotency_key": "k"})


def test_the_same_key_for_another_endpoint_is_refused(sandbox: Sandbox) -> None:
    client = client_of(sandbox)
    client.v1.products.create({"name": "x"}, {"idempotency_key": "k"})
    with pytest.raises(stripe.IdempotencyError):
        client.v1.customers.create({"name": "x"}, {"idempotency_key": "k"})


def test_a_refused_request_may_be_corrected_under_the_same_key(sandbox: Sandbox) -> None:
    client = client_of(sandbox)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.create({"email": "nonsense"}, {"idempotency_key": "k"})
    assert client.v1.customers.create({"email": "a@studio.test"}, {"idempotency_key": "k"}).id


def test_a_key_in_flight_is_a_conflict(sandbox: Sandbox) -> None:
    client = client_of(sandbox)
    sandbox.fault("stripe", "customers.create", kind="slow", latencyMs=400)
    slow = threading.Thread(target=client.v1.customers.create, args=({"name": "x"}, {"idempotency_key": "k"}))
    slow.start()
    eventually(lambda: sandbox.world.stripe.in_flight)
    with pytest.raises(stripe.APIError) as conflict:
        client.v1.customers.create({"name": "x"}, {"idempotency_key": "k"})
    slow.join()
    assert conflict.value.http_status == 409


def test_an_answer_lost_after_the_work_is_replayed_to_the_retry(sandbox: Sandbox) -> None:
    client = client_of(sandbox)
    sandbox.fault("stripe", "customers.create", kind="lost-answer")
    with pytest.raises(stripe.APIConnectionError):
        client.v1.customers.create({"name": "x"}, {"idempotency_key": "k"})
    again = client.v1.customers.create({"name": "x"}, {"idempotency_key": "k"})
    assert [one.id for one in client.v1.customers.list().data] == [again.id]


def test_expand_replaces_ids_by_objects(sandbox: Sandbox) -> None:
    client = client_of(sandbox)
    session = client.v1.checkout.sessions.create(wishes())
    HTTP.post(f"{sandbox.url}/checkout/{session.id}")
    found = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription.latest_invoice", "line_items"]})
    assert found.subscription.latest_invoice.status == "paid"
    assert found.line_items.data[0].price.id == "price_pro"


def test_lists_page_by_cursor(sandbox: Sandbox) -> None:
    client = client_of(sandbox)
    made = [client.v1.customers.create({"name": str(index)}).id for index in range(5)]
    page = client.v1.customers.list({"limit": 2})
    assert [one.id for one in page.auto_paging_iter()] == made[::-1]


def test_customers_are_found_by_our_own_id(sandbox: Sandbox) -> None:
    client = client_of(sandbox)
    client.v1.customers.create({"metadata": {"workspace": "w1"}})
    wanted = client.v1.customers.create({"metadata": {"workspace": "w2"}})
    found = client.v1.customers.search({"query": "metadata['workspace']:'w2'"})
    assert [one.id for one in found.data] == [wanted.id]


@pytest.mark.parametrize("body", [b"a[=1", b"a=1&a[b]=2", b"\xff\xfe", b"[x]=1"])
def test_a_broken_form_is_refused_and_not_a_crash(sandbox: Sandbox, body: bytes) -> None:
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/x-www-form-urlencoded"}
    answer: httpx.Response = HTTP.post(f"{sandbox.url}/v1/customers", content=body, headers=headers)
    assert answer.status_code == 400
