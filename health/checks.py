"""Runs probes, keeps what they saw, and lets incidents follow from it."""

import random
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.utils.translation import gettext as _

from health import incidents
from health.models import HealthCheck, Status
from pilar.backplane.tenancy import PLATFORM, atomic, tenant
from pilar.kernel import switchboard
from pilar.kernel.problems import NotFound
from pilar.kernel.switchboard import Finding, Probe

log = structlog.get_logger()

JITTER = 0.2
"""Next checks are spread by up to a fifth of their period, so that studios do not all call a provider at once."""


def run(probe: Probe, workspace_id: UUID, *, now: datetime) -> HealthCheck:
    """Run one probe for a workspace (`PLATFORM` for the system's own) and keep what it saw.

    A probe that breaks is a finding itself: the component is degraded, never the monitor.
    """
    with tenant(workspace_id):
        found = _look(probe, None if workspace_id == PLATFORM else workspace_id)
        with atomic():
            check = _keep(probe, found, now=now)
            incidents.follow(check, now=now)
    return check


def _look(probe: Probe, workspace_id: UUID | None) -> Finding:
    try:
        return probe.check(workspace_id)
    except Exception as error:  # whatever a probe stumbles over is what it was sent to find
        log.warning("health.probe_failed", probe=probe.name, exc_info=True)
        summary = _("The check itself did not finish (%(error)s).") % {"error": type(error).__name__}
        return Finding(status=Status.DEGRADED, summary=summary, code="probe_failed", severity="medium")


def _keep(probe: Probe, found: Finding, *, now: datetime) -> HealthCheck:
    period = probe.every * (1 + random.uniform(0, JITTER))
    check, _created = HealthCheck.objects.select_for_update().get_or_create(
        probe=probe.name,
        defaults={
            "component": probe.component,
            "status": found.status,
            "summary": found.summary[:300],
            "last_check": now,
            "next_check": now + period,
        },
    )
    failing = found.status != Status.HEALTHY
    check.component = probe.component
    check.status, check.summary, check.fix = found.status, found.summary[:300], found.fix[:300]
    check.code, check.severity, check.metrics = found.code, found.severity, found.metrics or {}
    check.last_check, check.next_check = now, now + period
    check.consecutive_failures = check.consecutive_failures + 1 if failing else 0
    check.save()
    return check


def run_workspace(workspace_id: UUID, *, now: datetime, component: str | None = None) -> list[HealthCheck]:
    """Run every probe of a workspace, or those of one component. Raises NotFound for an unknown component."""
    return [run(probe, workspace_id, now=now) for probe in probes(per_workspace=True, component=component)]


def run_system(*, now: datetime, component: str | None = None) -> list[HealthCheck]:
    """Run the platform's own probes, or those of one component. Raises NotFound for an unknown component."""
    return [run(probe, PLATFORM, now=now) for probe in probes(per_workspace=False, component=component)]


def probes(*, per_workspace: bool, component: str | None = None) -> list[Probe]:
    """Return the registered probes of one kind. Raises NotFound for an unknown component."""
    found = [
        probe
        for probe in switchboard.probes.values()
        if probe.per_workspace == per_workspace and component in (None, probe.component, probe.name)
    ]
    if component is not None and not found:
        raise NotFound(_("There is no such component."))
    return found


def ran_within(workspace_id: UUID, *, now: datetime, within: timedelta) -> bool:
    """Say whether the workspace was checked so short a time ago that a manual check need not repeat it."""
    with tenant(workspace_id), atomic():
        return HealthCheck.objects.filter(last_check__gt=now - within).exists()
