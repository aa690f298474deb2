"""Runs probes, keeps what they saw, and lets incidents follow from it."""

import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from health import incidents
from health.models import HealthCheck, Status
from pilar.backplane.tenancy import PLATFORM, atomic, tenant
from pilar.kernel import switchboard
from pilar.kernel.masking import mask_text
from pilar.kernel.problems import NotFound
from pilar.kernel.shield import shielded
from pilar.kernel.switchboard import Finding, Probe
from workspaces.models import Workspace

log = structlog.get_logger()

JITTER = 0.2
"""A studio's next checks come up to a fifth early, so that studios do not all call a provider at once."""
SOON = timedelta(minutes=1)
"""What fails is looked at again this soon, so that its recovery shows by itself."""
SOON_TIMES = 15
"""What still fails after so many looks in a row is looked at in its usual period again."""
LONGEST_TEXT = 300


def run_workspace(workspace_id: UUID, *, now: datetime, component: str | None = None) -> list[HealthCheck]:
    """Run every probe of a workspace, or those of one component. Raises NotFound for an unknown component."""
    return run(probes(per_workspace=True, component=component), workspace_id, now=now)


def run_system(*, now: datetime, component: str | None = None) -> list[HealthCheck]:
    """Run the platform's own probes, or those of one component. Raises NotFound for an unknown component."""
    return run(probes(per_workspace=False, component=component), PLATFORM, now=now)


def run(wanted: Sequence[Probe], workspace_id: UUID, *, now: datetime) -> list[HealthCheck]:
    """Run probes for a workspace (`PLATFORM` for the system's own) and keep what they saw. Outside `atomic()`.

    What they saw counts as seen at `now`: a look that began earlier never replaces one that began later.
    """
    with tenant(workspace_id), translation.override(_language(workspace_id)):
        subject = None if workspace_id == PLATFORM else workspace_id
        found = {probe.name: _look(probe, subject) for probe in wanted}
        with atomic():
            checks = _keep(wanted, found, now=now)
            incidents.follow(checks, now=now)
    return checks


def _language(workspace_id: UUID) -> str:
    """Findings are stored as sentences, in the studio's language; the platform's in the installation's."""
    found = Workspace.objects.filter(pk=workspace_id).values_list("language", flat=True).first()
    return found or settings.LANGUAGE_CODE


def _look(probe: Probe, workspace_id: UUID | None) -> Finding:
    """A probe that breaks is a finding itself: the component is degraded, never the monitor."""

    def broken(error: Exception) -> Finding:
        log.warning("health.probe_failed", probe=probe.name, exc_info=error)
        summary = _("The check itself did not finish (%(error)s).") % {"error": type(error).__name__}
        fix = _("Nothing to do: it is repeated in a minute. If it stays, the log says what it met.")
        return Finding(status=Status.DEGRADED, summary=summary, fix=fix, code="probe_failed", severity="medium")

    return shielded(lambda: probe.check(workspace_id), broken)


def _keep(wanted: Sequence[Probe], found: dict[str, Finding], *, now: datetime) -> list[HealthCheck]:
    """Write the findings in one statement and return the rows in the order of the probes."""
    kept = {row.probe: row for row in HealthCheck.objects.select_for_update().filter(probe__in=found).order_by("id")}
    early = random.uniform(0, JITTER)
    changed = []
    for probe in wanted:
        row = kept.setdefault(probe.name, HealthCheck(probe=probe.name, last_check=now))
        if row.last_check <= now:
            _note(row, probe, found[probe.name], now=now, early=early)
            changed.append(row)
    HealthCheck.objects.bulk_create(
        changed, update_conflicts=True, unique_fields=["workspace_id", "probe"], update_fields=_WRITTEN
    )
    return [kept[probe.name] for probe in wanted]


_WRITTEN = (
    "component",
    "status",
    "summary",
    "fix",
    "code",
    "severity",
    "for_studio",
    "metrics",
    "last_check",
    "next_check",
    "consecutive_failures",
    "failing_since",
)


def _note(row: HealthCheck, probe: Probe, found: Finding, *, now: datetime, early: float) -> None:
    is_failing = found.status != Status.HEALTHY
    row.component = probe.component
    row.status, row.code, row.metrics = found.status, found.code, found.metrics or {}
    row.severity, row.for_studio = found.severity, found.for_studio
    row.summary = mask_text(found.summary)[:LONGEST_TEXT]
    row.fix = found.fix[:LONGEST_TEXT]
    row.consecutive_failures = row.consecutive_failures + 1 if is_failing else 0
    row.failing_since = (row.failing_since or now) if is_failing else None
    row.last_check = now
    row.next_check = now + _pause(probe, row.consecutive_failures) * (1 - early)


def _pause(probe: Probe, failures: int) -> timedelta:
    return min(SOON, probe.every) if 0 < failures <= SOON_TIMES else probe.every


def probes(*, per_workspace: bool, component: str | None = None) -> list[Probe]:
    """Return the registered probes of one kind, the frequent ones first: those are quick and must not wait.

    `component` may name a component or one probe. Raises NotFound when nothing has that name.
    """
    found = [
        probe
        for probe in switchboard.probes.values()
        if probe.per_workspace == per_workspace and component in (None, probe.component, probe.name)
    ]
    if component is not None and not found:
        raise NotFound(_("There is no such component."))
    return sorted(found, key=lambda probe: probe.every)


def named(names: Iterable[str], *, per_workspace: bool) -> list[Probe]:
    """Return those of the probes that are registered; a deploy may have taken one away."""
    wanted = set(names)
    return [probe for probe in probes(per_workspace=per_workspace) if probe.name in wanted]
