"""Subscriptions: made, read, changed and ended by API."""

from __future__ import annotations

from stripe.params import (
    SubscriptionCancelParams,
    SubscriptionCreateParams,
    SubscriptionItemListParams,
    SubscriptionListParams,
    SubscriptionResumeParams,
    SubscriptionRetrieveParams,
    SubscriptionSearchParams,
    SubscriptionUpdateParams,
)

from pilar.sandbox.stripe import billing, proration
from pilar.sandbox.stripe.errors import StripeError, invalid
from pilar.sandbox.stripe.events import emit
from pilar.sandbox.stripe.listing import paged, search
from pilar.sandbox.stripe.sessions import merged
from pilar.sandbox.stripe.wire import Call, Json, Routes

DAY = 86_400
KIND = "subscription"
ENDED = ("canceled", "incomplete_expired")
routes = Routes()


@routes.on("POST", "/v1/subscriptions", "subscriptions.create", SubscriptionCreateParams)
def create(call: Call) -> Json:
    params = call.params
    customer = call.stripe.get("customer", params.get("customer", ""), param="customer", status=400)
    items = params.get("items") or []
    if len(items) != 1 or "price" not in items[0]:
        raise invalid("This simulator takes exactly one item with a price.", "items")
    price = call.stripe.get("price", items[0]["price"], param="items[0][price]", status=400)
    trial_end = params.get("trial_end")
    if "trial_period_days" in params:
        trial_end = call.world.now() + params["trial_period_days"] * DAY
    method_id = params.get("default_payment_method") or customer["invoice_settings"]["default_payment_method"]
    if not method_id and not trial_end and params.get("payment_behavior") != "default_incomplete":
        raise StripeError(
            "This customer has no attached payment source or default payment method. Please consider adding a "
            "default payment method.",
            code="resource_missing",
        )
    return billing.start(
        call.world,
        customer=customer,
        price=price,
        quantity=items[0].get("quantity", 1),
        trial_end=trial_end if isinstance(trial_end, int) else None,
        metadata=dict(params.get("metadata") or {}),
        method=call.stripe.get("payment_method", method_id, status=400) if method_id else None,
        automatic_tax=params.get("automatic_tax", {}).get("enabled", False),
    )


@routes.on("GET", "/v1/subscriptions/search", "subscriptions.search", SubscriptionSearchParams)
def search_subscriptions(call: Call) -> Json:
    return search(call.stripe.all(KIND), call.params, url=call.url)


@routes.on("GET", "/v1/subscriptions", "subscriptions.list", SubscriptionListParams)
def list_subscriptions(call: Call) -> Json:
    """Without `status` the canceled ones are left out, as in life."""
    status, price = call.params.get("status"), call.params.get("price")

    def wanted(subscription: Json) -> bool:
        state = subscription["status"]
        fits = {None: state != "canceled", "all": True, "ended": state in ENDED}.get(status, state == status)
        return fits and price in (None, subscription["items"]["data"][0]["price"]["id"])

    return paged(filter(wanted, call.stripe.all(KIND)), call.params, url=call.url, equal=("customer",))


@routes.on("GET", "/v1/subscriptions/{id}", "subscriptions.retrieve", SubscriptionRetrieveParams)
def retrieve(call: Call) -> Json:
    return call.get(KIND)


@routes.on("POST", "/v1/subscriptions/{id}", "subscriptions.update", SubscriptionUpdateParams)
def update(call: Call) -> Json:
    subscription, params, world = _alive(call), call.params, call.world
    change = proration.read(call, subscription, params) if "items" in params else None
    new: Json = {}
    if "metadata" in params:
        new["metadata"] = merged(subscription["metadata"], params["metadata"])
    if "default_payment_method" in params:
        method_id = params["default_payment_method"]
        call.stripe.get("payment_method", method_id, param="default_payment_method", status=400)
        new["default_payment_method"] = method_id
    if "pause_collection" in params:
        new["pause_collection"] = params["pause_collection"] or None
    if isinstance(params.get("trial_end"), int):
        new["trial_end"] = params["trial_end"]
    billing.change(world, subscription, new)
    if "cancel_at_period_end" in params:
        billing.cancel_at_end(world, subscription, params["cancel_at_period_end"])
    if params.get("trial_end") == "now" and subscription["status"] == "trialing":
        billing.renew(world, subscription)
    if change:
        _change_price(call, subscription, change)
    return subscription


def _change_price(call: Call, subscription: Json, change: proration.Change) -> None:
    proration.settle(call.world, subscription, change)
    made = billing.bill_changes(call.world, subscription) if change.behavior == proration.AT_ONCE else None
    if made:
        billing.collect(call.world, made)


def _alive(call: Call) -> Json:
    subscription = call.get(KIND)
    if subscription["status"] in ENDED:
        message = "A canceled subscription can only update its cancellation_details and metadata."
        raise StripeError(message, code="resource_missing")
    return subscription


@routes.on("DELETE", "/v1/subscriptions/{id}", "subscriptions.cancel", SubscriptionCancelParams)
def cancel(call: Call) -> Json:
    subscription = call.get(KIND)
    if subscription["status"] in ENDED:
        raise StripeError(f"No such subscription: '{subscription['id']}'", status=404, code="resource_missing")
    billing.cancel(call.world, subscription)
    return subscription


@routes.on("POST", "/v1/subscriptions/{id}/resume", "subscriptions.resume", SubscriptionResumeParams)
def resume(call: Call) -> Json:
    """Only a subscription paused by the end of its trial is resumed."""
    subscription = _alive(call)
    if subscription["status"] != "paused":
        raise StripeError("Only paused subscriptions can be resumed.", param="id")
    billing.change(call.world, subscription, {"status": "active"})
    emit(call.world, "customer.subscription.resumed", subscription)
    billing.collect(call.world, billing.bill(call.world, subscription, reason="subscription_update"))
    return subscription


@routes.on("GET", "/v1/subscription_items", "subscription_items.list", SubscriptionItemListParams)
def list_items(call: Call) -> Json:
    subscription = call.stripe.get(KIND, call.params["subscription"], param="subscription", status=400)
    return paged(subscription["items"]["data"], call.params, url=call.url)
