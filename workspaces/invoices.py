"""The studio's invoices: copies of what Stripe says, refreshed whenever a webhook names one."""

from datetime import datetime

from pilar.backplane.tenancy import atomic, current
from pilar.kernel import clock
from pilar.providers.stripe import invoices, shapes
from workspaces import money_back
from workspaces.models import Invoice, Workspace

SHOWN = 24
HIDDEN = ("draft", "void", "deleted")


def newest() -> list[Invoice]:
    """Return the current workspace's invoices, newest first; a trial's empty ones are left out."""
    with atomic():
        return list(Invoice.objects.exclude(status__in=HIDDEN).exclude(total_cents=0).order_by("-issued_at")[:SHOWN])


def unpaid() -> Invoice | None:
    """Return the newest invoice that Stripe has tried to collect in vain, or None."""
    with atomic():
        return Invoice.objects.filter(status="open", attempts__gt=0).order_by("-issued_at").first()


def mirror(invoice_id: str) -> shapes.Invoice:
    """Fetch an invoice and store it as it is now, in the current workspace. Must be called outside `atomic()`."""
    asked_at = clock.now()
    fetched = invoices.retrieve(invoice_id)
    _store([fetched], asked_at)
    return fetched


def catch_up(customer_id: str) -> int:
    """Fetch a customer's invoices, for those whose events came before we knew the studio. Outside `atomic()`."""
    asked_at = clock.now()
    fetched = invoices.list_for(customer_id, limit=SHOWN)
    _store(fetched, asked_at)
    if any(invoice.amount_paid for invoice in fetched):
        money_back.catch_up(customer_id)
    return len(fetched)


def _store(fetched: list[shapes.Invoice], asked_at: datetime) -> None:
    with atomic():
        Workspace.objects.select_for_update().get(pk=current())
        for invoice in fetched:
            known = Invoice.objects.filter(stripe_invoice_id=invoice.id).first()
            if known is None or known.asked_at <= asked_at:
                row = known or Invoice(stripe_invoice_id=invoice.id)
                _copy(invoice, row, asked_at)


def _copy(invoice: shapes.Invoice, row: Invoice, asked_at: datetime) -> None:
    row.number, row.status = invoice.number or "", invoice.status or ""
    row.total_cents, row.tax_cents, row.due_cents = invoice.total, invoice.tax, invoice.amount_due
    row.currency = invoice.currency.upper()
    row.issued_at, row.paid_at = invoice.created, invoice.status_transitions.paid_at
    row.attempts, row.next_attempt_at = invoice.attempt_count, invoice.next_payment_attempt
    row.page_url, row.pdf_url = invoice.hosted_invoice_url or "", invoice.invoice_pdf or ""
    row.asked_at = asked_at
    row.save()
