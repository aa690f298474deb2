"""Invoices in API version 2026-10-28.endive: the subscription is at `parent.subscription_details`."""

from __future__ import annotations

from typing import Any

from pilar.sandbox.state import token

Json = dict[str, Any]


def invoice(
    *,
    now: int,
    number: str | None,
    own_url: str,
    customer: Json,
    subscription: Json,
    reason: str,
    lines: list[Json],
    tax: int,
) -> Json:
    """An open invoice of a subscription; `parent` names the subscription. What is less than nothing becomes a credit."""
    invoice_id = token("in_1")
    item = subscription["items"]["data"][0]
    subtotal = sum(line["amount"] for line in lines)
    total = subtotal + tax
    balance = customer["balance"]
    due = max(0, total + balance)
    for line in lines:
        line["invoice"] = invoice_id
    return {
        "id": invoice_id,
        "object": "invoice",
        "account_country": "DE",
        "account_name": "PILAR AUTOPILOT",
        "amount_due": due,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_remaining": due,
        "amount_shipping": 0,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": True,
        "automatic_tax": {"enabled": subscription["automatic_tax"]["enabled"], "status": None},
        "billing_reason": reason,
        "collection_method": "charge_automatically",
        "created": now,
        "currency": subscription["currency"],
        "customer": customer["id"],
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_tax_ids": [],
        "default_payment_method": None,
        "description": None,
        "discounts": [],
        "due_date": None,
        "effective_at": now,
        "ending_balance": min(0, total + balance),
        "hosted_invoice_url": f"{own_url}/invoice/{invoice_id}",
        "invoice_pdf": f"{own_url}/invoice/{invoice_id}/pdf",
        "last_finalization_error": None,
        "lines": {
            "object": "list",
            "data": lines,
            "has_more": False,
            "total_count": len(lines),
            "url": f"/v1/invoices/{invoice_id}/lines",
        },
        "livemode": False,
        "metadata": {},
        "next_payment_attempt": None,
        "number": number,
        "on_behalf_of": None,
        "parent": {
            "quote_details": None,
            "subscription_details": {
                "metadata": subscription["metadata"],
                "subscription": subscription["id"],
            },
            "type": "subscription_details",
        },
        "period_end": item["current_period_end"],
        "period_start": item["current_period_start"],
        "starting_balance": balance,
        "status": "open",
        "status_transitions": {
            "finalized_at": now,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal,
        "total": total,
        "total_excluding_tax": subtotal,
        "total_taxes": [{"amount": tax, "tax_behavior": "exclusive", "type": "tax_rate_details"}] if tax else [],
    }


def period_line(subscription: Json, item: Json, subtotal: int) -> Json:
    """The line of one whole period."""
    words = f"{item['quantity']} × {item['price']['nickname'] or item['price']['id']}"
    period = {"end": item["current_period_end"], "start": item["current_period_start"]}
    line = _line(item["price"], item["quantity"], subtotal, words, period, metadata=subscription["metadata"])
    line["parent"]["subscription_item_details"] |= {"subscription": subscription["id"], "subscription_item": item["id"]}
    return line


def prorated_line(entry: Json) -> Json:
    """The line of an invoice item that a change of price has made."""
    owner = entry["parent"]["subscription_details"]
    line = _line(entry["price"], entry["quantity"], entry["amount"], entry["description"], entry["period"], metadata={})
    details = {"invoice_item": entry["id"], "proration": True, "proration_details": {"credited_items": None}}
    line["parent"]["subscription_item_details"] |= {**details, **owner}
    return line


def _line(price: Json, quantity: int, amount: int, words: str, period: Json, *, metadata: Json) -> Json:
    return {
        "id": token("il_1"),
        "object": "line_item",
        "amount": amount,
        "currency": price["currency"],
        "description": words,
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": metadata,
        "parent": {
            "invoice_item_details": None,
            "subscription_item_details": {"invoice_item": None, "proration": False, "proration_details": None},
            "type": "subscription_item_details",
        },
        "period": period,
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": price["unit_amount_decimal"] if amount else "0",
        },
        "quantity": quantity,
        "subtotal": amount,
        "taxes": [],
    }


def invoice_payment(*, now: int, invoice: Json, intent_id: str, status: str) -> Json:
    """The link from a payment to its invoice; `status` is open, paid or canceled."""
    return {
        "id": token("inpay_1"),
        "object": "invoice_payment",
        "amount_paid": invoice["amount_due"] if status == "paid" else None,
        "amount_requested": invoice["amount_due"],
        "created": now,
        "currency": invoice["currency"],
        "invoice": invoice["id"],
        "is_default": True,
        "livemode": False,
        "payment": {"payment_intent": intent_id, "type": "payment_intent"},
        "status": status,
        "status_transitions": {"canceled_at": None, "paid_at": now if status == "paid" else None},
    }
