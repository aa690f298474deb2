"""What the engine knows of each workspace: time zone, weight, limits, pause. Written by `workspaces`."""

from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.translation import gettext as _

from pilar.backplane import doorbell, sql
from pilar.backplane.models import TenantProfile
from pilar.backplane.tenancy import PLATFORM, atomic, current, tenant
from pilar.kernel.problems import Problem

_PUT = """
INSERT INTO autopilot_tenant (workspace_id, timezone, weight, max_running, rate, burst, paused, updated_at)
VALUES (%(id)s, %(timezone)s, %(weight)s, %(max_running)s, %(rate)s, %(burst)s, %(paused)s, statement_timestamp())
ON CONFLICT (workspace_id) DO UPDATE SET (timezone, weight, max_running, rate, burst, paused, updated_at)
  = (excluded.timezone, excluded.weight, excluded.max_running, excluded.rate, excluded.burst, excluded.paused,
     excluded.updated_at)
"""
_TURNS = """
UPDATE autopilot_turn SET weight = %(weight)s, max_running = %(max_running)s, rate = %(rate)s, burst = %(burst)s,
  paused = %(paused)s WHERE workspace_id = %(id)s
"""


def put(
    workspace_id: UUID,
    *,
    timezone: str = "Europe/Berlin",
    weight: int = 1,
    max_running: int | None = None,
    rate: float | None = None,
    burst: float | None = None,
    paused: bool = False,
) -> None:
    """Set what the engine knows of a workspace. `rate` is in jobs a second in each lane, None is no limit.

    Raises Problem for a time zone that does not exist.
    """
    _check_timezone(timezone)
    values = {
        "id": workspace_id,
        "timezone": timezone,
        "weight": max(1, weight),
        "max_running": max_running,
        "rate": rate,
        "burst": burst if burst is not None or rate is None else max(1.0, rate),
        "paused": paused,
    }
    with tenant(workspace_id), atomic():
        sql.run(_PUT, values)
        sql.run(_TURNS, values)


def pause(workspace_id: UUID) -> None:
    """Start no job of this workspace until `resume`; what runs now ends by itself."""
    _set_paused(workspace_id, paused=True)


def resume(workspace_id: UUID) -> None:
    """Let this workspace's jobs run again."""
    _set_paused(workspace_id, paused=False)


def _set_paused(workspace_id: UUID, *, paused: bool) -> None:
    with tenant(workspace_id), atomic():
        TenantProfile.objects.update(paused=paused)
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
