"""What the studio pays and what it gets for it: a mirror of Stripe, and never more than a mirror."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError
from django.utils.translation import gettext as _

from pilar.backplane import audit, effects, events
from pilar.backplane.effects import EffectResult
from pilar.backplane.tenancy import atomic, current, savepoint, tenant
from pilar.kernel.problems import Conflict
from pilar.kernel.switchboard import RetryAt
from pilar.providers.stripe import portal, shapes, subscriptions
from workspaces import directory, facts, invoices, plan_limits
from workspaces.models import Plan, Subscription, Workspace
from workspaces.plan_limits import Limits

FULL_SERVICE = frozenset({"trialing", "active"})
GRACE = frozenset({"past_due"})
SUSPENDING = frozenset({"unpaid", "paused", "canceled"})
NOT_BEGUN = frozenset({"incomplete", "incomplete_expired"})
TRIES = 5
ACTOR = "stripe"


def subscription() -> Subscription | None:
    """Return the current workspace's subscription, or None before the first payment."""
    with atomic():
        return Subscription.objects.select_related("plan").first()


def full_service(found: Subscription | None) -> bool:
    """Say whether the subscription gives everything: a trial or a paid period (providers.md 1.4)."""
    return found is not None and found.status in FULL_SERVICE


def is_served(found: Subscription | None) -> bool:
    """Say whether the studio is served: full service, or the days of grace while Stripe collects a late payment."""
    return found is not None and found.status in FULL_SERVICE | GRACE


def limits() -> Limits:
    """Return what the current workspace's plan allows."""
    return plan_limits.of(directory.get(current()).plan)


def ends_at(found: Subscription | None) -> datetime | None:
    """Return when a cancelled subscription runs out; None when it goes on or is over already."""
    if found is None or not is_served(found):
        return None
    return found.cancel_at or (found.current_period_end if found.cancel_at_period_end else None)


def portal_url(*, return_url: str, language: str) -> str:
    """Open Stripe's portal for the current workspace. Must be called outside `atomic()`; raises Conflict before a
    purchase.
    """
    return portal.create(customer=_bought().stripe_customer_id, return_url=return_url, locale=language)


def way_to_pay(*, return_url: str, language: str) -> str:
    """Return where an open invoice is paid with one tap, or a new means of payment is entered when none is open.

    Must be called outside `atomic()`; raises Conflict before a purchase.
    """
    found, due = _bought(), invoices.unpaid()
    if due and due.page_url:
        return due.page_url
    return portal.create(customer=found.stripe_customer_id, return_url=return_url, locale=language, new_means=True)


def cancel(*, actor: str, now: datetime) -> Subscription:
    """Let the subscription run out at the end of what is paid, or of the trial. Must be called outside `atomic()`.

    Raises Conflict without a running subscription. Cancelling twice is cancelling once.
    """
    return _end_with_period(wanted=True, actor=actor, now=now)


def keep(*, actor: str, now: datetime) -> Subscription:
    """Take a cancellation back before it has come into force. Outside `atomic()`; raises Conflict when it is too late."""
    return _end_with_period(wanted=False, actor=actor, now=now)


def _end_with_period(*, wanted: bool, actor: str, now: datetime) -> Subscription:
    found = _bought()
    if not is_served(found):
        raise Conflict(_("This subscription has ended. You can choose a plan anew at any time."), code="ended")
    if bool(ends_at(found)) == wanted:
        return found
    effects.perform(
        key=f"ending:{found.stripe_subscription_id}:{found.revision}:{int(wanted)}",
        provider="stripe",
        operation="subscriptions.update",
        call=lambda key: _tell_stripe(found.stripe_subscription_id, wanted, key),
        repeatable=True,
    )
    with atomic():
        what = "subscription.cancelled" if wanted else "subscription.kept"
        audit.record(actor, what, "subscription", found.stripe_subscription_id)
    return mirror(found.stripe_subscription_id, now=now)


def _tell_stripe(subscription_id: str, wanted: bool, key: str) -> EffectResult:
    return EffectResult(ref=subscriptions.end_with_period(subscription_id, wanted=wanted, idempotency_key=key).id)


def _bought() -> Subscription:
    found = subscription()
    if found is None:
        raise Conflict(_("There is no subscription yet. Choose a plan first."), code="no_subscription")
    return found


def refresh(workspace_id: UUID, *, now: datetime) -> Subscription | None:
    """Fetch the workspace's subscription again and mirror it; None when it never had one. Outside `atomic()`."""
    with tenant(workspace_id):
        found = subscription()
        return mirror(found.stripe_subscription_id, now=now) if found else None


def mirror(subscription_id: str, *, now: datetime) -> Subscription:
    """Fetch a subscription and store what it is now, in the current workspace. Must be called outside `atomic()`.

    Order and number of the events that lead here do not matter: a fetched state is stored only if no other was stored
    since before the fetch, otherwise it is fetched again. Raises RetryAt when others keep being faster.
    """
    for _attempt in range(TRIES):
        seen = _revision()
        fetched = subscriptions.retrieve(subscription_id)
        stored = _store(fetched, seen, now)
        if stored is not None:
            return stored
    raise RetryAt("The subscription is being updated by others at the same time", after=1)


def _revision() -> int:
    found = subscription()
    return found.revision if found else 0


def _store(fetched: shapes.Subscription, seen: int, now: datetime) -> Subscription | None:
    try:
        with savepoint():
            workspace = Workspace.objects.select_for_update().select_related("plan").get(pk=current())
            row = Subscription.objects.first()
            if (row.revision if row else 0) != seen:
                return None
            if row and _is_superseded(row, fetched):
                return row
            return _apply(workspace, row, fetched, now)
    except IntegrityError:
        return None


def _is_superseded(row: Subscription, fetched: shapes.Subscription) -> bool:
    """Say whether another subscription of the same studio counts more: the one that is served, else the newer that began."""
    if row.stripe_subscription_id == fetched.id:
        return False
    if is_served(row) != (fetched.status in FULL_SERVICE | GRACE):
        return is_served(row)
    return fetched.created < row.started_at or fetched.status in NOT_BEGUN


def _apply(workspace: Workspace, row: Subscription | None, fetched: shapes.Subscription, now: datetime) -> Subscription:
    plan = _plan_of(fetched) or workspace.plan
    state = {
        "stripe_customer_id": fetched.customer,
        "stripe_subscription_id": fetched.id,
        "status": fetched.status,
        "plan_id": plan.pk,
        "current_period_end": fetched.current_period_end,
        "trial_end": fetched.trial_end,
        "cancel_at": fetched.cancel_at,
        "cancel_at_period_end": fetched.cancel_at_period_end,
        "started_at": fetched.created,
    }
    row = row or Subscription(workspace=workspace)
    before = {name: getattr(row, name) for name in state}
    if before == state:
        return row
    for name, value in state.items():
        setattr(row, name, value)
    row.revision += 1
    row.fetched_at = now
    row.save()
    _follow(workspace, row, before, plan, now)
    return row


def _follow(workspace: Workspace, row: Subscription, before: dict[str, object], plan: Plan, now: datetime) -> None:
    """Draw the consequences of a change: plan and limits, suspension, the fact for the other rooms."""
    previous = str(before["status"] or "")
    audit.record(
        ACTOR,
        "subscription.changed",
        "subscription",
        row.stripe_subscription_id,
        before={"status": previous, "plan": str(before["plan_id"] or "")},
        after={"status": row.status, "plan": plan.code},
    )
    if workspace.plan_id != plan.pk:
        workspace.plan = plan
        workspace.save(update_fields=["plan"])
        plan_limits.apply(workspace)
    if row.status in SUSPENDING:
        directory.suspend(workspace_id=workspace.pk, reason=f"subscription_{row.status}", actor=ACTOR, now=now)
    elif is_served(row) and previous in SUSPENDING:
        directory.resume(workspace_id=workspace.pk, actor=ACTOR, now=now)
    payload = facts.SubscriptionChanged(status=row.status, previous=previous, plan=plan.code)
    events.publish(facts.SUBSCRIPTION_CHANGED, payload, key=f"subscription:{row.pk}:{row.revision}")


def _plan_of(fetched: shapes.Subscription) -> Plan | None:
    codes = {price: code for code, price in settings.STRIPE_PRICES.items() if price}
    code = codes.get(fetched.price_id) or fetched.metadata.get("plan", "").upper()
    return Plan.objects.filter(pk=code).first()
