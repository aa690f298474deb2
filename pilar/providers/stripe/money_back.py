"""What went back to a payer: refunds of charges, and credit notes that correct invoices."""

from pilar.providers.stripe.client import fetch, fetch_all, plain, request
from pilar.providers.stripe.shapes import Charge, CreditNote, Refund, id_of

MOST = 100


def charge(charge_id: str) -> Charge:
    """Fetch one charge."""
    return fetch("charges.retrieve", Charge, lambda client: client.v1.charges.retrieve(charge_id))


def refunded_charges(customer: str) -> list[Charge]:
    """Fetch the newest charges of a customer of which something went back."""
    found = fetch_all(
        "charges.list", Charge, lambda client: client.v1.charges.list(params={"customer": customer, "limit": MOST})
    )
    return [one for one in found if one.amount_refunded]


def refunds_of(charge_id: str) -> list[Refund]:
    """Fetch the refunds of a charge."""
    return fetch_all(
        "refunds.list", Refund, lambda client: client.v1.refunds.list(params={"charge": charge_id, "limit": MOST})
    )


def invoice_of(payment_intent: str) -> str:
    """Return the id of the invoice that a payment was for, empty without one. Payments no longer name it themselves."""
    return request(
        "invoice_payments.list",
        lambda client: next(
            (
                str(id_of(plain(link)["invoice"]))
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
    return fetch("credit_notes.retrieve", CreditNote, lambda client: client.v1.credit_notes.retrieve(note_id))


def credit_notes_of(customer: str) -> list[CreditNote]:
    """Fetch the newest credit notes of a customer."""
    return fetch_all(
        "credit_notes.list",
        CreditNote,
        lambda client: client.v1.credit_notes.list(params={"customer": customer, "limit": MOST}),
    )
