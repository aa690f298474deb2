"""The shapes of billing objects in API version 2026-10-28.endive. Amounts are in cents, times Unix seconds."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime
from typing import Any

from pilar.sandbox.state import token

Json = dict[str, Any]

ADDRESS = {"city": None, "country": None, "line1": None, "line2": None, "postal_code": None, "state": None}


def address(country: str | None = None, given: Json | None = None) -> Json:
    return {**ADDRESS, "country": country, **(given or {})}


def customer(*, now: int, email: str | None, name: str | None, metadata: Json | None = None) -> Json:
    return {
        "id": token("cus_", 14),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": now,
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "email": email,
        "invoice_prefix": token("", 8).upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": metadata or {},
        "name": name,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def payment_method(*, now: int, customer_id: str, kind: str, last4: str, email: str | None) -> Json:
    """A card or a SEPA debit; `last4` decides how later payments end (see `cards`)."""
    detail: Json
    if kind == "card":
        detail = {
            "brand": "visa",
            "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
            "country": "DE",
            "display_brand": "visa",
            "exp_month": 12,
            "exp_year": 2034,
            "fingerprint": token("", 16),
            "funding": "credit",
            "last4": last4,
        }
    else:
        detail = {"bank_code": "37040044", "branch_code": "", "country": "DE", "last4": last4}
    return {
        "id": token("pm_1"),
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": {
            "address": address(),
            "email": email,
            "name": None,
            "phone": None,
            "tax_id": None,
        },
        "created": now,
        "customer": customer_id,
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        "type": kind,
        kind: detail,
    }


def period_end(start: int, recurring: Json | None) -> int:
    """The end of a billing period that begins at `start`, in the calendar of the price."""
    interval = (recurring or {}).get("interval", "month")
    count = (recurring or {}).get("interval_count", 1)
    if interval in ("day", "week"):
        return int(start + count * {"day": 86_400, "week": 604_800}[interval])
    months = count * (12 if interval == "year" else 1)
    begin = datetime.fromtimestamp(start, UTC)
    year, month = divmod(begin.year * 12 + begin.month - 1 + months, 12)
    day = min(begin.day, _days(year, month + 1))
    return int(begin.replace(year=year, month=month + 1, day=day).timestamp())


def _days(year: int, month: int) -> int:
    return monthrange(year, month)[1]


def subscription_item(*, now: int, subscription_id: str, price: Json, quantity: int, start: int, end: int) -> Json:
    return {
        "id": token("si_", 14),
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": now,
        "current_period_end": end,
        "current_period_start": start,
        "discounts": [],
        "metadata": {},
        "price": price,
        "quantity": quantity,
        "subscription": subscription_id,
        "tax_rates": [],
    }


def subscription(
    *,
    now: int,
    customer_id: str,
    price: Json,
    quantity: int,
    trial_end: int | None,
    metadata: Json,
    payment_method_id: str | None,
    missing_payment_method: str,
    automatic_tax: bool,
) -> Json:
    """A subscription that begins now: `trialing` with a trial, else `active`."""
    subscription_id = token("sub_1")
    end = trial_end or period_end(now, price["recurring"])
    item = subscription_item(
        now=now, subscription_id=subscription_id, price=price, quantity=quantity, start=now, end=end
    )
    return {
        "id": subscription_id,
        "object": "subscription",
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": {"disabled_reason": None, "enabled": automatic_tax, "liability": None},
        "billing_cycle_anchor": end if trial_end else now,
        "billing_cycle_anchor_config": None,
        "billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible"},
        "billing_thresholds": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "charge_automatically",
        "created": now,
        "currency": price["currency"],
        "customer": customer_id,
        "customer_account": None,
        "days_until_due": None,
        "default_payment_method": payment_method_id,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "ended_at": None,
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "items": {
            "object": "list",
            "data": [item],
            "has_more": False,
            "total_count": 1,
            "url": f"/v1/subscription_items?subscription={subscription_id}",
        },
        "latest_invoice": None,
        "livemode": False,
        "metadata": metadata,
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pause_collection": None,
        "payment_settings": {
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": "off",
        },
        "pending_invoice_item_interval": None,
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": now,
        "status": "trialing" if trial_end else "active",
        "test_clock": None,
        "transfer_data": None,
        "trial_end": trial_end,
        "trial_settings": {"end_behavior": {"missing_payment_method": missing_payment_method}},
        "trial_start": now if trial_end else None,
    }


def payment_intent(*, now: int, amount: int, currency: str, customer_id: str, method: str, status: str) -> Json:
    intent_id = token("pi_3")
    return {
        "id": intent_id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_received": amount if status == "succeeded" else 0,
        "canceled_at": None,
        "capture_method": "automatic",
        "client_secret": f"{intent_id}_secret_{token('', 16)}",
        "confirmation_method": "automatic",
        "created": now,
        "currency": currency,
        "customer": customer_id,
        "description": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": {},
        "next_action": None,
        "payment_method": method,
        "payment_method_types": ["card", "sepa_debit"],
        "setup_future_usage": "off_session",
        "status": status,
        "transfer_group": None,
    }


def charge(*, now: int, intent: Json, status: str, method: Json | None, email: str | None, failure: str = "") -> Json:
    """`status` is succeeded, pending or failed."""
    return {
        "id": token("ch_3"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if status == "succeeded" else 0,
        "amount_refunded": 0,
        "balance_transaction": token("txn_3") if status == "succeeded" else None,
        "billing_details": {"address": address(), "email": email, "name": None, "phone": None},
        "captured": status == "succeeded",
        "created": now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": "Subscription payment",
        "disputed": False,
        "failure_code": "card_declined" if failure else None,
        "failure_message": "Your card was declined." if failure else None,
        "livemode": False,
        "metadata": {},
        "outcome": {
            "network_status": "declined_by_network" if failure else "approved_by_network",
            "reason": failure or None,
            "type": "issuer_declined" if failure else "authorized",
        },
        "paid": status == "succeeded",
        "payment_intent": intent["id"],
        "payment_method": intent["payment_method"],
        "payment_method_details": {"type": method["type"]} if method else None,
        "receipt_email": email,
        "refunded": False,
        "source_transfer": None,
        "status": status,
        "transfer_group": None,
    }
