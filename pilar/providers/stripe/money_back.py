"""What went back to a payer: refunds of charges, and credit notes that correct invoices."""

from pilar.providers.stripe.client import plain, request
from pilar.providers.stripe.shapes import Charge, CreditNote, Refund

MOST = 100


def charge(charge_id: str) -> Charge:
    """Fetch one charge."""
    return request(
        "charges.retrieve",
        lambda client: Charge.model_validate(plain(client.v1.charges.retrieve(charge_id))),
        read=True,
    )


def refunded_charges(customer: str) -> list[Charge]:
    """Fetch the newest charges of a customer of which something went back."""
    found = request(
        "charges.list",
        lambda client: [
            Charge.model_validate(plain(one))
            for one in client.v1.charges.list(params={"customer": customer, "limit": MOST}).data
        ],
        read=True,
    )
    return [one for one in found if one.amount_refunded]


def refunds_of(charge_id: str) -> list[Refund]:
    """Fetch the refunds of a charge."""
    return request(
        "refunds.list",
        lambda client: [
            Refund.model_validate(plain(one))
            for one in client.v1.refunds.list(params={"charge": charge_id, "limit": MOST}).data
        ],
        read=True,
    )


def invoice_of(payment_intent: str) -> str:
    """Return the id of the invoice that a payment was for, empty without one. Payments no longer name it themselves."""
    return request(
        "invoice_payments.list",
        lambda client: next(
            (
                str(plain(link)["invoice"])
                for link in client.v1.invoice_payments.list(
                    params={"payment": {"type": "payment_intent", "payment_intent": payment_intent}, "limit": 1}
                ).data
            ),
            "",
        ),
        read=True,
    )


def credit_note(note_id: str) -> CreditNote:
    """Fetch one credit note."""
    return request(
        "credit_notes.retrieve",
        lambda client: CreditNote.model_validate(plain(client.v1.credit_notes.retrieve(note_id))),
        read=True,
    )


def credit_notes_of(customer: str) -> list[CreditNote]:
    """Fetch the newest credit notes of a customer."""
    return request(
        "credit_notes.list",
        lambda client: [
            CreditNote.model_validate(plain(one))
            for one in client.v1.credit_notes.list(params={"customer": customer, "limit": MOST}).data
        ],
        read=True,
    )
