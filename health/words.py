"""The one word for the public, and what a signed-in person may know (checklist H-05)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from health.models import Component, HealthCheck, Incident, Status
from pilar.backplane import sql
from pilar.backplane.tenancy import PLATFORM, all_tenants, atomic, tenant
from pilar.kernel import switchboard
from pilar.kernel.clock import now as clock_now

QUIET_AFTER = timedelta(minutes=3)
"""The platform looks at itself every minute: three missed looks are a reason to worry."""
ALIVE_WITHIN = timedelta(seconds=60)
MISSED_LOOKS = 3
VITAL = ("database", "workers", "beat")
"""Probes without which the autopilot does nothing at all; everything else only degrades it (reliability P8)."""
WORST_STUDIOS = 50

_WORTH = {Status.HEALTHY: 100, Status.DEGRADED: 60, Status.FAILED: 0}
_PUBLIC = """
SELECT coalesce(bool_or(status = 'failed' AND probe = ANY(%(vital)s)), false),
  coalesce(bool_or(status <> 'healthy' AND severity <> 'low'), false),
  coalesce(max(last_check) < %(quiet_since)s, true),
  EXISTS (SELECT 1 FROM autopilot_worker WHERE kind = 'worker' AND lost_at IS NULL AND beat_at > %(alive_since)s)
FROM health_healthcheck WHERE workspace_id = %(platform)s
"""
_STUDIOS = """
SELECT coalesce(sum((worst = 0)::int), 0), coalesce(sum((worst = 1)::int), 0), coalesce(sum((worst = 2)::int), 0)
FROM (SELECT max(CASE status WHEN 'failed' THEN 2 WHEN 'degraded' THEN 1 ELSE 0 END) AS worst FROM health_healthcheck
  WHERE workspace_id <> %(platform)s AND (%(component)s = '' OR component = %(component)s) GROUP BY workspace_id) studios
"""


@dataclass(frozen=True, slots=True)
class Issue:
    """Something that is not as it should be, and what to do about it (specification `HealthIssue`)."""

    type: str
    component: str
    probe: str
    status: str
    severity: str
    summary: str
    fix: str
    detected_at: datetime | None = None
    remediation_action: str = ""
    for_studio: bool = False

    @property
    def auto_remediable(self) -> bool:
        return bool(self.remediation_action)


@dataclass(frozen=True, slots=True)
class Health:
    """`score` is 0-100: the mean of the components, where the worst probe speaks for its component; None before the
    first check.
    """

    status: str
    score: int | None
    checked_at: datetime | None
    checks: list[HealthCheck]
    issues: list[Issue] = field(default_factory=list)

    @property
    def told(self) -> str:
        """The state on the studio's own pages: failed only where the studio itself has to do something."""
        if any(issue.status == Status.FAILED and issue.for_studio for issue in self.issues):
            return Status.FAILED
        return Status.DEGRADED if self.issues else Status.HEALTHY


def of(workspace_id: UUID) -> Health:
    """Return the health of a workspace, or of the platform itself for `PLATFORM`.

    What was seen last is not all: when nobody looks any more, or the platform itself is down, that is said too.
    """
    now = clock_now()
    with tenant(workspace_id), atomic():
        rows = list(HealthCheck.objects.order_by("component", "probe"))
    beyond = [_down()] if workspace_id != PLATFORM and public_word(now=now) == "down" else []
    return summarise([row for row in rows if row.probe in switchboard.probes], beyond=beyond, now=now)


def summarise(checks: list[HealthCheck], *, beyond: list[Issue], now: datetime) -> Health:
    """Fold findings into one state; `beyond` are issues that no check of the workspace can see."""
    issues = [*beyond, *(_issue(check) for check in checks if check.status != Status.HEALTHY)]
    late = min((check.last_check for check in checks if _is_late(check, now=now)), default=None)
    if late:
        issues.append(_unwatched(late))
    order = (Status.FAILED, Status.DEGRADED)
    issues.sort(key=lambda issue: order.index(Status(issue.status)))
    return Health(
        status=issues[0].status if issues else Status.HEALTHY,
        score=_score(checks, issues),
        checked_at=max((check.last_check for check in checks), default=None),
        checks=checks,
        issues=issues,
    )


def _is_late(check: HealthCheck, *, now: datetime) -> bool:
    return check.last_check < now - MISSED_LOOKS * switchboard.probes[check.probe].every


def _score(checks: list[HealthCheck], issues: list[Issue]) -> int | None:
    worths: dict[str, int] = {check.component: 100 for check in checks}
    for issue in issues:
        worths[issue.component] = min(worths.get(issue.component, 100), _WORTH[Status(issue.status)])
    return round(sum(worths.values()) / len(worths)) if checks else None


def _issue(check: HealthCheck) -> Issue:
    repair = switchboard.remediations.get(check.code)
    return Issue(
        type=check.code,
        component=check.component,
        probe=check.probe,
        status=check.status,
        severity=check.severity,
        summary=check.summary,
        fix=check.fix,
        detected_at=check.failing_since,
        remediation_action=repair.action if repair else "",
        for_studio=check.for_studio,
    )


def _down() -> Issue:
    text = _("The autopilot stands still at the moment: nothing is sent. Nothing is lost either; it goes on by itself.")
    fix = _("Nothing to do for the studio: we are at it.")
    return Issue("platform_down", Component.QUEUE_PROCESSING, "platform", Status.FAILED, "critical", text, fix)


def _unwatched(since: datetime) -> Issue:
    text = _("Some checks have not run for a while, so what they last saw may no longer be true.")
    fix = _("Nothing to do for the studio: checks begin again by themselves.")
    return Issue(
        "checks_late", Component.QUEUE_PROCESSING, "checks", Status.DEGRADED, "medium", text, fix, detected_at=since
    )


def public_word(*, now: datetime) -> str:
    """Return ok, degraded or down: all that a stranger may know of the platform. One query.

    It must be right when nothing runs that could write a finding: so it asks for living workers itself.
    """
    values = {
        "vital": list(VITAL),
        "platform": PLATFORM,
        "quiet_since": now - QUIET_AFTER,
        "alive_since": now - ALIVE_WITHIN,
    }
    with all_tenants("one public word about the platform"), atomic():
        vital_fails, something_fails, is_quiet, works = sql.rows(_PUBLIC, values)[0]
    if vital_fails or (is_quiet and not works):
        return "down"
    return "degraded" if something_fails or is_quiet or not works else "ok"


def studios(*, component: str = "") -> dict[str, int]:
    """Count the studios by their worst finding, of all components or of one. For operators."""
    with all_tenants("operators see how many studios are well"), atomic():
        counts = sql.rows(_STUDIOS, {"platform": PLATFORM, "component": component})[0]
    return dict(zip(Status.values, map(int, counts), strict=True))


def worst_studios() -> list[HealthCheck]:
    """Return the failing checks of studios, those that have failed longest first. For operators."""
    with all_tenants("operators see which studios are not well"), atomic():
        failing = HealthCheck.objects.exclude(status=Status.HEALTHY).exclude(workspace_id=PLATFORM)
        return list(failing.order_by("-status", "failing_since")[:WORST_STUDIOS])


def recent_incidents(*, limit: int = 20) -> list[Incident]:
    """Return the newest incidents of the workspace in scope. Inside a transaction."""
    return list(Incident.objects.order_by("-detected_at")[:limit])
