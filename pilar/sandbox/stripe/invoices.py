"""Invoices, payments, charges and refunds."""

from __future__ import annotations

from stripe.params import (
    ChargeListParams,
    ChargeRetrieveParams,
    DisputeRetrieveParams,
    InvoiceListParams,
    InvoicePaymentListParams,
    InvoicePayParams,
    InvoiceRetrieveParams,
    InvoiceVoidInvoiceParams,
    PaymentIntentRetrieveParams,
    RefundCreateParams,
    RefundListParams,
    RefundRetrieveParams,
)

from pilar.sandbox.state import World, token
from pilar.sandbox.stripe import billing
from pilar.sandbox.stripe.errors import StripeError, declined, invalid
from pilar.sandbox.stripe.events import emit
from pilar.sandbox.stripe.listing import paged
from pilar.sandbox.stripe.wire import Call, Json, Routes

routes = Routes()


@routes.on("GET", "/v1/invoices", "invoices.list", InvoiceListParams)
def list_invoices(call: Call) -> Json:
    wanted = call.params.get("subscription")
    found = (
        invoice
        for invoice in call.stripe.all("invoice")
        if wanted in (None, invoice["parent"]["subscription_details"]["subscription"])
    )
    return paged(found, call.params, url=call.url, equal=("customer", "status", "collection_method"))


@routes.on("GET", "/v1/invoices/{id}", "invoices.retrieve", InvoiceRetrieveParams)
def retrieve_invoice(call: Call) -> Json:
    return call.get("invoice")


@routes.on("POST", "/v1/invoices/{id}/pay", "invoices.pay", InvoicePayParams)
def pay_invoice(call: Call) -> Json:
    invoice = call.get("invoice")
    if invoice["status"] == "paid":
        raise StripeError("Invoice is already paid", code="invoice_already_paid")
    if invoice["status"] != "open":
        raise StripeError("This invoice can no longer be paid.", code="invoice_not_editable")
    if billing.collect(call.world, invoice) == "failed":
        raise declined("generic_decline")
    return invoice


@routes.on("POST", "/v1/invoices/{id}/void", "invoices.void", InvoiceVoidInvoiceParams)
def void_invoice(call: Call) -> Json:
    invoice = call.get("invoice")
    if invoice["status"] not in ("open", "uncollectible"):
        raise StripeError("You can only pass in open invoices.", code="invoice_not_editable")
    invoice |= {"status": "void", "next_payment_attempt": None}
    invoice["status_transitions"]["voided_at"] = call.world.now()
    emit(call.world, "invoice.voided", invoice)
    return invoice


@routes.on("GET", "/v1/invoice_payments", "invoice_payments.list", InvoicePaymentListParams)
def list_payments(call: Call) -> Json:
    """The way from a charge to its invoice: `payment[type]=payment_intent&payment[payment_intent]=pi_…`."""
    payment = call.params.get("payment", {})
    intent = payment.get("payment_intent")
    if payment and payment.get("type") != "payment_intent":
        raise invalid("This simulator filters by payment intents only.", "payment[type]")
    found = (link for link in call.stripe.all("invoice_payment") if intent in (None, link["payment"]["payment_intent"]))
    return paged(found, call.params, url=call.url, equal=("invoice", "status"))


@routes.on("GET", "/v1/payment_intents/{id}", "payment_intents.retrieve", PaymentIntentRetrieveParams)
def retrieve_intent(call: Call) -> Json:
    return call.get("payment_intent")


@routes.on("GET", "/v1/charges", "charges.list", ChargeListParams)
def list_charges(call: Call) -> Json:
    return paged(call.stripe.all("charge"), call.params, url=call.url, equal=("customer", "payment_intent"))


@routes.on("GET", "/v1/charges/{id}", "charges.retrieve", ChargeRetrieveParams)
def retrieve_charge(call: Call) -> Json:
    return call.get("charge")


@routes.on("GET", "/v1/disputes/{id}", "disputes.retrieve", DisputeRetrieveParams)
def retrieve_dispute(call: Call) -> Json:
    return call.get("dispute")


@routes.on("POST", "/v1/refunds", "refunds.create", RefundCreateParams)
def create_refund(call: Call) -> Json:
    params = call.params
    if "charge" in params:
        charge = call.stripe.get("charge", params["charge"], param="charge", status=400)
    elif "payment_intent" in params:
        intent = call.stripe.get("payment_intent", params["payment_intent"], param="payment_intent", status=400)
        charge = call.stripe.get("charge", intent["latest_charge"] or "", param="payment_intent", status=400)
    else:
        raise StripeError("One of the following params should be provided for this request: payment_intent or charge.")
    extra = {"reason": params.get("reason"), "metadata": params.get("metadata") or {}}
    return refund(call.world, charge, params.get("amount"), extra)


def refund(world: World, charge: Json, cents: int | None, extra: Json) -> Json:
    """Give back all that is left of a charge, or so many cents of it.

    Raises:
        StripeError: 400, more than is left, nothing left, or a charge that never succeeded.
    """
    left = charge["amount"] - charge["amount_refunded"]
    if charge["status"] != "succeeded":
        raise StripeError(f"Charge {charge['id']} has not succeeded.", param="charge")
    if left == 0:
        message = f"Charge {charge['id']} has already been refunded."
        raise StripeError(message, code="charge_already_refunded")
    amount = left if cents is None else cents
    if not 0 < amount <= left:
        raise invalid(f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})", "amount")
    made: Json = world.stripe.put(
        {
            "id": token("re_3"),
            "object": "refund",
            "amount": amount,
            "balance_transaction": token("txn_3"),
            "charge": charge["id"],
            "created": world.now(),
            "currency": charge["currency"],
            "customer": charge["customer"],
            "failure_balance_transaction": None,
            "failure_reason": None,
            "payment_intent": charge["payment_intent"],
            "receipt_number": None,
            "source_transfer_reversal": None,
            "status": "succeeded",
            "transfer_reversal": None,
            **extra,
        }
    )
    previous = {"amount_refunded": charge["amount_refunded"], "refunded": charge["refunded"]}
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    world.stripe.available_cents -= amount
    emit(world, "refund.created", made)
    emit(world, "charge.refunded", charge, previous=previous)
    return made


def fail_refund(world: World, made: Json) -> None:
    """The payer's bank sends the money back, days later: the refund has failed, and the charge has it again.

    Raises:
        StripeError: 400, a refund that is not on its way or done.
    """
    if made["status"] not in ("pending", "succeeded"):
        raise StripeError("This refund cannot fail any more.", param="refund")
    charge = world.stripe.get("charge", made["charge"])
    made |= {
        "status": "failed",
        "failure_reason": "lost_or_stolen_card",
        "failure_balance_transaction": token("txn_3"),
    }
    charge |= {"amount_refunded": charge["amount_refunded"] - made["amount"], "refunded": False}
    world.stripe.available_cents += made["amount"]
    emit(world, "refund.updated", made)
    emit(world, "refund.failed", made)


@routes.on("GET", "/v1/refunds", "refunds.list", RefundListParams)
def list_refunds(call: Call) -> Json:
    return paged(call.stripe.all("refund"), call.params, url=call.url, equal=("charge", "payment_intent"))


@routes.on("GET", "/v1/refunds/{id}", "refunds.retrieve", RefundRetrieveParams)
def retrieve_refund(call: Call) -> Json:
    return call.get("refund")
