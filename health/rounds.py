"""Rounds: whose checks are due, fanned out over the studios (specification: every 5 minutes, jittered)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from health import checks, repairs
from health.models import HealthCheck
from pilar.backplane import jobs, sql
from pilar.backplane.tenancy import PLATFORM, all_tenants, atomic, tenant
from pilar.kernel.clock import now as clock_now
from pilar.kernel.switchboard import Empty, Happened, Outcome, Payload, Probe, Work

MOST_PER_ROUND = 20_000
"""Checks, not studios. With five probes each, 10,000 studios are gone through within their five minutes."""
ORDERED_FOR = timedelta(minutes=4)
"""How far an ordered check is pushed ahead, so that the next round does not order it again."""
ASLEEP_FOR = timedelta(hours=6)
"""How long the checks of a studio rest that is suspended or closed: nothing of it runs, so nothing is to be seen."""
SLACK = timedelta(seconds=15)
"""What is due before the next round would come is run in this one."""

_ORDER = """
WITH due AS (
  SELECT c.id, w.status IN ('pending', 'active') AS is_served
  FROM health_healthcheck c LEFT JOIN workspaces_workspace w ON w.id = c.workspace_id
  WHERE c.next_check <= %(now)s AND c.workspace_id <> %(platform)s
  ORDER BY c.next_check LIMIT %(most)s FOR UPDATE OF c SKIP LOCKED
)
UPDATE health_healthcheck c
SET next_check = %(now)s + CASE WHEN due.is_served THEN %(ordered_for)s ELSE %(asleep_for)s END
FROM due WHERE c.id = due.id
RETURNING c.workspace_id, c.probe, due.is_served
"""
_NEVER_CHECKED = """
SELECT id FROM workspaces_workspace w
WHERE status = 'active' AND NOT EXISTS (SELECT 1 FROM health_healthcheck c WHERE c.workspace_id = w.id)
"""


class CheckOrder(Payload):
    """Payload of `health.check_workspace`: the due probes; those that have never run are added."""

    probes: list[str] = []
    ordered_at: datetime


def tick(work: Work[Empty]) -> Outcome:
    """Job handler, for the platform, every minute: order the due checks of every studio, one job for each studio."""
    now = clock_now()
    values = {
        "now": now,
        "platform": PLATFORM,
        "most": MOST_PER_ROUND,
        "ordered_for": ORDERED_FOR,
        "asleep_for": ASLEEP_FOR,
    }
    with all_tenants("find the studios whose health checks are due"), atomic():
        due = sorted((studio, probe) for studio, probe, is_served in sql.rows(_ORDER, values) if is_served)
        rows = [
            _order(studio, [probe for _studio, probe in group], slot=str(work.id), now=now)
            for studio, group in groupby(due, key=lambda pair: pair[0])
        ]
        return {"ordered": jobs.enqueue_many("health.check_workspace", rows)}


def adopt(work: Work[Empty]) -> Outcome:
    """Job handler, for the platform: order the first checks of studios in service that have none."""
    now = clock_now()
    with all_tenants("find the studios whose health was never checked"), atomic():
        rows = [_order(studio, [], slot=str(work.id), now=now) for (studio,) in sql.rows(_NEVER_CHECKED)]
        return {"ordered": jobs.enqueue_many("health.check_workspace", rows)}


def _order(studio: UUID, probes: list[str], *, slot: str, now: datetime) -> jobs.NewJob:
    return jobs.NewJob(studio, CheckOrder(probes=probes, ordered_at=now), key=f"health:{slot}")


def check_workspace(work: Work[CheckOrder]) -> Outcome:
    """Job handler: run the ordered probes of a studio and those it has never run, and repair what can be repaired.

    What was looked at since the order was given is left alone: a backlog of orders does not become a storm of calls.
    """
    order = work.payload
    with atomic():
        seen = {check.probe: check.last_check for check in HealthCheck.objects.all()}
    registered = checks.probes(per_workspace=True)
    _forget(seen.keys() - {probe.name for probe in registered})
    wanted = [
        probe
        for probe in registered
        if probe.name not in seen or (probe.name in order.probes and seen[probe.name] < order.ordered_at)
    ]
    return _run(wanted, work.workspace_id)


def check_system(_work: Work[Empty]) -> Outcome:
    """Job handler, for the platform: run those of the system's own probes that are due.

    The quick ones are kept before the slow ones begin, which may wait for a provider.
    """
    with tenant(PLATFORM), atomic():
        next_checks = {check.probe: check.next_check for check in HealthCheck.objects.all()}
    registered = checks.probes(per_workspace=False)
    with tenant(PLATFORM):
        _forget(next_checks.keys() - {probe.name for probe in registered})
    latest = clock_now() + SLACK
    due = [probe for probe in registered if next_checks.get(probe.name, latest) <= latest]
    outcome: dict[str, str] = {}
    for _period, group in groupby(due, key=lambda probe: probe.every):
        outcome |= _run(list(group), PLATFORM)
    return outcome


def look_at_once(event: Happened[Any]) -> Outcome:
    """Event handler: a provider has failed or recovered, or the studio is served again; do not wait for the round."""
    wanted = checks.probes(per_workspace=event.workspace_id != PLATFORM)
    return _run([probe for probe in wanted if probe.every > checks.SOON], event.workspace_id)


def _run(wanted: Sequence[Probe], workspace_id: UUID) -> dict[str, str]:
    if not wanted:
        return {}
    found = repairs.heal(checks.run(wanted, workspace_id, now=clock_now()))
    return {check.probe: check.status for check in found}


def _forget(names: set[str]) -> None:
    """Drop the checks of probes that a deploy took away; their incidents end with them."""
    if names:
        with atomic():
            HealthCheck.objects.filter(probe__in=names).delete()
