"""What a studio got back of its invoices: copies of Stripe's refunds and credit notes, as the invoices are.

Any event about one is a reason to fetch: all refunds of the charge, or the credit note. So the order of the events, and
how often each comes, makes no difference.
"""

from collections.abc import Iterable
from datetime import datetime

from pilar.backplane.tenancy import atomic, current
from pilar.kernel import clock
from pilar.providers.stripe import money_back as stripe
from pilar.providers.stripe.shapes import Charge, CreditNote, Refund
from workspaces.models import Invoice, MoneyBack, Workspace

Kind = MoneyBack.Kind
SHOWN = 24


def newest() -> list[MoneyBack]:
    """Return what went back to the current workspace, newest first, each named after its invoice.

    A refund that a credit note tells of is left out unless it failed, as is a credit note that was taken back.
    """
    with atomic():
        rows = list(MoneyBack.objects.exclude(status="void").order_by("-issued_at")[: 2 * SHOWN])
        wanted = {row.stripe_invoice_id for row in rows}
        known = Invoice.objects.filter(stripe_invoice_id__in=wanted) if wanted else Invoice.objects.none()
        numbers = dict(known.values_list("stripe_invoice_id", "number"))
    told = {refund_id for row in rows for refund_id in row.refund_ids}
    told -= {row.stripe_id for row in rows if row.status in ("failed", "canceled")}
    for row in rows:
        row.invoice_number = numbers.get(row.stripe_invoice_id, "")
    return [row for row in rows if row.stripe_id not in told][:SHOWN]


def mirror_refunds(charge: Charge) -> None:
    """Fetch all refunds of a charge and store them, in the current workspace. Must be called outside `atomic()`."""
    asked_at = clock.now()
    invoice_id = stripe.invoice_of(charge.payment_intent) if charge.payment_intent else ""
    _store([_of_refund(refund, invoice_id) for refund in stripe.refunds_of(charge.id)], asked_at)


def mirror_note(note_id: str) -> CreditNote:
    """Fetch a credit note and store it as it is now, in the current workspace. Must be called outside `atomic()`."""
    asked_at = clock.now()
    note = stripe.credit_note(note_id)
    _store([_of_note(note)], asked_at)
    return note


def catch_up(customer_id: str) -> None:
    """Fetch what a customer got back before we knew the studio. Must be called outside `atomic()`."""
    for charge in stripe.refunded_charges(customer_id):
        mirror_refunds(charge)
    asked_at = clock.now()
    _store(map(_of_note, stripe.credit_notes_of(customer_id)), asked_at)


def _of_refund(refund: Refund, invoice_id: str) -> MoneyBack:
    return MoneyBack(
        kind=Kind.REFUND,
        stripe_id=refund.id,
        stripe_invoice_id=invoice_id,
        status=refund.status or "pending",
        amount_cents=refund.amount,
        currency=refund.currency.upper(),
        issued_at=refund.created,
    )


def _of_note(note: CreditNote) -> MoneyBack:
    return MoneyBack(
        kind=Kind.CREDIT_NOTE,
        stripe_id=note.id,
        stripe_invoice_id=note.invoice,
        number=note.number,
        status=note.status,
        amount_cents=note.total,
        currency=note.currency.upper(),
        refund_ids=[one.refund for one in note.refunds if one.refund],
        is_credit=note.customer_balance_transaction is not None,
        pdf_url=note.pdf or "",
        issued_at=note.created,
    )


def _store(fetched: Iterable[MoneyBack], asked_at: datetime) -> None:
    with atomic():
        Workspace.objects.select_for_update().get(pk=current())
        for row in fetched:
            known = MoneyBack.objects.filter(stripe_id=row.stripe_id).first()
            if known is not None and known.asked_at > asked_at:
                continue
            if known is not None:
                row.pk, row._state.adding = known.pk, False
            row.asked_at = asked_at
            row.save()
