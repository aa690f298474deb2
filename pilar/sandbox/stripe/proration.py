"""What a change of price in the middle of a period costs: a credit for the rest of the old, a debit for the rest of the new.

The two stand as invoice items until an invoice takes them up: the next one, or with `always_invoice` one of their own.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

from stripe.params import InvoiceCreatePreviewParams

from pilar.sandbox.state import World, token
from pilar.sandbox.stripe import billing, invoice_objects, objects
from pilar.sandbox.stripe.errors import StripeError, invalid
from pilar.sandbox.stripe.wire import Call, Json, Routes

routes = Routes()
KIND = "invoiceitem"
AT_ONCE, LATER, NEVER = "always_invoice", "create_prorations", "none"


@dataclass(frozen=True)
class Change:
    """New items for a subscription, and how the difference is settled. `at` is a moment within the current period."""

    items: Json
    behavior: str
    at: int


def read(call: Call, subscription: Json, params: Json, *, prefix: str = "") -> Change:
    """Understand `items`, `proration_behavior` and `proration_date`, as an update and a preview take them.

    Raises:
        StripeError: 400, an item without a known id, an unknown price, or a date outside of the current period.
    """
    item = subscription["items"]["data"][0]
    at = params.get("proration_date", call.world.now())
    if not item["current_period_start"] <= at <= item["current_period_end"]:
        message = "Cannot specify a proration date outside of the subscription's current period."
        raise invalid(message, f"{prefix}proration_date")
    items = _changed(call, subscription, params.get("items") or [], prefix)
    return Change(items, params.get("proration_behavior", LATER), at)


def _changed(call: Call, subscription: Json, wishes: list[Json], prefix: str) -> Json:
    items: Json = copy.deepcopy(subscription["items"])
    for index, wish in enumerate(wishes):
        place = f"{prefix}items[{index}]"
        known = next((item for item in items["data"] if item["id"] == wish.get("id")), None)
        if known is None:
            message = "A subscription has one item here: name it by `id` to change its price."
            raise invalid(message, f"{place}[id]")
        if "price" in wish:
            known["price"] = call.stripe.get("price", wish["price"], param=f"{place}[price]", status=400)
        known["quantity"] = wish.get("quantity", known["quantity"])
    return items


def settle(world: World, subscription: Json, change: Change) -> list[Json]:
    """Put the new items in place and return the invoice items that follow; nothing is prorated in a trial."""
    made = [world.stripe.put(entry) for entry in _differences(world, subscription, change)]
    billing.change(world, subscription, {"items": change.items})
    return made


def _differences(world: World, subscription: Json, change: Change) -> list[Json]:
    old, new = subscription["items"]["data"][0], change.items["data"][0]
    same = (old["price"]["id"], old["quantity"]) == (new["price"]["id"], new["quantity"])
    if same or change.behavior == NEVER or subscription["status"] == "trialing":
        return []
    share = (old["current_period_end"] - change.at) / (old["current_period_end"] - old["current_period_start"])
    entries = ((old, -1, "Unused time on"), (new, 1, "Remaining time on"))
    return [_entry(world, subscription, item, sign, words, share, change.at) for item, sign, words in entries]


def _entry(world: World, subscription: Json, item: Json, sign: int, words: str, share: float, at: int) -> Json:
    product = world.stripe.get("product", item["price"]["product"])["name"]
    return {
        "id": token("ii_1"),
        "object": KIND,
        "amount": sign * round(item["price"]["unit_amount"] * item["quantity"] * share),
        "created": world.now(),
        "currency": subscription["currency"],
        "customer": subscription["customer"],
        "date": at,
        "description": f"{words} {product}",
        "invoice": None,
        "livemode": False,
        "metadata": {},
        "parent": {
            "subscription_details": {"subscription": subscription["id"], "subscription_item": item["id"]},
            "type": "subscription_details",
        },
        "period": {"end": item["current_period_end"], "start": at},
        "price": item["price"],
        "proration": True,
        "quantity": item["quantity"],
    }


@routes.on("POST", "/v1/invoices/create_preview", "invoices.create_preview", InvoiceCreatePreviewParams)
def preview(call: Call) -> Json:
    """The invoice that would come, with the change that `subscription_details` describes. Nothing is kept."""
    params, world = call.params, call.world
    if "subscription" not in params:
        raise invalid("This simulator previews the invoices of a subscription.", "subscription", "parameter_missing")
    subscription = call.stripe.get("subscription", params["subscription"], param="subscription", status=400)
    customer = params.get("customer", subscription["customer"])
    if customer != subscription["customer"]:
        raise invalid("The customer and the subscription do not belong together.", "customer")
    if subscription["status"] in ("canceled", "incomplete_expired"):
        raise StripeError("You cannot preview an invoice of a canceled subscription.", code="invoice_upcoming_none")
    details = params.get("subscription_details") or {}
    change = read(call, subscription, details, prefix="subscription_details")
    if subscription["cancel_at_period_end"] and change.behavior != AT_ONCE:
        raise StripeError("No upcoming invoices for customer.", status=404, code="invoice_upcoming_none")
    return _draft(world, subscription, change)


def _draft(world: World, subscription: Json, change: Change) -> Json:
    entries = [*billing.pending(world, subscription), *_differences(world, subscription, change)]
    lines = [invoice_objects.prorated_line(entry) for entry in entries]
    after = copy.deepcopy(subscription) | {"items": copy.deepcopy(change.items)}
    at_once = change.behavior == AT_ONCE and subscription["status"] != "trialing"
    item = after["items"]["data"][0]
    if not at_once:
        start = item["current_period_end"]
        item |= {
            "current_period_start": start,
            "current_period_end": objects.period_end(start, item["price"]["recurring"]),
        }
        lines.append(invoice_objects.period_line(after, item, item["price"]["unit_amount"] * item["quantity"]))
    customer = world.stripe.get("customer", subscription["customer"])
    moment = world.now() if at_once else item["current_period_start"]
    draft = invoice_objects.invoice(
        now=moment,
        number=None,
        own_url=world.settings.own_url,
        customer=customer,
        subscription=after,
        reason="upcoming",
        lines=lines,
        tax=billing.tax_on(sum(line["amount"] for line in lines), subscription, customer),
    )
    return draft | {
        "id": draft["id"].replace("in_1", "upcoming_in_1"),
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "status": "draft",
        "next_payment_attempt": moment,
    }
