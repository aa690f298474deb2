"""Credit notes: an invoice that is finalized is not changed, it is corrected by a paper of its own."""

from __future__ import annotations

from stripe.params import (
    CreditNoteCreateParams,
    CreditNoteListParams,
    CreditNoteRetrieveParams,
    CreditNoteVoidCreditNoteParams,
)

from pilar.sandbox.state import World, token
from pilar.sandbox.stripe import invoices
from pilar.sandbox.stripe.errors import StripeError, invalid
from pilar.sandbox.stripe.events import emit
from pilar.sandbox.stripe.listing import paged
from pilar.sandbox.stripe.wire import Call, Json, Routes

routes = Routes()


@routes.on("GET", "/v1/credit_notes", "credit_notes.list", CreditNoteListParams)
def list_notes(call: Call) -> Json:
    return paged(call.stripe.all("credit_note"), call.params, url=call.url, equal=("customer", "invoice"))


@routes.on("GET", "/v1/credit_notes/{id}", "credit_notes.retrieve", CreditNoteRetrieveParams)
def retrieve_note(call: Call) -> Json:
    return call.get("credit_note")


@routes.on("POST", "/v1/credit_notes", "credit_notes.create", CreditNoteCreateParams)
def create_note(call: Call) -> Json:
    """What is given back by `refund_amount` leaves at once; `credit_amount` waits for the next invoice."""
    params = call.params
    invoice = call.stripe.get("invoice", params["invoice"], param="invoice", status=400)
    refunded = params.get("refund_amount", 0)
    amount = params.get("amount", refunded + params.get("credit_amount", 0) + params.get("out_of_band_amount", 0))
    extra = {name: params.get(name) for name in ("reason", "memo")} | {"metadata": params.get("metadata") or {}}
    return issue(call.world, invoice, amount, refunded=refunded, extra=extra)


@routes.on("POST", "/v1/credit_notes/{id}/void", "credit_notes.void", CreditNoteVoidCreditNoteParams)
def void_note(call: Call) -> Json:
    return void(call.world, call.get("credit_note"))


def issue(world: World, invoice: Json, amount: int, *, refunded: int, extra: Json) -> Json:
    """Correct an invoice by `amount`, of which `refunded` goes back to the payer and the rest to the balance.

    Raises:
        StripeError: 400, more than is left of the invoice, or one that is not finalized.
    """
    if invoice["status"] not in ("open", "paid"):
        raise StripeError("You can only create credit notes for open and paid invoices.", param="invoice")
    paid = invoice["status"] == "paid"
    done = [note for note in world.stripe.all("credit_note") if note["invoice"] == invoice["id"]]
    left = invoice["total"] - sum(note["total"] for note in done if note["status"] == "issued")
    if not 0 < amount <= left or not 0 <= refunded <= (amount if paid else 0):
        raise invalid(f"The credit note's amount ({amount}) is more than is left of the invoice ({left}).", "amount")
    refunds = [_refund(world, invoice, refunded)] if refunded else []
    note = world.stripe.put(_note(world, invoice, amount, len(done) + 1, refunds) | extra)
    if paid:
        world.stripe.get("customer", invoice["customer"])["balance"] -= amount - refunded
    else:
        invoice["amount_due"] -= amount
        invoice["amount_remaining"] -= amount
    emit(world, "credit_note.created", note)
    return note


def void(world: World, note: Json) -> Json:
    """Take a credit note back, as long as nothing was paid out by it.

    Raises:
        StripeError: 400, it is void already or has moved money.
    """
    if note["status"] != "issued" or note["refunds"]:
        raise StripeError("This credit note can no longer be voided.", code="credit_note_not_voidable")
    note |= {"status": "void", "voided_at": world.now()}
    if note["type"] == "post_payment":
        world.stripe.get("customer", note["customer"])["balance"] += note["total"]
    emit(world, "credit_note.voided", note)
    return note


def _refund(world: World, invoice: Json, cents: int) -> Json:
    links = (link for link in world.stripe.all("invoice_payment") if link["invoice"] == invoice["id"])
    intent_id = next((link["payment"]["payment_intent"] for link in links if link["status"] == "paid"), "")
    intent = world.stripe.get("payment_intent", intent_id, param="invoice", status=400)
    charge = world.stripe.get("charge", intent["latest_charge"])
    made = invoices.refund(world, charge, cents, {"reason": None, "metadata": {}})
    return {"amount_refunded": cents, "payment_record_refund": None, "refund": made["id"], "type": "refund"}


def _note(world: World, invoice: Json, amount: int, number: int, refunds: list[Json]) -> Json:
    note_id, paid = token("cn_1"), invoice["status"] == "paid"
    taxed = invoice["total"] - invoice["subtotal"]
    tax = round(amount * taxed / invoice["total"]) if invoice["total"] else 0
    credited = paid and amount > sum(one["amount_refunded"] for one in refunds)
    return {
        "id": note_id,
        "object": "credit_note",
        "amount": amount,
        "amount_shipping": 0,
        "created": world.now(),
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "customer_account": None,
        "customer_balance_transaction": token("cbtxn_1") if credited else None,
        "discount_amount": 0,
        "discount_amounts": [],
        "effective_at": world.now(),
        "invoice": invoice["id"],
        "lines": {"object": "list", "data": [], "has_more": False, "url": f"/v1/credit_notes/{note_id}/lines"},
        "livemode": False,
        "memo": None,
        "metadata": {},
        "number": f"{invoice['number']}-CN-{number:02d}",
        "out_of_band_amount": None,
        "pdf": f"{world.settings.own_url}/credit_note/{note_id}/pdf",
        "post_payment_amount": amount if paid else 0,
        "pre_payment_amount": 0 if paid else amount,
        "pretax_credit_amounts": [],
        "reason": None,
        "refunds": refunds,
        "shipping_cost": None,
        "status": "issued",
        "subtotal": amount - tax,
        "subtotal_excluding_tax": amount - tax,
        "total": amount,
        "total_excluding_tax": amount - tax,
        "total_taxes": [{"amount": tax, "tax_behavior": "exclusive", "type": "tax_rate_details"}] if tax else [],
        "type": "post_payment" if paid else "pre_payment",
        "voided_at": None,
    }
