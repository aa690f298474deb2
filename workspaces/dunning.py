"""What happens, and when, after a payment has failed: told as stages with dates, as far as Stripe has fixed them."""

from dataclasses import dataclass
from datetime import datetime

from workspaces.models import Invoice, Subscription


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage. `state` is done, current or coming; `at` is None where nobody can know the day yet."""

    code: str
    state: str
    at: datetime | None = None


def stages(found: Subscription, invoice: Invoice | None) -> list[Stage]:
    """Return the stages of a subscription whose payment failed, in their order; empty for any other."""
    if found.status not in ("past_due", "unpaid") or invoice is None:
        return []
    if found.status == "unpaid":
        return [Stage("failed", "done", invoice.issued_at), Stage("silent", "current", None), Stage("paid", "coming")]
    retried = (
        Stage("retry", "current", invoice.next_attempt_at) if invoice.next_attempt_at else Stage("last", "current")
    )
    return [Stage("failed", "done", invoice.issued_at), retried, Stage("silent", "coming"), Stage("paid", "coming")]
