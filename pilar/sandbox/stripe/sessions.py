"""Checkout sessions: created by the product, completed by a person on the hosted page."""

from __future__ import annotations

from typing import Any

from stripe.params.checkout import (
    SessionCreateParams,
    SessionExpireParams,
    SessionListLineItemsParams,
    SessionListParams,
    SessionRetrieveParams,
    SessionUpdateParams,
)

from pilar.sandbox.state import World, token
from pilar.sandbox.stripe import billing, objects
from pilar.sandbox.stripe.cards import Means
from pilar.sandbox.stripe.errors import StripeError, declined, invalid
from pilar.sandbox.stripe.events import emit
from pilar.sandbox.stripe.listing import paged
from pilar.sandbox.stripe.wire import Call, Json, Routes

DAY = 86_400
HALF_AN_HOUR = 1_800
LONGEST_REFERENCE = 200
KIND = "checkout.session"
routes = Routes()


@routes.on("POST", "/v1/checkout/sessions", "checkout.sessions.create", SessionCreateParams)
def create(call: Call) -> Json:
    params, world = call.params, call.world
    _check(call, params)
    lines = [_line(call, index, line) for index, line in enumerate(params["line_items"])]
    session = world.stripe.put(new_session(world, params, lines))
    world.stripe.checkout_wishes[session["id"]] = {
        "lines": lines,
        "subscription_data": params.get("subscription_data", {}),
        "method_required": params.get("payment_method_collection", "always") == "always",
    }
    return session


def _check(call: Call, params: Json) -> None:
    """What the type of the parameters does not say.

    Raises:
        StripeError: 400, two parameters exclude each other, or one is out of its range.
    """
    now = call.world.now()
    if params.get("mode") != "subscription":
        raise invalid("This simulator knows the mode `subscription` only.", "mode")
    for first, second in (("customer", "customer_email"), ("allow_promotion_codes", "discounts")):
        if params.get(first) and params.get(second):
            raise StripeError(f"You may only specify one of these parameters: {first}, {second}.", param=first)
    if params.get("ui_mode", "hosted_page") != "hosted_page":
        raise invalid("This simulator knows the ui_mode `hosted_page` only.", "ui_mode")
    if not params.get("line_items"):
        raise invalid("Missing required param: line_items.", "line_items", "parameter_missing")
    for name in ("success_url", "cancel_url"):
        _check_url(params, name)
    if len(params.get("client_reference_id", "")) > LONGEST_REFERENCE:
        raise invalid("client_reference_id may be at most 200 characters.", "client_reference_id")
    expires = params.get("expires_at", now + DAY)
    if not now + HALF_AN_HOUR - 60 <= expires <= now + DAY + 60:
        message = "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation."
        raise invalid(message, "expires_at")
    _check_customer(call, params)
    _check_trial(params.get("subscription_data", {}), now)


def _check_url(params: Json, name: str) -> None:
    if name == "success_url" and name not in params:
        raise invalid("Missing required param: success_url.", name, "parameter_missing")
    if name in params and not params[name].startswith(("http://", "https://")):
        raise invalid("Not a valid URL", name, "url_invalid")


def _check_customer(call: Call, params: Json) -> None:
    if "customer" not in params:
        return
    call.stripe.get("customer", params["customer"], param="customer", status=400)
    update = params.get("customer_update", {})
    if params.get("automatic_tax", {}).get("enabled") and update.get("address") != "auto":
        raise StripeError(
            "Automatic tax calculation in Checkout requires a valid address on the Customer. Add a valid address to "
            "the Customer or set either `customer_update[address]` to 'auto' or `customer_update[shipping]` to "
            "'auto' to save the address entered in Checkout to the Customer.",
            code="customer_tax_location_invalid",
        )
    if params.get("tax_id_collection", {}).get("enabled") and update.get("name") != "auto":
        raise StripeError(
            "Tax ID collection requires updating business name on the customer. To enable tax ID collection for an "
            "existing customer, please set `customer_update[name]` to `auto`.",
            param="customer_update[name]",
        )


def _check_trial(wishes: Json, now: int) -> None:
    if "trial_end" in wishes and "trial_period_days" in wishes:
        raise invalid("You may only specify one of trial_end and trial_period_days.", "subscription_data[trial_end]")
    if wishes.get("trial_period_days", 1) < 1:
        name = "subscription_data[trial_period_days]"
        raise invalid("The minimum number of trial period days is 1.", name, "parameter_invalid_integer")
    if wishes.get("trial_end", now + 2 * DAY) < now + 2 * DAY:
        message = "The `trial_end` date has to be at least 2 days in the future."
        raise invalid(message, "subscription_data[trial_end]")


def _line(call: Call, index: int, line: Json) -> Json:
    place = f"line_items[{index}]"
    if "price" not in line:
        raise invalid("This simulator takes line items by `price` only.", f"{place}[price]", "parameter_missing")
    price = call.stripe.get("price", line["price"], param=f"{place}[price]", status=400)
    if price["type"] != "recurring":
        raise invalid("You must provide at least one recurring price in `subscription` mode.", f"{place}[price]")
    if line.get("quantity", 0) < 1:
        raise invalid("Quantity is required. Add `quantity` to the line item.", f"{place}[quantity]")
    amount = price["unit_amount"] * line["quantity"]
    return {
        "id": token("li_1"),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"],
        "description": call.stripe.get("product", price["product"])["name"],
        "price": price,
        "quantity": line["quantity"],
    }


def new_session(world: World, params: Json, lines: list[Json]) -> Json:
    """An open session; `metadata` of the session is not that of the subscription."""
    session_id = token("cs_test_a1", 48)
    wishes = params.get("subscription_data", {})
    trial = "trial_period_days" in wishes or "trial_end" in wishes
    total = 0 if trial else sum(line["amount_total"] for line in lines)
    tax = params.get("automatic_tax", {}).get("enabled", False)
    return {
        "id": session_id,
        "object": KIND,
        "adaptive_pricing": None,
        "allow_promotion_codes": params.get("allow_promotion_codes"),
        "amount_subtotal": total,
        "amount_total": total,
        "automatic_tax": {"enabled": tax, "liability": None, "status": None},
        "billing_address_collection": params.get("billing_address_collection"),
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "consent_collection": params.get("consent_collection"),
        "created": world.now(),
        "currency": lines[0]["currency"],
        "custom_fields": [],
        "customer": params.get("customer"),
        "customer_creation": "always" if "customer" not in params else None,
        "customer_details": None,
        "customer_email": params.get("customer_email"),
        "discounts": [],
        "expires_at": params.get("expires_at", world.now() + DAY),
        "invoice": None,
        "invoice_creation": None,
        "livemode": False,
        "locale": params.get("locale"),
        "metadata": params.get("metadata") or {},
        "mode": "subscription",
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": params.get("payment_method_collection", "always"),
        "payment_method_types": ["card", "sepa_debit"],
        "payment_status": "no_payment_required" if trial else "unpaid",
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "setup_intent": None,
        "status": "open",
        "submit_type": None,
        "subscription": None,
        "success_url": params.get("success_url"),
        "tax_id_collection": {"enabled": params.get("tax_id_collection", {}).get("enabled", False)},
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": f"{world.settings.own_url}/checkout/{session_id}",
    }


@routes.on("GET", "/v1/checkout/sessions/{id}", "checkout.sessions.retrieve", SessionRetrieveParams)
def retrieve(call: Call) -> Json:
    session = call.get(KIND)
    if "line_items" in call.params.get("expand", []):
        return {**session, "line_items": _lines_of(call, session)}
    return session


@routes.on("POST", "/v1/checkout/sessions/{id}", "checkout.sessions.update", SessionUpdateParams)
def update(call: Call) -> Json:
    session = call.get(KIND)
    if "metadata" in call.params:
        session["metadata"] = merged(session["metadata"], call.params["metadata"])
    return session


@routes.on("GET", "/v1/checkout/sessions", "checkout.sessions.list", SessionListParams)
def list_sessions(call: Call) -> Json:
    params = dict(call.params)
    wanted_email = params.get("customer_details", {}).get("email")
    found = (
        session
        for session in call.stripe.all(KIND)
        if wanted_email in (None, (session["customer_details"] or {}).get("email"))
    )
    return paged(found, params, url=call.url, equal=("customer", "subscription", "status", "payment_intent"))


@routes.on("GET", "/v1/checkout/sessions/{id}/line_items", "checkout.sessions.line_items", SessionListLineItemsParams)
def line_items(call: Call) -> Json:
    return _lines_of(call, call.get(KIND))


def _lines_of(call: Call, session: Json) -> Json:
    lines = call.stripe.checkout_wishes[session["id"]]["lines"]
    url = f"/v1/checkout/sessions/{session['id']}/line_items"
    return {"object": "list", "data": lines, "has_more": False, "url": url}


@routes.on("POST", "/v1/checkout/sessions/{id}/expire", "checkout.sessions.expire", SessionExpireParams)
def expire(call: Call) -> Json:
    session = call.get(KIND)
    if session["status"] != "open":
        message = 'Only Checkout Sessions with a status in ["open"] can be expired.'
        raise StripeError(f"{message} This Checkout Session has a status of `{session['status']}`.")
    end(call.world, session)
    return session


def end(world: World, session: Json) -> None:
    """Nobody paid in time."""
    session |= {"status": "expired", "url": None}
    emit(world, "checkout.session.expired", session)


def complete(
    world: World,
    session: Json,
    *,
    means: Means | None,
    email: str,
    name: str,
    country: str,
    details: Json | None = None,
) -> Json:
    """A person pays: customer, payment method, subscription and invoice come to be, with their events.

    Raises:
        StripeError: 402 when the card is refused; 400 when the session is not open or needs a card.
    """
    if session["status"] == "open" and session["expires_at"] <= world.now():
        end(world, session)
    if session["status"] != "open":
        raise StripeError(f"This Checkout Session has a status of `{session['status']}`.")
    wishes = world.stripe.checkout_wishes[session["id"]]
    if means is None and (wishes["method_required"] or session["amount_total"]):
        raise StripeError("A payment method is required.")
    if means and (means.refused or (means.fate == "declined" and session["amount_total"])):
        raise declined(means.refused or "generic_decline")
    customer = _customer_for(world, session, email=email, name=name, country=country, details=details)
    method = billing.attach(world, customer, means) if means else None
    data = wishes["subscription_data"]
    subscription = billing.start(
        world,
        customer=customer,
        price=wishes["lines"][0]["price"],
        quantity=wishes["lines"][0]["quantity"],
        trial_end=_trial_end(data, world.now()),
        metadata=dict(data.get("metadata") or {}),
        method=method,
        missing_payment_method=data.get("trial_settings", {})
        .get("end_behavior", {})
        .get("missing_payment_method", "create_invoice"),
        automatic_tax=session["automatic_tax"]["enabled"],
    )
    _close(world, session, customer, subscription)
    return session


def _trial_end(data: Json, now: int) -> int | None:
    if "trial_period_days" in data:
        return int(now + data["trial_period_days"] * DAY)
    end_at: Any = data.get("trial_end")
    return int(end_at) if end_at else None


def _customer_for(world: World, session: Json, *, email: str, name: str, country: str, details: Json | None) -> Json:
    where = objects.address(country, details)
    if session["customer"]:
        customer = world.stripe.get("customer", session["customer"])
        customer |= {"address": where, "name": customer["name"] or name, "email": customer["email"] or email}
        emit(world, "customer.updated", customer)
        return customer
    customer = world.stripe.put(objects.customer(now=world.now(), email=email, name=name))
    customer["address"] = where
    emit(world, "customer.created", customer)
    return customer


def _close(world: World, session: Json, customer: Json, subscription: Json) -> None:
    invoice = world.stripe.get("invoice", subscription["latest_invoice"])
    due = invoice["amount_due"]
    paid = "no_payment_required" if due == 0 else "paid" if invoice["status"] == "paid" else "unpaid"
    session |= {
        "status": "complete",
        "url": None,
        "customer": customer["id"],
        "subscription": subscription["id"],
        "invoice": invoice["id"],
        "payment_status": paid,
        "amount_subtotal": invoice["subtotal"],
        "amount_total": invoice["total"],
        "customer_details": {
            "address": customer["address"],
            "business_name": None,
            "email": customer["email"],
            "individual_name": None,
            "name": customer["name"],
            "phone": None,
            "tax_exempt": "none",
            "tax_ids": [],
        },
    }
    session["total_details"]["amount_tax"] = invoice["total"] - invoice["subtotal"]
    if session["automatic_tax"]["enabled"]:
        session["automatic_tax"]["status"] = "complete"
    if (session["consent_collection"] or {}).get("terms_of_service") == "required":
        session["consent"] = {"promotions": None, "terms_of_service": "accepted"}
    emit(world, "checkout.session.completed", session)


def merged(old: Json, new: Json | str) -> Json:
    """Metadata is merged by key; an empty value takes a key away, an empty string takes all."""
    if isinstance(new, str):
        return {}
    both = {**old, **new}
    return {key: value for key, value in both.items() if value != ""}
