"""What the engine knows of each workspace: time zone and weight (`workspaces` writes them), and the limits and pauses
that operators set, for all lanes or for one.
"""

from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.translation import gettext as _

from pilar.backplane import audit, doorbell, sql
from pilar.backplane.models import TenantProfile, Turn
from pilar.backplane.tenancy import PLATFORM, atomic, current, tenant
from pilar.kernel.problems import NotFound, Problem
from pilar.kernel.switchboard import LANES

_PUT = """
INSERT INTO autopilot_tenant (workspace_id, timezone, weight, paused, updated_at)
VALUES (%(id)s, %(timezone)s, %(weight)s, false, statement_timestamp())
ON CONFLICT (workspace_id) DO UPDATE SET (timezone, weight, updated_at)
  = (excluded.timezone, excluded.weight, excluded.updated_at)
"""
# A lane that was given a weight of its own keeps it.
_TURNS_BY_PLAN = """
UPDATE autopilot_turn u SET weight = %(weight)s FROM autopilot_tenant t
WHERE t.workspace_id = u.workspace_id AND u.workspace_id = %(id)s AND u.weight = t.weight
"""
_LIMIT_ALL = """
UPDATE autopilot_tenant SET weight = %(weight)s, max_running = %(max_running)s, rate = %(rate)s, burst = %(burst)s,
  updated_at = statement_timestamp() WHERE workspace_id = %(id)s
"""
_LIMIT_TURNS = """
INSERT INTO autopilot_turn AS u (lane, workspace_id, next_at, weight, max_running, rate, burst, tokens, refilled_at,
  paused)
SELECT lane, %(id)s, '9999-12-31', %(weight)s, %(max_running)s, %(rate)s, %(burst)s, coalesce(%(burst)s, 0),
  statement_timestamp(), t.paused
FROM unnest(%(lanes)s::smallint[]) AS l(lane), autopilot_tenant t WHERE t.workspace_id = %(id)s
ON CONFLICT (lane, workspace_id) DO UPDATE SET (weight, max_running, rate, burst, next_at)
  = (excluded.weight, excluded.max_running, excluded.rate, excluded.burst, least(u.next_at, statement_timestamp()))
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of the workers one workspace may have. `rate` is in jobs a second, `burst` is what may be saved up for a
    rush; None is no limit. `weight` is its share among workspaces that wait at the same time.
    """

    weight: int = 1
    max_running: int | None = None
    rate: float | None = None
    burst: float | None = None

    def __post_init__(self) -> None:
        numbers = (self.max_running, self.rate, self.burst)
        if not 1 <= self.weight <= 100 or any(number is not None and number <= 0 for number in numbers):
            raise Problem(_("A share is 1 to 100, and a limit is above zero or empty."), code="validation_failed")


def put(workspace_id: UUID, *, timezone: str = "Europe/Berlin", weight: int = 1) -> None:
    """Tell the engine of a workspace: its time zone, and its share by its plan. What operators set for it stays.

    Raises Problem for a time zone that does not exist.
    """
    _check_timezone(timezone)
    values = {"id": workspace_id, "timezone": timezone, "weight": max(1, weight)}
    with tenant(workspace_id), atomic():
        sql.run(_TURNS_BY_PLAN, values)
        sql.run(_PUT, values)


def limit(workspace_id: UUID, limits: Limits, *, actor: str, lane: str | None = None) -> None:
    """Set the limits of a workspace in one lane, or in all of them at once, those it has not used yet included.

    Raises NotFound for an unknown workspace.
    """
    burst = limits.burst if limits.burst is not None or limits.rate is None else max(1.0, limits.rate)
    values = {
        "id": workspace_id,
        "weight": limits.weight,
        "max_running": limits.max_running,
        "rate": limits.rate,
        "burst": burst,
    }
    with tenant(workspace_id), atomic():
        _known(workspace_id)
        if lane is None:
            sql.run(_LIMIT_ALL, values)
        lanes = list(Turn.objects.values_list("lane", flat=True)) if lane is None else [LANES.index(lane)]
        sql.run(_LIMIT_TURNS, values | {"lanes": lanes})
        told = {name: values[name] for name in ("weight", "max_running", "rate", "burst")}
        audit.record(actor, "workspace.limited", "lane", lane or "all", after=told)
        doorbell.ring_many({(number, workspace_id): None for number in lanes})


def limits_by_lane() -> dict[str, Limits]:
    """Return the limits of the current workspace in each lane; a lane that was never used has those of all lanes."""
    with atomic():
        profile = _known(current())
        turns = {LANES[turn.lane]: turn for turn in Turn.objects.all()}
    rows: dict[str, TenantProfile | Turn] = {lane: turns.get(lane, profile) for lane in LANES}
    return {lane: Limits(row.weight, row.max_running, row.rate, row.burst) for lane, row in rows.items()}


def is_known() -> bool:
    """Say whether the engine was told of the current workspace."""
    with atomic():
        return TenantProfile.objects.exists()


def _known(workspace_id: UUID) -> TenantProfile:
    profile = TenantProfile.objects.filter(pk=workspace_id).first()
    if profile is None:
        raise NotFound
    return profile


def pause(workspace_id: UUID, *, actor: str) -> None:
    """Start no job of this workspace until `resume`; what runs now ends by itself. Raises NotFound."""
    _set_paused(workspace_id, paused=True, actor=actor)


def resume(workspace_id: UUID, *, actor: str) -> None:
    """Let this workspace's jobs run again. Raises NotFound."""
    _set_paused(workspace_id, paused=False, actor=actor)


def _set_paused(workspace_id: UUID, *, paused: bool, actor: str) -> None:
    with tenant(workspace_id), atomic():
        _known(workspace_id)
        TenantProfile.objects.update(paused=paused)
        audit.record(actor, "workspace.paused" if paused else "workspace.unpaused", "workspace", workspace_id)
        sql.run("UPDATE autopilot_turn SET paused = %s WHERE workspace_id = %s", [paused, workspace_id])
        doorbell.ring_all(workspace_id)


def zone() -> ZoneInfo:
    """Return the current workspace's time zone; the platform and workspaces not yet described live in UTC."""
    if current() == PLATFORM:
        return ZoneInfo("UTC")
    with atomic():
        profile = TenantProfile.objects.first()
    return ZoneInfo(profile.timezone if profile else "UTC")


def _check_timezone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Problem(_("There is no such time zone."), code="unknown_timezone") from error
