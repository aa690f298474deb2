"""Invoices in API version 2026-10-28.endive: the subscription is at `parent.subscription_details`."""

from __future__ import annotations

from typing import Any

from pilar.sandbox.state import token

Json = dict[str, Any]


def invoice(
    *,
    now: int,
    number: str,
    own_url: str,
    customer: Json,
    subscription: Json,
    reason: str,
    subtotal: int,
    tax: int,
) -> Json:
    """An open invoice for the current period of a subscription; `parent` names the subscription."""
    invoice_id = token("in_1")
    item = subscription["items"]["data"][0]
    total = subtotal + tax
    line = _line(invoice_id, subscription, item, subtotal)
    return {
        "id": invoice_id,
        "object": "invoice",
        "account_country": "DE",
        "account_name": "PILAR AUTOPILOT",
        "amount_due": total,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_remaining": total,
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
        "ending_balance": 0,
        "hosted_invoice_url": f"{own_url}/invoice/{invoice_id}",
        "invoice_pdf": f"{own_url}/invoice/{invoice_id}/pdf",
        "last_finalization_error": None,
        "lines": {
            "object": "list",
            "data": [line],
            "has_more": False,
            "total_count": 1,
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


def _line(invoice_id: str, subscription: Json, item: Json, subtotal: int) -> Json:
    return {
        "id": token("il_1"),
        "object": "line_item",
        "amount": subtotal,
        "currency": subscription["currency"],
        "description": f"{item['quantity']} × {item['price']['nickname'] or item['price']['id']}",
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": invoice_id,
        "livemode": False,
        "metadata": subscription["metadata"],
        "parent": {
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": None,
                "proration": False,
                "proration_details": None,
                "subscription": subscription["id"],
                "subscription_item": item["id"],
            },
            "type": "subscription_item_details",
        },
        "period": {"end": item["current_period_end"], "start": item["current_period_start"]},
        "pricing": {
            "price_details": {"price": item["price"]["id"], "product": item["price"]["product"]},
            "type": "price_details",
            "unit_amount_decimal": item["price"]["unit_amount_decimal"] if subtotal else "0",
        },
        "quantity": item["quantity"],
        "subtotal": subtotal,
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
