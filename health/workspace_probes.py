"""What is looked at for each studio without asking a provider: its queue, its webhooks, its budgets, and how its own calls
to the models and the mail server went.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from health.models import Status
from pilar.backplane import budgets, sql, tenants
from pilar.backplane.budgets import Standing
from pilar.backplane.tenancy import atomic, current
from pilar.kernel.clock import now as clock_now
from pilar.kernel.errors import ErrorClass
from pilar.kernel.money import MICRO_EURO
from pilar.kernel.switchboard import LANES, Finding
from pilar.providers.models import ProviderCall
from pilar.providers.probes import ANSWERED

LATE, VERY_LATE = 60.0, 300.0
"""Seconds that due work may wait before it is a weakness, and before it is a failure (reliability P8)."""
NEARLY_USED_UP = 0.8
SPENDING_SHOWS_AFTER = 0.25
"""A forecast needs a quarter of the limit used: one message in the first minute of a day says nothing about the day."""
LASTING = timedelta(minutes=30)
PASSING = timedelta(minutes=2)
"""How long a failed call speaks for its provider: a wrong key longer than a hiccup, which the next call may not meet."""
PASSING_CLASSES = (ErrorClass.TRANSIENT_NETWORK, ErrorClass.RATE_LIMITED)

_WAITING = """
SELECT extract(epoch FROM statement_timestamp() - min(next_at))::float FROM autopilot_turn
WHERE workspace_id = %(workspace)s AND lane = ANY(%(lanes)s) AND NOT paused AND next_at <= statement_timestamp()
"""
_DEAD = "SELECT lane, count(*) FROM autopilot_job WHERE workspace_id = %s AND status = 2 GROUP BY lane"
_UNPROCESSED = """
SELECT extract(epoch FROM statement_timestamp() - min(CASE WHEN status = 0 AND attempts = 0 THEN scheduled_at
  ELSE created_at END))::float FROM autopilot_job WHERE workspace_id = %s AND lane = %s AND status IN (0, 1)
"""
"""What only looks again later, as a report that came before its number was connected, has not failed and waits for nobody."""
_LAST_INBOUND = """
SELECT extract(epoch FROM statement_timestamp() - max(created_at))::float
FROM (SELECT type, created_at FROM autopilot_event WHERE workspace_id = %s ORDER BY id DESC LIMIT 200) newest
WHERE type LIKE 'whatsapp.%%' OR type LIKE 'twilio.%%' OR type LIKE 'stripe.%%'
"""
WEBHOOKS = LANES.index("webhooks")


def queue(_workspace: UUID | None) -> Finding:
    """Does the studio's work start when it is due, and has none of it given up?"""
    with atomic():
        lanes = list(range(len(LANES)))
        waited = float(sql.value(_WAITING, {"workspace": current(), "lanes": lanes}) or 0)
        dead = sum(count for lane, count in sql.rows(_DEAD, [current()]) if lane != WEBHOOKS)
    metrics = {"oldestDueSeconds": round(waited, 1), "dead": float(dead)}
    if waited > LATE:
        state = Status.FAILED if waited > VERY_LATE else Status.DEGRADED
        text = _("Work that is due has waited for %(seconds)d seconds.") % {"seconds": waited}
        fix = _("Nothing to do for the studio: we start more workers, and nothing is lost.")
        return Finding(state, text, fix, "queue_late", "high", metrics)
    if dead:
        text = _("%(count)d pieces of work for this studio did not succeed, also not in several tries.") % {
            "count": dead
        }
        fix = _("Nothing to do for the studio: it has been reported to us. What it was is on Today, under Gave up.")
        return Finding(Status.DEGRADED, text, fix, "dead_letters", "medium", metrics)
    return Finding(Status.HEALTHY, _("Work starts when it is due."), metrics=metrics)


def webhooks(_workspace: UUID | None) -> Finding:
    """Is what the providers sent us worked on? For the platform: what names its studio only when it is read."""
    with atomic():
        waited = float(sql.value(_UNPROCESSED, [current(), WEBHOOKS]) or 0)
        dead = dict(sql.rows(_DEAD, [current()])).get(WEBHOOKS, 0)
        silence = sql.value(_LAST_INBOUND, [current()])
    metrics = {"oldestUnprocessedSeconds": round(max(waited, 0.0), 1), "dead": float(dead)}
    if silence is not None:
        metrics["lastInboundSeconds"] = round(float(silence), 1)
    if waited > LATE:
        state = Status.FAILED if waited > VERY_LATE else Status.DEGRADED
        text = _("A webhook has waited for %(seconds)d seconds to be worked on.") % {"seconds": waited}
        fix = _("Look whether workers serve the lane webhooks; what is stored is worked on as soon as one does.")
        return Finding(state, text, fix, "webhooks_late", "high", metrics)
    if dead:
        text = _("%(count)d webhooks could not be worked on.") % {"count": dead}
        fix = _("Look at them under Jobs: each says why; retry or discard it.")
        return Finding(Status.DEGRADED, text, fix, "webhooks_dead", "high", metrics)
    return Finding(Status.HEALTHY, _("Webhooks are worked on as they come."), metrics=metrics)


def limits(_workspace: UUID | None) -> Finding:
    """How much of each budget is used, and when would it be used up?"""
    now = clock_now()
    everything = budgets.status(now)
    standings = [one for one in everything if one.daily_limit]
    month = next((one for one in everything if _used_of_month(one) >= NEARLY_USED_UP), None)
    if month and not any(_used(one) >= 1 for one in standings):
        return _month_is_tight(month)
    if not standings:
        return Finding(Status.HEALTHY, _("No limit is set."), metrics={"budgetUtilization": 0.0})
    worst = max(standings, key=_used)
    metrics = {"budgetUtilization": round(_used(worst), 3)}
    metrics |= {f"budgetUtilization.{one.resource}": round(_used(one), 3) for one in standings}
    if _used(worst) >= 1:
        return _used_up(worst, metrics)
    ends = {one.resource: _used_up_at(one, now=now) for one in standings}
    first = min((one for one in standings if ends[one.resource]), key=lambda one: str(ends[one.resource]), default=None)
    if first is None and _used(worst) < NEARLY_USED_UP:
        return Finding(Status.HEALTHY, _("All budgets have room."), metrics=metrics)
    tight = first or worst
    text = _("%(percent)d %% of today's budget of %(resource)s is used.")
    values = {"percent": 100 * _used(tight), "resource": tight.label}
    if first:
        text = _("%(percent)d %% of today's budget of %(resource)s is used; at this pace it is used up at %(time)s.")
        values["time"] = _clock(ends[first.resource] or now)
    fix = _fix(tight, _("Raise the limit with a larger plan, or let the coach write less often today."))
    return Finding(Status.DEGRADED, text % values, fix, "budget_tight", "low", metrics)


def _used(standing: Standing) -> float:
    return standing.daily_used / (standing.daily_limit or 1)


def _used_of_month(standing: Standing) -> float:
    return (standing.monthly_used or 0) / standing.monthly_limit if standing.monthly_limit else 0.0


def _month_is_tight(standing: Standing) -> Finding:
    """Only what costs money has a limit of the month, and that is the studio's own."""
    opens = standing.month_opens_again_at or clock_now()
    day = date_format(timezone.localtime(opens, tenants.zone()), "SHORT_DATE_FORMAT")
    used = _used_of_month(standing)
    text = _("%(percent)d %% of this month's limit for costs is used. It opens again on %(day)s.")
    metrics = {"budgetUtilization": round(used, 3), f"budgetUtilization.{standing.resource}": round(used, 3)}
    return Finding(
        Status.DEGRADED, text % {"percent": 100 * used, "day": day}, _fix(standing, ""), "budget_tight", "low", metrics
    )


def _fix(standing: Standing, of_plan: str) -> str:
    """What helps: the limit for costs is the studio's own, the others come with its plan."""
    own = _("Raise your limit for costs under Settings > Autopilot > Limits, or wait until it opens again.")
    return own if standing.unit == MICRO_EURO else of_plan


def _used_up(standing: Standing, metrics: dict[str, float]) -> Finding:
    values = {"resource": standing.label, "time": _clock(standing.day_opens_again_at)}
    text = _("Today's budget of %(resource)s is used up. It opens again at %(time)s.") % values
    fix = _fix(standing, _("Wait until then, or raise the limit with a larger plan."))
    return Finding(Status.DEGRADED, text, fix, "budget_used_up", "high", metrics)


def _used_up_at(standing: Standing, *, now: datetime) -> datetime | None:
    """Return when the limit is reached if the day goes on like this, or None when it is not."""
    elapsed = timedelta(days=1) - (standing.day_opens_again_at - now)
    if _used(standing) < SPENDING_SHOWS_AFTER or elapsed <= timedelta(0):
        return None
    end = now + elapsed * ((1 - _used(standing)) / _used(standing))
    return end if end < standing.day_opens_again_at else None


def _clock(moment: datetime) -> str:
    return date_format(timezone.localtime(moment, tenants.zone()), "TIME_FORMAT")


def models(_workspace: UUID | None) -> Finding:
    """Did the language models answer this studio? Judged by its newest call to each: asking costs money."""
    keys = {"openai": settings.OPENAI_API_KEY, "groq": settings.GROQ_API_KEY, "anthropic": settings.ANTHROPIC_API_KEY}
    asked = [name for name, key in keys.items() if key]
    if not asked:
        text = _("No model is configured: set OPENAI_API_KEY, GROQ_API_KEY or ANTHROPIC_API_KEY.")
        return Finding(Status.HEALTHY, text, code="not_configured")
    failing = _failing(asked)
    if not failing:
        return Finding(Status.HEALTHY, _("The language models answer."))
    all_fail = len(failing) == len(asked)
    text = _("Not answering: %(names)s.") % {"names": _listed(failing)}
    fix = _(
        "Replies come from the next model, then from your own texts or a person. The operator checks key and quota."
    )
    state, severity = (Status.FAILED, "high") if all_fail else (Status.DEGRADED, "medium")
    return Finding(state, text, fix, "models_failing", severity)


def mail(_workspace: UUID | None) -> Finding:
    """Did the studio's last mail leave?"""
    if not settings.SMTP_HOST:
        return Finding(Status.HEALTHY, _("No mail server is configured: set SMTP_HOST."), code="not_configured")
    failing = _failing(["smtp"])
    if not failing:
        return Finding(Status.HEALTHY, _("Mail leaves."))
    text = _("The mail server did not take the last mail (%(why)s).") % {"why": _listed(failing)}
    fix = _("Nothing to do for the studio: it is sent again by itself, and the operator checks the mail server.")
    return Finding(Status.DEGRADED, text, fix, "mail_failing", "medium")


def _failing(providers: list[str]) -> dict[str, str]:
    """Return the providers whose newest call of this studio failed and still counts, with the class of the error."""
    now = clock_now()
    with atomic():
        newest = ProviderCall.objects.filter(provider__in=providers, at__gte=now - LASTING)
        rows = list(newest.order_by("provider", "-at").distinct("provider"))
    return {row.provider: row.outcome for row in rows if _speaks_against(row, now=now)}


def _speaks_against(call: ProviderCall, *, now: datetime) -> bool:
    if call.outcome not in ErrorClass or call.code in ANSWERED:
        return False
    return call.at > now - (PASSING if call.outcome in PASSING_CLASSES else LASTING)


def _listed(failing: dict[str, str]) -> str:
    return ", ".join(f"{name} ({why.lower().replace('_', ' ')})" for name, why in failing.items())
