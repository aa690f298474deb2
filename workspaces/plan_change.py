"""Changing the plan of a running subscription: what it would cost by Stripe's own reckoning, and doing it.

A larger plan holds at once and its difference is charged at once. A smaller one holds at once too, and what is left of the
larger stands as a credit on the next invoice. In a trial nothing is due before its end.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from pilar.backplane import audit, effects
from pilar.backplane.effects import EffectResult
from pilar.backplane.tenancy import atomic
from pilar.kernel.problems import Conflict, Problem
from pilar.providers.stripe import invoices, shapes, subscriptions
from pilar.providers.stripe.checkout import price_of
from workspaces import billing, usage
from workspaces.models import Plan, Subscription

QUOTE_HOLDS = timedelta(minutes=30)
"""How long the amount that was shown is the amount that is charged: Stripe prorates to the second that we name."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What a change means. `due_cents` is charged at `due_at`; `lines` say how it comes about, in cents without tax."""

    plan: Plan
    is_larger: bool
    in_trial: bool
    at: datetime
    due_at: datetime
    due_cents: int
    tax_cents: int
    credit_cents: int
    currency: str
    lines: list[tuple[str, int]]


def quote(code: str, *, now: datetime) -> Quote:
    """Return what changing to the plan would cost and when. Must be called outside `atomic()`.

    Raises Problem for an unknown plan, Conflict where a change is not possible now or the studio does not fit.
    """
    mine, plan = _checked(code)
    fetched = subscriptions.retrieve(mine.stripe_subscription_id)
    now = now.replace(microsecond=0)
    at_once = _is_at_once(mine, plan)
    draft = invoices.preview(fetched, price=price_of(plan.code), at_once=at_once, at=now)
    return Quote(
        plan=plan,
        is_larger=plan.price_cents > mine.plan.price_cents,
        in_trial=mine.status == "trialing",
        at=now,
        due_at=now if at_once else fetched.current_period_end,
        due_cents=draft.amount_due,
        tax_cents=draft.tax if draft.total > 0 else 0,
        credit_cents=max(0, -draft.total),
        currency=draft.currency.upper(),
        lines=[(line.description or "", line.amount) for line in draft.lines.data],
    )


def change(code: str, *, quoted_at: datetime, actor: str, now: datetime) -> Subscription:
    """Change the plan as it was quoted at `quoted_at`; the same click twice changes it once. Outside `atomic()`.

    Another quote is another intent: Stripe takes a key with the same amounts only.

    Raises what `quote` raises, and Conflict when the quote is too old.
    """
    mine, plan = _checked(code)
    if not now - QUOTE_HOLDS <= quoted_at <= now + timedelta(minutes=1):
        raise Conflict(_("This calculation is too old. Look at the new one and confirm again."), code="quote_expired")
    fetched = subscriptions.retrieve(mine.stripe_subscription_id)
    effects.perform(
        key=f"plan:{mine.stripe_subscription_id}:{mine.revision}:{plan.code}:{int(quoted_at.timestamp())}",
        provider="stripe",
        operation="subscriptions.update",
        call=lambda key: _put(fetched, mine, plan, quoted_at, key),
        repeatable=True,
    )
    with atomic():
        before, after = {"plan": mine.plan_id}, {"plan": plan.code}
        audit.record(actor, "plan.changed", "subscription", mine.stripe_subscription_id, before=before, after=after)
    return billing.mirror(mine.stripe_subscription_id, now=now)


def _put(fetched: shapes.Subscription, mine: Subscription, plan: Plan, at: datetime, key: str) -> EffectResult:
    changed = subscriptions.change_price(
        fetched,
        price=price_of(plan.code),
        at_once=_is_at_once(mine, plan),
        at=at,
        metadata={"plan": plan.code},
        idempotency_key=key,
    )
    return EffectResult(ref=changed.id)


def _is_at_once(mine: Subscription, plan: Plan) -> bool:
    return plan.price_cents > mine.plan.price_cents and mine.status != "trialing"


def _checked(code: str) -> tuple[Subscription, Plan]:
    with atomic():
        plan = Plan.objects.filter(pk=code.upper(), is_offered=True).first()
    if plan is None:
        raise Problem(_("There is no such plan."), code="unknown_plan", fields={"plan": _("Choose one of the plans.")})
    mine = billing.subscription()
    if mine is None or not billing.is_served(mine):
        raise Conflict(_("There is no running subscription. Choose a plan first."), code="no_subscription")
    if mine.plan_id == plan.pk:
        raise Conflict(_("This is your plan already."), code="same_plan")
    if mine.status in billing.GRACE:
        text = _("An invoice is open. Pay it first, then you can change the plan.")
        raise Conflict(text, code="payment_open")
    if billing.ends_at(mine):
        text = _("Your subscription is cancelled. Take the cancellation back first, then you can change the plan.")
        raise Conflict(text, code="cancelled")
    reasons = usage.too_much_for(plan)
    if reasons:
        raise Conflict(" ".join(reasons), code="plan_too_small")
    return mine, plan
