"""What a workspace may use of each resource: a day, an hour, and a month of what costs money (reliability P9).

Reserving is one transaction of conditional updates, so the sum never passes the limit however many callers there are. A
window is keyed by the moment it opened: the studio's local midnight (of the first, for a month), or the full hour;
there is nothing to reset.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, TypedDict, Unpack
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from pilar.backplane import audit, sql, tenants
from pilar.backplane.models import Budget, BudgetEntry
from pilar.backplane.tenancy import atomic, current
from pilar.kernel import switchboard
from pilar.kernel.ids import uuid7
from pilar.kernel.problems import Problem, TooMany

SHORTEST_DAY = timedelta(hours=23)
"""A day that opens sooner after the one before it comes from a changed time zone, and gives no second allowance."""
SHORTEST_MONTH = timedelta(days=27)
"""The same for months."""

USUAL_OVERRIDE, LONGEST_OVERRIDE = timedelta(days=1), timedelta(days=31)


def label_of(resource: str) -> str:
    """Return what people read in place of a resource's name."""
    known = switchboard.budget_resources.get(resource)
    return str(known.label or resource) if known else resource


class Exceeded(TooMany):
    """The budget has no room until `retry_at`; `policy` says what to do with the work: queue, drop or degrade."""

    code = "budget_exceeded"

    def __init__(self, resource: str, *, policy: str, retry_at: datetime, retry_after: int) -> None:
        text = _("The budget of %(resource)s is used up for now. It opens again by itself.") % {
            "resource": label_of(resource)
        }
        super().__init__(text, retry_after=retry_after)
        self.resource = resource
        self.policy = policy
        self.retry_at = retry_at


@dataclass(frozen=True, slots=True)
class Reservation:
    id: UUID
    resource: str
    amount: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How a resource stands: a limit of None is none."""

    resource: str
    unit: str
    policy: str
    daily_limit: int | None
    daily_used: int
    hourly_limit: int | None
    hourly_used: int
    day_opens_again_at: datetime
    override_until: datetime | None = None
    own_daily: int | None = None
    monthly_limit: int | None = None
    monthly_used: int | None = None
    month_opens_again_at: datetime | None = None
    own_monthly: int | None = None

    @property
    def label(self) -> str:
        return label_of(self.resource)

    @property
    def policy_label(self) -> str:
        return str(Budget.Policy(self.policy).label)


@dataclass(frozen=True, slots=True)
class _Windows:
    day: datetime
    hour: datetime
    next_day: datetime
    month: datetime | None = None
    next_month: datetime | None = None


_ENTER = """
INSERT INTO autopilot_budget_entry AS e (id, workspace_id, resource, key, amount, overrun, state, day, hour, month, created_at)
VALUES (%(id)s, %(workspace)s, %(resource)s, %(key)s, %(amount)s, 0, 'reserved', %(day)s, %(hour)s, %(month)s,
  statement_timestamp())
ON CONFLICT (workspace_id, resource, key) DO UPDATE
SET (amount, overrun, state, day, hour, month, created_at, settled_at)
  = (excluded.amount, 0, 'reserved', excluded.day, excluded.hour, excluded.month, excluded.created_at, NULL)
WHERE e.state = 'released' RETURNING id
"""
_TAKE = """
INSERT INTO autopilot_budget_window AS w (id, workspace_id, resource, span, opened_at, used)
SELECT %(id)s, %(workspace)s, %(resource)s, %(span)s, %(opened_at)s, %(amount)s
WHERE %(limit)s::bigint IS NULL OR %(amount)s <= %(limit)s
ON CONFLICT (workspace_id, resource, span, opened_at) DO UPDATE SET used = w.used + excluded.used
WHERE %(limit)s::bigint IS NULL OR w.used + excluded.used <= %(limit)s
"""
_SETTLE = """
WITH entry AS (
  UPDATE autopilot_budget_entry e SET state = %(state)s, amount = least(old.amount, %(used)s::bigint),
    overrun = greatest(%(used)s::bigint - old.amount, 0), settled_at = statement_timestamp()
  FROM (SELECT id, amount FROM autopilot_budget_entry WHERE id = %(id)s AND state = 'reserved' FOR UPDATE) old
  WHERE e.id = old.id RETURNING e.workspace_id, e.resource, e.day, e.hour, e.month, old.amount - e.amount AS back
)
UPDATE autopilot_budget_window w SET used = w.used - entry.back FROM entry
WHERE w.workspace_id = entry.workspace_id AND w.resource = entry.resource
  AND ((w.span = 'day' AND w.opened_at = entry.day) OR (w.span = 'hour' AND w.opened_at = entry.hour)
    OR (w.span = 'month' AND w.opened_at = entry.month))
"""


def allow(resource: str, *, daily: int | None, policy: str = "queue") -> None:
    """Set what the current workspace's plan allows in a day; an hourly limit and a policy that were chosen stay.

    `policy` holds until another is chosen. Raises KeyError for an unknown resource.
    """
    _write(resource, {"daily": daily}, {"policy": policy})


def set_limits(resource: str, *, daily: int | None, hourly: int | None = None, policy: str = "queue") -> None:
    """Set the current workspace's limits of a resource; None is no limit. Raises KeyError for an unknown resource."""
    _write(resource, {"daily": daily, "hourly": hourly, "policy": policy})


class Choice(TypedDict, total=False):
    """What a workspace chooses itself: what becomes of work over the limit (queue, drop or degrade), a limit for the hour,
    one for the day that holds where it is lower than the plan's, and one for the month of a resource that costs money.
    """

    policy: str
    hourly: int | None
    own_daily: int | None
    own_monthly: int | None


def choose(resource: str, *, actor: str, **chosen: Unpack[Choice]) -> None:
    """Change what was chosen for a resource; what is not named stays. Raises KeyError for an unknown resource."""
    with atomic():
        _write(resource, dict(chosen))
        audit.record(actor, "budget.chosen", "budget", resource, after=dict(chosen))


def override(resource: str, *, daily: int, until: datetime, actor: str, reason: str, now: datetime) -> None:
    """Let the current workspace use `daily` of a resource in a day until then, whatever its plan and hours say.

    Raises Problem when `until` is past or further away than LONGEST_OVERRIDE, KeyError for an unknown resource.
    """
    if not now < until <= now + LONGEST_OVERRIDE:
        text = _("An exception needs an end in the next %(days)d days.") % {"days": LONGEST_OVERRIDE.days}
        raise Problem(text, code="validation_failed", fields={"until": text})
    with atomic():
        _write(resource, {"override_daily": daily, "override_until": until})
        told = {"daily": daily, "until": until.isoformat(), "reason": reason}
        audit.record(actor, "budget.overridden", "budget", resource, after=told)


def end_override(resource: str, *, actor: str) -> None:
    """Let the plan's limits hold again at once. Nothing happens where there is no exception."""
    with atomic():
        if (
            Budget.objects.filter(resource=resource)
            .exclude(override_until=None)
            .update(override_daily=None, override_until=None)
        ):
            audit.record(actor, "budget.override_ended", "budget", resource)


def _write(resource: str, values: dict[str, Any], first: dict[str, Any] | None = None) -> None:
    switchboard.budget_resources[resource]
    with atomic():
        Budget.objects.update_or_create(
            workspace_id=current(),
            resource=resource,
            defaults=values,
            create_defaults=values | (first or {}) | {"id": uuid7()},
        )


def reserve(resource: str, amount: int, *, key: str, now: datetime) -> Reservation:
    """Set `amount` aside, the most that the work can use. The same key again returns the first reservation, unless that
    was released: then it is made anew.

    Raises Exceeded when the day, the hour or the month has no room, and ValueError for a negative amount.
    """
    if amount < 0:
        raise ValueError("Only something can be reserved")
    with atomic():
        windows = _windows(resource, now)
        limits = _limits(Budget.objects.filter(resource=resource).first(), now)
        entry = {"id": uuid7(), "workspace": current(), "resource": resource, "key": key, "amount": amount}
        made = sql.value(_ENTER, entry | {"day": windows.day, "hour": windows.hour, "month": windows.month})
        if made is None:
            return _reserved_before(resource, key)
        _take(entry, "day", windows.day, limits.daily, _Refusal(limits.policy, windows.next_day, now))
        _take(
            entry, "hour", windows.hour, limits.hourly, _Refusal(limits.policy, windows.hour + timedelta(hours=1), now)
        )
        if windows.month and windows.next_month:
            _take(entry, "month", windows.month, limits.monthly, _Refusal(limits.policy, windows.next_month, now))
    return Reservation(made, resource, amount)


def held(resource: str, *, key: str) -> Reservation | None:
    """Return what is reserved under the key and neither settled nor released yet."""
    found = BudgetEntry.objects.filter(resource=resource, key=key, state=BudgetEntry.State.RESERVED).first()
    return Reservation(found.pk, resource, found.amount) if found else None


def settle(reservation: Reservation, used: int) -> None:
    """Give back what was reserved and not used. What went beyond the reservation is recorded, not counted. Repeats do
    nothing.
    """
    with atomic():
        sql.run(_SETTLE, {"id": reservation.id, "used": max(0, used), "state": "settled"})


def release(reservation: Reservation) -> None:
    """Give all of it back: the work was not done. Repeats do nothing."""
    with atomic():
        sql.run(_SETTLE, {"id": reservation.id, "used": 0, "state": "released"})


def close(reservation: Reservation, used: int) -> None:
    """Settle what was used, or release all of it when that is nothing. Repeats do nothing."""
    if used:
        settle(reservation, used)
    else:
        release(reservation)


def status(now: datetime) -> list[Standing]:
    """Say how each registered resource of the current workspace stands; as many statements for one as for all."""
    with atomic():
        zone = tenants.zone()
        midnight, hour = _local_midnight(now, zone), _full_hour(now)
        chosen = {budget.resource: budget for budget in Budget.objects.all()}
        first = _local_first(now, zone)
        earliest = [midnight - SHORTEST_DAY, first - SHORTEST_MONTH]
        windows = sql.rows(_OPEN_WINDOWS, [current(), now, hour, *earliest])
    days = {resource: (opened, used) for resource, span, opened, used in windows if span == "day"}
    hours = {resource: used for resource, span, _opened, used in windows if span == "hour"}
    months = {resource: (opened, used) for resource, span, opened, used in windows if span == "month"}
    standings = []
    for resource, known in switchboard.budget_resources.items():
        opened, used = days.get(resource, (midnight, 0))
        month, used_in_month = months.get(resource, (first, 0))
        own, limits = chosen.get(resource, Budget()), _limits(chosen.get(resource), now)
        standings.append(
            Standing(
                resource=resource,
                unit=known.unit,
                policy=limits.policy,
                daily_limit=limits.daily,
                daily_used=used,
                hourly_limit=limits.hourly,
                hourly_used=hours.get(resource, 0),
                day_opens_again_at=_next_day(opened, midnight, zone),
                override_until=limits.override_until,
                own_daily=own.own_daily,
                own_monthly=own.own_monthly,
                monthly_limit=limits.monthly,
                monthly_used=used_in_month if known.monthly else None,
                month_opens_again_at=_next_month(month, first, zone) if known.monthly else None,
            )
        )
    return standings


@dataclass(frozen=True, slots=True)
class _Limits:
    daily: int | None
    hourly: int | None
    policy: str
    override_until: datetime | None = None
    monthly: int | None = None


@dataclass(frozen=True, slots=True)
class _Refusal:
    policy: str
    retry_at: datetime
    now: datetime


def _take(entry: dict[str, object], span: str, opened_at: datetime, limit: int | None, refusal: _Refusal) -> None:
    values = {**entry, "id": uuid7(), "span": span, "opened_at": opened_at, "limit": limit}
    if not sql.run(_TAKE, values):
        wait = max(1, int((refusal.retry_at - refusal.now).total_seconds()))
        raise Exceeded(str(entry["resource"]), policy=refusal.policy, retry_at=refusal.retry_at, retry_after=wait)


def _limits(budget: Budget | None, now: datetime) -> _Limits:
    if budget is None:
        return _Limits(None, None, Budget.Policy.QUEUE)
    if budget.override_until and budget.override_until > now:
        return _Limits(budget.override_daily, None, budget.policy, budget.override_until)
    days = [limit for limit in (budget.daily, budget.own_daily) if limit is not None]
    return _Limits(min(days, default=None), budget.hourly, budget.policy, monthly=budget.own_monthly)


_OPENED = """
SELECT max(opened_at) FROM autopilot_budget_window
WHERE workspace_id = %s AND resource = %s AND span = %s AND opened_at > %s AND opened_at <= %s
"""
_OPEN_WINDOWS = """
SELECT resource, span, opened_at, used FROM autopilot_budget_window
WHERE workspace_id = %s AND opened_at <= %s
  AND ((span = 'hour' AND opened_at = %s) OR (span = 'day' AND opened_at > %s) OR (span = 'month' AND opened_at > %s))
ORDER BY opened_at
"""


def _windows(resource: str, now: datetime) -> _Windows:
    zone = tenants.zone()
    midnight = _local_midnight(now, zone)
    opened = sql.value(_OPENED, [current(), resource, "day", midnight - SHORTEST_DAY, now]) or midnight
    found = _Windows(opened, _full_hour(now), _next_day(opened, midnight, zone))
    known = switchboard.budget_resources.get(resource)
    if known is None or not known.monthly:
        return found
    first = _local_first(now, zone)
    month = sql.value(_OPENED, [current(), resource, "month", first - SHORTEST_MONTH, now]) or first
    return replace(found, month=month, next_month=_next_month(month, first, zone))


def _next_day(opened: datetime, midnight: datetime, zone: ZoneInfo) -> datetime:
    """Return when the day that opened then is followed by another; `midnight` is the latest local one."""
    after = _local_midnight(midnight + timedelta(hours=36), zone)
    if after - opened < SHORTEST_DAY:
        return _local_midnight(after + timedelta(hours=36), zone)
    return after


def _next_month(opened: datetime, first: datetime, zone: ZoneInfo) -> datetime:
    """Return when the month that opened then is followed by another; `first` is the beginning of the latest local one."""
    after = _local_first(first + timedelta(days=40), zone)
    return _local_first(after + timedelta(days=40), zone) if after - opened < SHORTEST_MONTH else after


def _local_first(now: datetime, zone: ZoneInfo) -> datetime:
    """Return the first instant of the local month in UTC."""
    return datetime.combine(now.astimezone(zone).date().replace(day=1), time(), tzinfo=zone).astimezone(UTC)


def _full_hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)


def _local_midnight(now: datetime, zone: ZoneInfo) -> datetime:
    """Return the first instant of the local date in UTC; where midnight does not exist, the first instant after the
    gap.
    """
    return datetime.combine(now.astimezone(zone).date(), time(), tzinfo=zone).astimezone(UTC)


def _reserved_before(resource: str, key: str) -> Reservation:
    found = sql.row(
        "SELECT id, resource, amount FROM autopilot_budget_entry"
        " WHERE workspace_id = %s AND resource = %s AND key = %s",
        [current(), resource, key],
    )
    return Reservation(*found)  # type: ignore[misc]  # the conflict showed that it is there
