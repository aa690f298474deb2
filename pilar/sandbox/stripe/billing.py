"""The life of a subscription: it begins, is paid or not, renews, changes and ends. Emits the events of each."""

from __future__ import annotations

import asyncio
import copy

from pilar.sandbox.state import World, token
from pilar.sandbox.stripe import invoice_objects, objects
from pilar.sandbox.stripe.cards import Means, fate_of
from pilar.sandbox.stripe.errors import declined
from pilar.sandbox.stripe.events import emit
from pilar.sandbox.stripe.wire import Json

DAY = 86_400
# Smart retries: when the next attempt is planned after a failed one.
NEXT_ATTEMPT = 3 * DAY
LAST_ATTEMPT = 4
GERMAN_VAT_PERCENT = 19


def attach(world: World, customer: Json, means: Means) -> Json:
    """Give a customer a means of payment and make it the default.

    Raises:
        StripeError: 402, the card is refused at once.
    """
    if means.refused:
        raise declined(means.refused)
    method = world.stripe.put(
        objects.payment_method(
            now=world.now(),
            customer_id=customer["id"],
            kind=means.kind,
            last4=means.last4,
            email=customer["email"],
        )
    )
    customer["invoice_settings"]["default_payment_method"] = method["id"]
    emit(world, "payment_method.attached", method)
    return method


def start(
    world: World,
    *,
    customer: Json,
    price: Json,
    quantity: int = 1,
    trial_end: int | None = None,
    metadata: Json | None = None,
    method: Json | None = None,
    missing_payment_method: str = "create_invoice",
    automatic_tax: bool = False,
) -> Json:
    """Create a subscription and its first invoice, and try to collect it; returns the subscription."""
    subscription = world.stripe.put(
        objects.subscription(
            now=world.now(),
            customer_id=customer["id"],
            price=price,
            quantity=quantity,
            trial_end=trial_end,
            metadata=metadata or {},
            payment_method_id=method["id"] if method else None,
            missing_payment_method=missing_payment_method,
            automatic_tax=automatic_tax,
        )
    )
    customer["currency"] = price["currency"]
    first = bill(world, subscription, reason="subscription_create")
    # The first event shows the subscription as it was made; what the payment did to it follows.
    emit(world, "customer.subscription.created", subscription)
    collect(world, first)
    return subscription


def bill(world: World, subscription: Json, *, reason: str) -> Json:
    """Make and finalise the invoice of the current period with what stood over; nothing is due in a trial."""
    item = subscription["items"]["data"][0]
    free = subscription["status"] == "trialing"
    subtotal = 0 if free else item["price"]["unit_amount"] * item["quantity"]
    period = invoice_objects.period_line(subscription, item, subtotal)
    return _finalised(world, subscription, pending(world, subscription), [period], reason)


def bill_changes(world: World, subscription: Json) -> Json | None:
    """Make and finalise an invoice of what stands over alone; None when that is nothing."""
    entries = pending(world, subscription)
    return _finalised(world, subscription, entries, [], "subscription_update") if entries else None


def pending(world: World, subscription: Json) -> list[Json]:
    """The invoice items of a subscription that no invoice has taken up, oldest first."""
    found = [
        entry
        for entry in world.stripe.all("invoiceitem")
        if not entry["invoice"] and entry["parent"]["subscription_details"]["subscription"] == subscription["id"]
    ]
    return found[::-1]


def _finalised(world: World, subscription: Json, entries: list[Json], periods: list[Json], reason: str) -> Json:
    stripe = world.stripe
    lines = [*map(invoice_objects.prorated_line, entries), *periods]
    stripe.invoices_made += 1
    customer = stripe.get("customer", subscription["customer"])
    invoice = stripe.put(
        invoice_objects.invoice(
            now=world.now(),
            number=f"{customer['invoice_prefix']}-{stripe.invoices_made:04d}",
            own_url=world.settings.own_url,
            customer=customer,
            subscription=subscription,
            reason=reason,
            lines=lines,
            tax=tax_on(sum(line["amount"] for line in lines), subscription, customer),
        )
    )
    for entry in entries:
        entry["invoice"] = invoice["id"]
    customer["balance"] = invoice["ending_balance"]
    subscription["latest_invoice"] = invoice["id"]
    emit(world, "invoice.created", {**invoice, "status": "draft"})
    emit(world, "invoice.finalized", invoice)
    return invoice


def tax_on(cents: int, subscription: Json, customer: Json) -> int:
    """German VAT on top, in cents, when Stripe Tax is on and the customer sits in Germany."""
    country = (customer["address"] or {}).get("country")
    if not subscription["automatic_tax"]["enabled"] or country != "DE":
        return 0
    return round(cents * GERMAN_VAT_PERCENT / 100)


def collect(world: World, invoice: Json) -> str:
    """Try to collect an open invoice; returns what came of it: paid, processing or failed."""
    if invoice["amount_due"] == 0:
        _settle(world, invoice)
        return "paid"
    subscription = subscription_of(world, invoice)
    method = method_of(world, subscription)
    fate = fate_of(method)
    invoice["attempted"] = True
    invoice["attempt_count"] += 1
    if fate == "paid":
        _charge(world, invoice, method, "succeeded")
        _settle(world, invoice)
        return "paid"
    if fate in ("settles", "bounces"):
        _charge(world, invoice, method, "pending")
        _finish_later(world, invoice, good=fate == "settles")
        return "processing"
    _charge(world, invoice, method, "failed")
    _fail(world, invoice, subscription, needs_action=fate == "action")
    return "failed"


def _charge(world: World, invoice: Json, method: Json | None, status: str) -> None:
    """The payment intent, its charge and the link to the invoice."""
    stripe, now = world.stripe, world.now()
    states = {"succeeded": "succeeded", "pending": "processing", "failed": "requires_payment_method"}
    intent = stripe.put(
        objects.payment_intent(
            now=now,
            amount=invoice["amount_due"],
            currency=invoice["currency"],
            customer_id=invoice["customer"],
            method=method["id"] if method else "",
            status=states[status],
        )
    )
    charge = stripe.put(
        objects.charge(
            now=now,
            intent=intent,
            status=status,
            method=method,
            email=invoice["customer_email"],
            failure="generic_decline" if status == "failed" else "",
        )
    )
    intent["latest_charge"] = charge["id"]
    link = "paid" if status == "succeeded" else "open"
    stripe.put(invoice_objects.invoice_payment(now=now, invoice=invoice, intent_id=intent["id"], status=link))
    if status == "succeeded":
        stripe.available_cents += charge["amount"]
        emit(world, "payment_intent.succeeded", intent)
    emit(world, f"charge.{status}", charge)


def _settle(world: World, invoice: Json) -> None:
    now = world.now()
    invoice |= {
        "status": "paid",
        "amount_paid": invoice["amount_due"],
        "amount_remaining": 0,
        "attempted": True,
        "next_payment_attempt": None,
    }
    invoice["status_transitions"]["paid_at"] = now
    emit(world, "invoice.paid", invoice)
    emit(world, "invoice.payment_succeeded", invoice)
    subscription = subscription_of(world, invoice)
    if subscription["status"] in ("past_due", "unpaid", "incomplete"):
        change(world, subscription, {"status": "active"})


def _fail(world: World, invoice: Json, subscription: Json, *, needs_action: bool = False) -> None:
    last = invoice["attempt_count"] >= LAST_ATTEMPT
    invoice["next_payment_attempt"] = None if last else world.now() + NEXT_ATTEMPT
    emit(world, "invoice.payment_failed", invoice)
    if needs_action:
        emit(world, "invoice.payment_action_required", invoice)
    if subscription["status"] in ("active", "trialing", "past_due", "incomplete"):
        change(world, subscription, {"status": "unpaid" if last else "past_due"})


def _finish_later(world: World, invoice: Json, *, good: bool) -> None:
    """Debits take days in life, as long as a review in the sandbox."""
    delay = world.reviews.delay_seconds
    asyncio.get_running_loop().call_later(delay, _finish_debit, world, invoice["id"], good)


def resume(world: World) -> None:
    """Take up the debits that were under way when the sandbox was stopped."""
    for link in world.stripe.all("invoice_payment"):
        intent = world.stripe.get("payment_intent", link["payment"]["payment_intent"])
        if intent["status"] == "processing":
            method = world.stripe.get("payment_method", intent["payment_method"])
            invoice = world.stripe.get("invoice", link["invoice"])
            _finish_later(world, invoice, good=fate_of(method) == "settles")


def _finish_debit(world: World, invoice_id: str, good: bool) -> None:
    invoice = world.stripe.objects.get("invoice", {}).get(invoice_id)
    if invoice is None or invoice["status"] != "open":
        return
    link = next(link for link in world.stripe.all("invoice_payment") if link["invoice"] == invoice_id)
    intent = world.stripe.get("payment_intent", link["payment"]["payment_intent"])
    charge = world.stripe.get("charge", intent["latest_charge"])
    if good:
        link |= {"status": "paid", "amount_paid": invoice["amount_due"]}
        intent |= {"status": "succeeded", "amount_received": intent["amount"]}
        charge |= {"status": "succeeded", "paid": True, "captured": True, "amount_captured": charge["amount"]}
        charge["balance_transaction"] = token("txn_3")
        world.stripe.available_cents += charge["amount"]
        emit(world, "charge.succeeded", charge)
        _settle(world, invoice)
    else:
        intent["status"] = "requires_payment_method"
        charge |= {"status": "failed", "failure_code": "debit_not_authorized"}
        emit(world, "charge.failed", charge)
        _fail(world, invoice, subscription_of(world, invoice))
    _tell_session(world, invoice, good=good)


def _tell_session(world: World, invoice: Json, *, good: bool) -> None:
    """The checkout session that waited for this debit."""
    for session in world.stripe.all("checkout.session"):
        if session["invoice"] == invoice["id"] and session["payment_status"] == "unpaid":
            session["payment_status"] = "paid" if good else "unpaid"
            emit(world, f"checkout.session.async_payment_{'succeeded' if good else 'failed'}", session)
            return


def change(world: World, subscription: Json, new: Json) -> None:
    """Set fields and emit `customer.subscription.updated` with the values before; nothing when equal."""
    previous = {name: copy.deepcopy(subscription[name]) for name in new if subscription[name] != new[name]}
    if not previous:
        return
    subscription |= new
    emit(world, "customer.subscription.updated", subscription, previous=previous)


def renew(world: World, subscription: Json) -> str:
    """The period ends, and with it perhaps the trial; returns what came of the new invoice, or the status."""
    if subscription["cancel_at_period_end"]:
        cancel(world, subscription)
        return "canceled"
    on_trial = subscription["status"] == "trialing"
    if on_trial and method_of(world, subscription) is None:
        ending = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
        if ending == "cancel":
            cancel(world, subscription)
            return "canceled"
        if ending == "pause":
            change(world, subscription, {"status": "paused"})
            emit(world, "customer.subscription.paused", subscription)
            return "paused"
    items = copy.deepcopy(subscription["items"])
    for item in items["data"]:
        # A trial that ends early begins its period now, not at the planned end.
        begin = min(item["current_period_end"], world.now()) if on_trial else item["current_period_end"]
        item["current_period_start"] = begin
        item["current_period_end"] = objects.period_end(begin, item["price"]["recurring"])
    new: Json = {"items": items}
    if on_trial:
        new |= {"status": "active", "trial_end": min(subscription["trial_end"], world.now())}
    change(world, subscription, new)
    return collect(world, bill(world, subscription, reason="subscription_cycle"))


def cancel(world: World, subscription: Json, *, reason: str = "cancellation_requested") -> None:
    """End a subscription now."""
    now = world.now()
    subscription |= {"status": "canceled", "canceled_at": subscription["canceled_at"] or now, "ended_at": now}
    subscription["cancellation_details"]["reason"] = reason
    emit(world, "customer.subscription.deleted", subscription)


def cancel_at_end(world: World, subscription: Json, wanted: bool) -> None:
    """Let it run out at the end of the period, or take that back."""
    end = subscription["items"]["data"][0]["current_period_end"] if wanted else None
    new = {"cancel_at_period_end": wanted, "cancel_at": end, "canceled_at": world.now() if wanted else None}
    change(world, subscription, new)


def subscription_of(world: World, invoice: Json) -> Json:
    return world.stripe.get("subscription", invoice["parent"]["subscription_details"]["subscription"])


def method_of(world: World, subscription: Json) -> Json | None:
    """The means of payment of a subscription: its own, else the customer's default."""
    customer = world.stripe.get("customer", subscription["customer"])
    method_id = subscription["default_payment_method"] or customer["invoice_settings"]["default_payment_method"]
    return world.stripe.objects.get("payment_method", {}).get(method_id or "")
