"""The one word for the public, and what a signed-in person may know (checklist H-05)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from health.models import HealthCheck, Incident, Status
from pilar.backplane.tenancy import PLATFORM, atomic, tenant

STALE_AFTER = timedelta(minutes=15)
"""Three missed rounds: a monitor that has gone quiet is itself a reason to worry."""

_PUBLIC = {Status.HEALTHY: "ok", Status.DEGRADED: "degraded", Status.FAILED: "down"}
_WORTH = {Status.HEALTHY: 100, Status.DEGRADED: 60, Status.FAILED: 0}


@dataclass(frozen=True, slots=True)
class Health:
    """`score` is 0-100: the mean of the components, where the worst probe speaks for its component."""

    status: str
    score: int
    checked_at: datetime | None
    checks: list[HealthCheck]

    @property
    def issues(self) -> list[HealthCheck]:
        """What is not healthy, worst first."""
        order = (Status.FAILED, Status.DEGRADED)
        found = [check for check in self.checks if check.status != Status.HEALTHY]
        return sorted(found, key=lambda check: order.index(Status(check.status)))


def of(workspace_id: UUID) -> Health:
    """Return the health of a workspace, or of the platform itself for `PLATFORM`."""
    with tenant(workspace_id), atomic():
        checks = list(HealthCheck.objects.order_by("component", "probe"))
    return summarise(checks)


def summarise(checks: list[HealthCheck]) -> Health:
    """Fold findings into one state."""
    worst = worst_of({check.status for check in checks})
    by_component: dict[str, list[int]] = {}
    for check in checks:
        by_component.setdefault(check.component, []).append(_WORTH[Status(check.status)])
    values = [min(worths) for worths in by_component.values()]
    return Health(
        status=worst,
        score=round(sum(values) / len(values)) if values else 100,
        checked_at=max((check.last_check for check in checks), default=None),
        checks=checks,
    )


def worst_of(states: set[str]) -> str:
    for state in (Status.FAILED, Status.DEGRADED):
        if state in states:
            return state
    return Status.HEALTHY


def public_word(*, now: datetime) -> str:
    """Return ok, degraded or down: all that a stranger may know of the platform."""
    found = of(PLATFORM)
    if found.status == Status.HEALTHY and (found.checked_at is None or found.checked_at < now - STALE_AFTER):
        return _PUBLIC[Status.DEGRADED]
    return _PUBLIC[Status(found.status)]


def recent_incidents(*, limit: int = 20) -> list[Incident]:
    """Return the newest incidents of the workspace in scope. Inside a transaction."""
    return list(Incident.objects.order_by("-detected_at")[:limit])
