"""Opens an incident when a probe keeps failing, and ends it only on newer evidence that it is over."""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from health.events import IncidentChanged
from health.models import HealthCheck, Incident, Status
from pilar.backplane import activity, events
from pilar.kernel.problems import Conflict, NotFound

OPEN_AFTER = {Status.FAILED: 1, Status.DEGRADED: 2}
"""How many findings in a row make an incident: a failure at once, a weakness when it stays."""

ONGOING = (Incident.State.OPEN, Incident.State.INVESTIGATING)


def follow(check: HealthCheck, *, now: datetime) -> Incident | None:
    """Open, keep or end the incident of this probe. Inside the transaction that wrote the check."""
    ongoing = Incident.objects.select_for_update().filter(probe=check.probe, status__in=ONGOING).first()
    if check.status == Status.HEALTHY:
        return _resolve(ongoing, check, now=now) if ongoing else None
    if ongoing or check.consecutive_failures < OPEN_AFTER[Status(check.status)]:
        return ongoing
    return _open(check, now=now)


def _open(check: HealthCheck, *, now: datetime) -> Incident:
    incident = Incident.objects.create(
        probe=check.probe,
        component=check.component,
        code=check.code,
        title=check.summary[:255],
        description=check.fix or check.summary,
        severity=check.severity,
        detected_at=now,
    )
    _announce(incident, "opened")
    return incident


def _resolve(incident: Incident, check: HealthCheck, *, now: datetime) -> Incident:
    if check.last_check < incident.detected_at:
        return incident
    incident.status, incident.resolved_at = Incident.State.RESOLVED, now
    incident.save(update_fields=["status", "resolved_at"])
    _announce(incident, "resolved")
    return incident


def _announce(incident: Incident, change: str) -> None:
    payload = IncidentChanged(
        incident_id=incident.pk, component=incident.component, severity=incident.severity, change=change
    )
    events.publish("support.incident_created", payload, key=f"incident:{incident.pk}:{change}")
    facts = {"title": incident.title, "component": incident.component}
    activity.log(f"incident.{change}", _SENTENCES[change], facts, subject=incident)


_SENTENCES = {
    "opened": gettext_noop("Something is wrong: %(title)s"),
    "resolved": gettext_noop("It works again: %(title)s"),
}


def get(incident_id: UUID) -> Incident:
    """Return an incident of the current workspace, locked. Raises NotFound."""
    found = Incident.objects.select_for_update().filter(pk=incident_id).first()
    if found is None:
        raise NotFound
    return found


def note_remediation(incident: Incident, *, action: str, result: str, actor: str, now: datetime) -> None:
    """Write down what was tried. Raises Conflict when the incident is over."""
    if incident.status not in ONGOING:
        raise Conflict(_("This incident is over; there is nothing left to repair."))
    entry = {"type": action, "status": "completed", "result": result, "actor": actor, "completedAt": now.isoformat()}
    incident.remediation_actions = [*incident.remediation_actions, entry][-50:]
    incident.status = Incident.State.INVESTIGATING
    incident.save(update_fields=["remediation_actions", "status"])
