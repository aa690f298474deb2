"""From the hosted checkout through renewal, failure and refund to the end."""

from typing import Any
from urllib.parse import urlsplit

import pytest
import stripe

from tests.sandbox.serving import HTTP, Sandbox, eventually
from tests.sandbox.stripe_client import CONNECT_SECRET, client_of, events_at, on_page, paid, wishes


def _types(sandbox: Sandbox) -> set[str]:
    return {event.type for event in events_at(sandbox)}


def test_pressing_pay_makes_a_trialing_subscription(sandbox: Sandbox) -> None:
    session = paid(sandbox)
    subscription = client_of(sandbox).v1.subscriptions.retrieve(session.subscription)
    assert (session.status, session.payment_status) == ("complete", "no_payment_required")
    assert (subscription.status, subscription.metadata["signup"]) == ("trialing", "s1")


def test_the_period_is_on_the_item_and_not_on_the_subscription(sandbox: Sandbox) -> None:
    subscription = client_of(sandbox).v1.subscriptions.retrieve(paid(sandbox).subscription)
    assert subscription["items"].data[0].current_period_end == subscription.trial_end
    assert not hasattr(subscription, "current_period_end")


def test_the_invoice_names_its_subscription_in_its_parent(sandbox: Sandbox) -> None:
    session = paid(sandbox)
    invoice = client_of(sandbox).v1.invoices.retrieve(session.invoice)
    assert invoice.parent.subscription_details.subscription == session.subscription
    assert not hasattr(invoice, "subscription")


def test_the_page_sends_the_payer_back_with_the_session(sandbox: Sandbox) -> None:
    session = client_of(sandbox).v1.checkout.sessions.create(wishes())
    answer = on_page(sandbox, session.url)
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        f"http://product.test/done?session={session.id}",
    )


def test_a_session_is_paid_once(sandbox: Sandbox) -> None:
    session = paid(sandbox)
    assert HTTP.post(f"{sandbox.url}/checkout/{session.id}").status_code == 400
    assert len(client_of(sandbox).v1.subscriptions.list({"status": "all"}).data) == 1


def test_a_declined_card_leaves_the_session_open_and_nothing_behind(sandbox: Sandbox) -> None:
    client = client_of(sandbox)
    session = client.v1.checkout.sessions.create(wishes())
    answer = on_page(sandbox, session.url, means="declined")
    assert (answer.status_code, "declined" in answer.text) == (402, True)
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"
    assert client.v1.customers.list().data == []


def test_the_webhooks_are_signed_and_carry_the_session(sandbox: Sandbox) -> None:
    session = paid(sandbox)
    eventually(lambda: {"checkout.session.completed", "customer.subscription.created"} <= _types(sandbox))
    done = next(event for event in events_at(sandbox) if event.type == "checkout.session.completed")
    assert (done.data.object.id, done.api_version) == (session.id, "2026-10-28.endive")


def test_a_debit_is_unpaid_until_it_settles(sandbox: Sandbox) -> None:
    session = paid(sandbox, means="sepa", subscription_data={})
    assert session.payment_status == "unpaid"
    eventually(lambda: "checkout.session.async_payment_succeeded" in _types(sandbox))
    assert client_of(sandbox).v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_a_debit_that_bounces_leaves_the_subscription_past_due(sandbox: Sandbox) -> None:
    session = paid(sandbox, means="sepa_fails", subscription_data={})
    eventually(lambda: "checkout.session.async_payment_failed" in _types(sandbox))
    assert client_of(sandbox).v1.subscriptions.retrieve(session.subscription).status == "past_due"


def test_without_a_trial_the_price_is_charged_with_german_tax(sandbox: Sandbox) -> None:
    session = paid(sandbox, subscription_data={}, automatic_tax={"enabled": True})
    assert (session.payment_status, session.amount_total) == ("paid", 29_631)


def test_a_renewal_charges_and_moves_the_period(sandbox: Sandbox) -> None:
    client, session = client_of(sandbox), paid(sandbox)
    before = client.v1.subscriptions.retrieve(session.subscription)
    assert sandbox.post("/_control/stripe/renew", subscription=session.subscription)["outcome"] == "paid"
    after = client.v1.subscriptions.retrieve(session.subscription)
    assert after.status == "active"
    assert after["items"].data[0].current_period_end > before["items"].data[0].current_period_end


def test_a_card_that_fails_later_makes_the_renewal_past_due(sandbox: Sandbox) -> None:
    session = paid(sandbox, means="fails_later")
    sandbox.post("/_control/stripe/renew", subscription=session.subscription)
    eventually(lambda: "invoice.payment_failed" in _types(sandbox))
    failed = next(event for event in events_at(sandbox) if event.type == "invoice.payment_failed").data.object
    assert (failed.attempt_count, failed.next_payment_attempt > failed.created) == (1, True)
    assert client_of(sandbox).v1.subscriptions.retrieve(session.subscription).status == "past_due"


def test_a_new_card_in_the_portal_pays_what_is_owed(sandbox: Sandbox) -> None:
    client, session = client_of(sandbox), paid(sandbox, means="fails_later")
    sandbox.post("/_control/stripe/renew", subscription=session.subscription)
    portal = client.v1.billing_portal.sessions.create({"customer": session.customer, "return_url": "http://p.test"})
    assert on_page(sandbox, portal.url, do="card", means="good").status_code == 303
    assert client.v1.subscriptions.retrieve(session.subscription).status == "active"


def test_the_portal_cancels_at_the_end_and_takes_it_back(sandbox: Sandbox) -> None:
    client, session = client_of(sandbox), paid(sandbox)
    portal = client.v1.billing_portal.sessions.create({"customer": session.customer, "return_url": "http://p.test"})
    on_page(sandbox, portal.url, do="cancel")
    assert client.v1.subscriptions.retrieve(session.subscription).cancel_at_period_end
    on_page(sandbox, portal.url, do="resume")
    assert client.v1.subscriptions.retrieve(session.subscription).cancel_at is None


def test_the_portal_changes_the_plan(sandbox: Sandbox) -> None:
    client, session = client_of(sandbox), paid(sandbox)
    portal = client.v1.billing_portal.sessions.create({"customer": session.customer, "return_url": "http://p.test"})
    on_page(sandbox, portal.url, do="plan", price="price_basic")
    assert client.v1.subscriptions.retrieve(session.subscription)["items"].data[0].price.id == "price_basic"


def test_an_update_tells_what_it_was_before(sandbox: Sandbox) -> None:
    session = paid(sandbox)
    client_of(sandbox).v1.subscriptions.update(session.subscription, {"cancel_at_period_end": True})
    eventually(lambda: "customer.subscription.updated" in _types(sandbox))
    event = next(event for event in events_at(sandbox) if event.type == "customer.subscription.updated")
    assert event.data.previous_attributes["cancel_at_period_end"] is False


def test_a_canceled_subscription_is_gone_from_the_list(sandbox: Sandbox) -> None:
    client, session = client_of(sandbox), paid(sandbox)
    assert client.v1.subscriptions.cancel(session.subscription).status == "canceled"
    assert client.v1.subscriptions.list({"customer": session.customer}).data == []
    eventually(lambda: "customer.subscription.deleted" in _types(sandbox))


@pytest.mark.parametrize(
    ("ending", "status"), [("cancel", "canceled"), ("pause", "paused"), ("create_invoice", "past_due")]
)
def test_a_trial_without_a_card_ends_as_wished(sandbox: Sandbox, ending: str, status: str) -> None:
    data = {"trial_period_days": 14, "trial_settings": {"end_behavior": {"missing_payment_method": ending}}}
    session = paid(sandbox, means="none", payment_method_collection="if_required", subscription_data=data)
    sandbox.post("/_control/stripe/renew", subscription=session.subscription)
    assert client_of(sandbox).v1.subscriptions.retrieve(session.subscription).status == status


def test_the_way_from_a_charge_to_its_invoice(sandbox: Sandbox) -> None:
    client, session = client_of(sandbox), paid(sandbox, subscription_data={})
    charge = client.v1.charges.list({"customer": session.customer}).data[0]
    payment = {"type": "payment_intent", "payment_intent": charge.payment_intent}
    assert client.v1.invoice_payments.list({"payment": payment}).data[0].invoice == session.invoice


def test_refunds_add_up_to_the_charge(sandbox: Sandbox) -> None:
    client, session = client_of(sandbox), paid(sandbox, subscription_data={})
    charge = client.v1.charges.list({"customer": session.customer}).data[0]
    client.v1.refunds.create({"charge": charge.id, "amount": 900})
    client.v1.refunds.create({"charge": charge.id})
    assert client.v1.charges.retrieve(charge.id).refunded
    with pytest.raises(stripe.InvalidRequestError, match="already been refunded"):
        client.v1.refunds.create({"charge": charge.id})


def test_a_credit_note_corrects_an_invoice_and_pays_back(sandbox: Sandbox) -> None:
    client, session = client_of(sandbox), paid(sandbox, subscription_data={})
    note = client.v1.credit_notes.create({"invoice": session.invoice, "amount": 900, "refund_amount": 900})
    assert (note.type, note.post_payment_amount, note.refunds[0].amount_refunded) == ("post_payment", 900, 900)
    assert client.v1.refunds.retrieve(str(note.refunds[0].refund)).amount == 900
    assert [one.id for one in client.v1.credit_notes.list({"customer": session.customer}).data] == [note.id]
    eventually(lambda: {"credit_note.created", "charge.refunded", "refund.created"} <= _types(sandbox))
    with pytest.raises(stripe.InvalidRequestError, match="can no longer be voided"):
        client.v1.credit_notes.void_credit_note(note.id)


def test_a_credit_lowers_the_balance_until_it_is_taken_back(sandbox: Sandbox) -> None:
    client, session = client_of(sandbox), paid(sandbox, subscription_data={})
    note = client.v1.credit_notes.create({"invoice": session.invoice, "amount": 900, "credit_amount": 900})
    assert client.v1.customers.retrieve(session.customer).balance == -900
    assert client.v1.credit_notes.void_credit_note(note.id).status == "void"
    assert client.v1.customers.retrieve(session.customer).balance == 0


def test_no_more_is_credited_than_was_invoiced(sandbox: Sandbox) -> None:
    client, session = client_of(sandbox), paid(sandbox, subscription_data={})
    total = client.v1.invoices.retrieve(session.invoice).total
    client.v1.credit_notes.create({"invoice": session.invoice, "amount": total, "credit_amount": total})
    with pytest.raises(stripe.InvalidRequestError, match="more than is left"):
        client.v1.credit_notes.create({"invoice": session.invoice, "amount": 1, "credit_amount": 1})


def test_a_refund_may_fail_after_all(sandbox: Sandbox) -> None:
    client, session = client_of(sandbox), paid(sandbox, subscription_data={})
    charge = client.v1.charges.list({"customer": session.customer}).data[0]
    made = client.v1.refunds.create({"charge": charge.id})
    sandbox.post("/_control/stripe/fail-refund", refund=made.id)
    assert client.v1.refunds.retrieve(made.id).status == "failed"
    assert client.v1.charges.retrieve(charge.id).amount_refunded == 0


def test_a_payment_link_names_plan_and_studio_on_session_and_subscription(sandbox: Sandbox) -> None:
    made = sandbox.post("/_control/checkout", email="o@s.test", name="Fit", plan="PRO", affiliate="ANNA")
    client = client_of(sandbox)
    session = client.v1.checkout.sessions.retrieve(made["sessionId"])
    subscription = client.v1.subscriptions.retrieve(made["subscriptionId"])
    wanted = {"plan": "PRO", "studio": "Fit", "country": "DE", "affiliate": "ANNA"}
    assert (session.metadata.to_dict(), subscription.metadata.to_dict()) == (wanted, wanted)
    assert (session.client_reference_id, session.customer_details.email) == (None, "o@s.test")


def test_the_same_event_can_be_sent_many_times(sandbox: Sandbox) -> None:
    paid(sandbox)
    eventually(lambda: "checkout.session.completed" in _types(sandbox))
    sandbox.post("/_control/stripe/redeliver", event="checkout.session.completed", times=20)
    eventually(lambda: [event.type for event in events_at(sandbox)].count("checkout.session.completed") == 21)


def test_what_was_not_delivered_can_be_listed_to_catch_up(sandbox: Sandbox) -> None:
    sandbox.fault("stripe", "webhooks.invoice.paid", kind="slow", latencyMs=60_000)
    paid(sandbox)
    eventually(lambda: "checkout.session.completed" in _types(sandbox))
    missed = client_of(sandbox).v1.events.list({"delivery_success": False, "types": ["invoice.paid"]})
    assert [event.type for event in missed.data] == ["invoice.paid"]


def _onboarded(sandbox: Sandbox) -> str:
    client = client_of(sandbox)
    account = client.v2.core.accounts.create(
        {
            "contact_email": "partner@anna.test",
            "display_name": "Anna",
            "dashboard": "express",
            "identity": {"country": "de", "entity_type": "individual"},
            "configuration": {
                "recipient": {"capabilities": {"stripe_balance": {"stripe_transfers": {"requested": True}}}}
            },
        }
    )
    use_case = {"refresh_url": "http://p.test/again", "return_url": "http://p.test/back"}
    link = client.v2.core.account_links.create(
        {"account": account.id, "use_case": {"type": "account_onboarding", "account_onboarding": use_case}}
    )
    assert on_page(sandbox, link.url).headers["location"] == "http://p.test/back"
    return account.id


def test_a_recipient_is_restricted_until_onboarded(sandbox: Sandbox) -> None:
    client, account_id = client_of(sandbox), _onboarded(sandbox)
    account = client.v2.core.accounts.retrieve(account_id, {"include": ["configuration.recipient"]})
    assert account.configuration.recipient.capabilities.stripe_balance.stripe_transfers.status == "active"
    eventually(lambda: {"account.updated"} <= {event.type for event in events_at(sandbox, CONNECT_SECRET)})


def test_money_is_not_sent_to_who_has_not_onboarded(sandbox: Sandbox) -> None:
    client = client_of(sandbox)
    account = client.v1.accounts.create({"type": "express", "capabilities": {"transfers": {"requested": True}}})
    with pytest.raises(stripe.InvalidRequestError, match="capabilities enabled"):
        client.v1.transfers.create({"amount": 100, "currency": "eur", "destination": account.id})


def test_a_transfer_is_paid_out_and_can_be_reversed(sandbox: Sandbox) -> None:
    client, account_id = client_of(sandbox), _onboarded(sandbox)
    transfer = client.v1.transfers.create({"amount": 500, "currency": "eur", "destination": account_id})
    eventually(lambda: "payout.paid" in {event.type for event in events_at(sandbox, CONNECT_SECRET)})
    client.v1.transfers.reversals.create(transfer.id, {"amount": 200})
    assert client.v1.transfers.retrieve(transfer.id).amount_reversed == 200
    eventually(lambda: {"transfer.created", "transfer.reversed"} <= _types(sandbox))


def test_a_transfer_above_the_balance_is_refused(sandbox: Sandbox) -> None:
    account_id = _onboarded(sandbox)
    sandbox.post("/_control/stripe/balance", cents=99)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client_of(sandbox).v1.transfers.create({"amount": 100, "currency": "eur", "destination": account_id})
    assert refusal.value.code == "balance_insufficient"


def test_an_onboarding_link_works_once(sandbox: Sandbox) -> None:
    client, account_id = client_of(sandbox), _onboarded(sandbox)
    link = client.v1.account_links.create(
        {
            "account": account_id,
            "type": "account_onboarding",
            "refresh_url": "http://r.test",
            "return_url": "http://b.test",
        }
    )
    path = link.url.removeprefix("http://127.0.0.1:8001")
    assert HTTP.get(sandbox.url + path).status_code == 200
    assert HTTP.get(sandbox.url + path).headers["location"] == "http://r.test"


def _in_the_middle(sandbox: Sandbox) -> tuple[stripe.StripeClient, Any, int]:
    """A paid Basic subscription, and the moment at which half of its period is over."""
    client = client_of(sandbox)
    session = paid(sandbox, subscription_data={}, line_items=[{"price": "price_basic", "quantity": 1}])
    subscription = client.v1.subscriptions.retrieve(session.subscription)
    item = subscription["items"].data[0]
    return client, subscription, (item.current_period_start + item.current_period_end) // 2


def _to_pro(subscription: Any, **more: Any) -> Any:
    return {"items": [{"id": subscription["items"].data[0].id, "price": "price_pro"}], **more}


def test_a_preview_says_what_a_larger_plan_costs_now_and_changes_nothing(sandbox: Sandbox) -> None:
    client, subscription, half = _in_the_middle(sandbox)
    wish = _to_pro(subscription, proration_behavior="always_invoice", proration_date=half)
    draft = client.v1.invoices.create_preview({"subscription": subscription.id, "subscription_details": wish})
    assert [line.amount for line in draft.lines.data] == [-4950, 12450]
    assert (draft.amount_due, draft.status) == (7500, "draft")
    assert client.v1.subscriptions.retrieve(subscription.id)["items"].data[0].price.id == "price_basic"


def test_a_larger_plan_is_charged_as_previewed(sandbox: Sandbox) -> None:
    client, subscription, half = _in_the_middle(sandbox)
    wish = _to_pro(subscription, proration_behavior="always_invoice", proration_date=half)
    client.v1.subscriptions.update(subscription.id, wish)
    newest = client.v1.invoices.list({"subscription": subscription.id}).data[0]
    assert (newest.amount_paid, newest.billing_reason, newest.status) == (7500, "subscription_update", "paid")


def test_without_an_invoice_of_its_own_the_difference_waits_for_the_next(sandbox: Sandbox) -> None:
    client, subscription, half = _in_the_middle(sandbox)
    client.v1.subscriptions.update(subscription.id, _to_pro(subscription, proration_date=half))
    assert len(client.v1.invoices.list({"subscription": subscription.id}).data) == 1
    sandbox.post("/_control/stripe/renew", subscription=subscription.id)
    newest = client.v1.invoices.list({"subscription": subscription.id}).data[0]
    assert newest.amount_paid == 24_900 + 7_500


def test_nothing_is_prorated_in_a_trial(sandbox: Sandbox) -> None:
    client, session = client_of(sandbox), paid(sandbox)
    subscription = client.v1.subscriptions.retrieve(session.subscription)
    wish = {"items": [{"id": subscription["items"].data[0].id, "price": "price_basic"}]}
    draft = client.v1.invoices.create_preview({"subscription": subscription.id, "subscription_details": wish})
    assert (draft.amount_due, draft.created) == (9_900, subscription.trial_end)


def test_a_date_outside_of_the_period_is_refused(sandbox: Sandbox) -> None:
    client, subscription, _half = _in_the_middle(sandbox)
    with pytest.raises(stripe.InvalidRequestError, match="proration date"):
        client.v1.subscriptions.update(subscription.id, _to_pro(subscription, proration_date=1))


def test_an_invoice_can_be_printed(sandbox: Sandbox) -> None:
    invoice = client_of(sandbox).v1.invoices.retrieve(paid(sandbox).invoice)
    answer = HTTP.get(sandbox.url + urlsplit(invoice.invoice_pdf).path)
    assert (answer.status_code, answer.content[:5]) == (200, b"%PDF-")
