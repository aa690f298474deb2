"""Opens an incident when a probe keeps failing, and ends it only on newer evidence that it is over."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_noop

from health.events import IncidentChanged
from health.models import HealthCheck, Incident, Status
from pilar.backplane import activity, events
from pilar.kernel.problems import NotFound

OPEN_AFTER = {Status.FAILED: 1, Status.DEGRADED: 2}
"""How many findings in a row make an incident: a failure at once, a weakness when it stays."""
SYMPTOMS = ("probe", "component", "code", "title", "description", "severity")


def follow(checks: Sequence[HealthCheck], *, now: datetime) -> None:
    """Open, keep or end the incidents of these probes. Inside the transaction that wrote the checks."""
    names = [check.probe for check in checks]
    ongoing = {one.probe: one for one in _ongoing().filter(probe__in=names).order_by("id")}
    for check in checks:
        incident = ongoing.get(check.probe)
        if incident:
            _go_on(incident, check, now=now)
        elif _is_serious(check):
            _open(check, now=now)


def _ongoing() -> QuerySet[Incident]:
    return Incident.objects.select_for_update().filter(status__in=Incident.ONGOING)


def _is_serious(check: HealthCheck) -> bool:
    return check.status != Status.HEALTHY and check.consecutive_failures >= OPEN_AFTER[Status(check.status)]


def _symptoms(check: HealthCheck) -> dict[str, str]:
    return {
        "probe": check.probe,
        "component": check.component,
        "code": check.code,
        "title": check.summary,
        "description": check.fix or check.summary,
        "severity": check.severity,
    }


def _open(check: HealthCheck, *, now: datetime) -> None:
    incident = Incident.objects.create(**_symptoms(check), detected_at=now)
    _announce(incident, "opened")


def _go_on(incident: Incident, check: HealthCheck, *, now: datetime) -> None:
    if check.status == Status.HEALTHY:
        if check.last_check >= incident.detected_at:
            incident.status, incident.resolved_at = Incident.State.RESOLVED, now
            incident.save(update_fields=["status", "resolved_at"])
            _announce(incident, "resolved")
    elif check.code != incident.code:  # the same trouble has shown its cause, or has become another one
        for name, value in _symptoms(check).items():
            setattr(incident, name, value)
        incident.save(update_fields=SYMPTOMS)


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


def locked(incident_id: UUID) -> Incident:
    """Return an incident of the current workspace, locked. Raises NotFound."""
    found = Incident.objects.select_for_update().filter(pk=incident_id).first()
    if found is None:
        raise NotFound
    return found


def ongoing_of(probe: str) -> Incident | None:
    """Return the open incident of a probe in the current workspace, locked."""
    return _ongoing().filter(probe=probe).first()
