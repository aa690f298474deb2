"""Steering Stripe from `/_control`: a customer pays by link, time passes, banks refuse."""

from __future__ import annotations

from collections.abc import Callable

from pilar.sandbox.state import World, token
from pilar.sandbox.stripe import accounts, billing, credit_notes, invoices, objects, sessions, transfers
from pilar.sandbox.stripe.cards import BY_KEY, GOOD
from pilar.sandbox.stripe.errors import StripeError
from pilar.sandbox.stripe.events import emit, send
from pilar.sandbox.stripe.wire import Json

TRIAL_DAYS = 14
PRODUCT_PRICES = {"BASIC": "stripe_price_basic", "PRO": "stripe_price_pro"}


def pay_by_link(
    world: World, *, email: str, name: str, plan: str, country: str, affiliate: str | None
) -> dict[str, str]:
    """A payment link of the platform: the product made no session, so there is no `client_reference_id`."""
    metadata = {"plan": plan, "studio": name, "country": country}
    if affiliate:
        metadata["affiliate"] = affiliate
    price = world.stripe.get("price", getattr(world.settings, PRODUCT_PRICES[plan]), param="plan", status=400)
    data = {"metadata": metadata, "trial_period_days": TRIAL_DAYS}
    params = {"metadata": metadata, "subscription_data": data, "success_url": world.settings.public_base_url}
    lines = [{"price": price, "quantity": 1, "amount_total": price["unit_amount"], "currency": price["currency"]}]
    session = world.stripe.put(sessions.new_session(world, params, lines))
    session |= {"payment_link": token("plink_1"), "url": None}
    world.stripe.checkout_wishes[session["id"]] = {
        "lines": lines,
        "subscription_data": data,
        "method_required": True,
    }
    details = {"city": "Berlin", "line1": "Torstraße 1", "postal_code": "10119"} if country == "DE" else None
    sessions.complete(world, session, means=GOOD, email=email, name=name, country=country, details=details)
    return {
        "sessionId": session["id"],
        "customerId": session["customer"],
        "subscriptionId": session["subscription"],
    }


def act(world: World, action: str, body: Json) -> Json:
    """Do one of `ACTIONS`.

    Raises:
        LookupError: no such action.
        StripeError: the object that the body names does not exist, or is in the wrong state.
    """
    if action not in ACTIONS:
        raise LookupError(f"no such action; there are {', '.join(sorted(ACTIONS))}")
    return ACTIONS[action](world, body)


def _subscription(world: World, body: Json) -> Json:
    return world.stripe.get("subscription", str(body.get("subscription", "")), param="subscription")


def _renew(world: World, body: Json) -> Json:
    subscription = _subscription(world, body)
    outcome = billing.renew(world, subscription)
    return {"outcome": outcome, "status": subscription["status"], "invoice": subscription["latest_invoice"]}


def _card(world: World, body: Json) -> Json:
    """Swap the card without the customer, such as for one whose charges fail."""
    subscription = _subscription(world, body)
    means = BY_KEY.get(str(body.get("means", "good")))
    if means is None:
        raise StripeError(f"means is one of {', '.join(BY_KEY)}")
    method = objects.payment_method(
        now=world.now(), customer_id=subscription["customer"], kind=means.kind, last4=means.last4, email=None
    )
    world.stripe.put(method)
    subscription["default_payment_method"] = method["id"]
    return {"paymentMethod": method["id"]}


def _retry(world: World, body: Json) -> Json:
    invoice = world.stripe.get("invoice", _subscription(world, body)["latest_invoice"])
    return {"outcome": billing.collect(world, invoice) if invoice["status"] == "open" else invoice["status"]}


def _trial_will_end(world: World, body: Json) -> Json:
    subscription = _subscription(world, body)
    return {"event": emit(world, "customer.subscription.trial_will_end", subscription).id}


def _cancel(world: World, body: Json) -> Json:
    subscription = _subscription(world, body)
    billing.cancel(world, subscription)
    return {"status": subscription["status"]}


def _last_charge(world: World, body: Json) -> Json:
    if "charge" in body:
        return world.stripe.get("charge", str(body["charge"]), param="charge")
    customer = _subscription(world, body)["customer"]
    charge = next((item for item in world.stripe.all("charge") if item["customer"] == customer), None)
    if charge is None:
        raise StripeError("nothing was charged yet: renew the subscription first")
    return charge


def _refund(world: World, body: Json) -> Json:
    made = invoices.refund(world, _last_charge(world, body), body.get("amount"), {"reason": None, "metadata": {}})
    return {"refund": made["id"], "charge": made["charge"]}


def _fail_refund(world: World, body: Json) -> Json:
    made = world.stripe.get("refund", str(body.get("refund", "")), param="refund")
    invoices.fail_refund(world, made)
    return {"status": made["status"]}


def _credit_note(world: World, body: Json) -> Json:
    """Correct the newest invoice, in full or by `amount`; with `refund` the money goes back, else to the balance."""
    invoice = world.stripe.get("invoice", str(body.get("invoice") or _subscription(world, body)["latest_invoice"]))
    amount = int(body.get("amount") or invoice["total"])
    refunded = amount if body.get("refund") else 0
    note = credit_notes.issue(world, invoice, amount, refunded=refunded, extra={})
    return {"creditNote": note["id"], "number": note["number"], "invoice": invoice["id"]}


def _void_credit_note(world: World, body: Json) -> Json:
    note = world.stripe.get("credit_note", str(body.get("creditNote", "")), param="creditNote")
    return {"status": credit_notes.void(world, note)["status"]}


def _dispute(world: World, body: Json) -> Json:
    charge = _last_charge(world, body)
    charge["disputed"] = True
    dispute = world.stripe.put(
        {
            "id": token("du_1"),
            "object": "dispute",
            "amount": charge["amount"],
            "charge": charge["id"],
            "created": world.now(),
            "currency": charge["currency"],
            "payment_intent": charge["payment_intent"],
            "reason": "fraudulent",
            "status": "needs_response",
        }
    )
    emit(world, "charge.dispute.created", dispute)
    return {"dispute": dispute["id"]}


def _dispute_close(world: World, body: Json) -> Json:
    dispute = world.stripe.get("dispute", str(body.get("dispute", "")), param="dispute")
    dispute["status"] = "won" if body.get("won", True) else "lost"
    emit(world, "charge.dispute.closed", dispute)
    return {"status": dispute["status"]}


def _expire(world: World, body: Json) -> Json:
    session = world.stripe.get(sessions.KIND, str(body.get("session", "")), param="session")
    sessions.end(world, session)
    return {"status": session["status"]}


def _redeliver(world: World, body: Json) -> Json:
    """`{"event": id or type, "times": 20}`: the same event again, so many times at once."""
    wanted, times = str(body.get("event", "*")), int(body.get("times", 1))
    chosen = [event for event in world.stripe.events.values() if wanted in ("*", event.id, event.type)]
    for event in chosen:
        for _ in range(times):
            send(world, event)
    return {"events": len(chosen), "sent": len(chosen) * times}


def _onboard(world: World, body: Json) -> Json:
    accounts.onboard(world, str(body.get("account", "")))
    return {"account": body.get("account")}


def _deauthorize(world: World, body: Json) -> Json:
    account = world.stripe.get("account", str(body.get("account", "")), param="account")
    account["capabilities"]["transfers"] = "inactive"
    emit(
        world,
        "account.application.deauthorized",
        {"id": "ca_sandbox", "object": "application"},
        account=account["id"],
    )
    return {"account": account["id"]}


def _fail_payout(world: World, body: Json) -> Json:
    payout = world.stripe.get("payout", str(body.get("payout", "")), param="payout")
    transfers.fail_payout(world, payout, str(body.get("account", "")))
    return {"status": payout["status"]}


def _balance(world: World, body: Json) -> Json:
    world.stripe.available_cents = int(body.get("cents", 0))
    return {"cents": world.stripe.available_cents}


ACTIONS: dict[str, Callable[[World, Json], Json]] = {
    "renew": _renew,
    "card": _card,
    "retry": _retry,
    "trial-will-end": _trial_will_end,
    "cancel": _cancel,
    "refund": _refund,
    "fail-refund": _fail_refund,
    "credit-note": _credit_note,
    "void-credit-note": _void_credit_note,
    "dispute": _dispute,
    "dispute-close": _dispute_close,
    "expire": _expire,
    "redeliver": _redeliver,
    "onboard": _onboard,
    "deauthorize": _deauthorize,
    "fail-payout": _fail_payout,
    "balance": _balance,
}
