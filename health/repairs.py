"""Carries out the registered repair of what is wrong, and believes it only when the probe says so.

At most three times an hour (specification Module 7: webhook recreation limited to 3 attempts per hour); then the
incident stays open for a person.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from health import checks, incidents
from health.models import HealthCheck, Incident, Status
from pilar.backplane import activity, audit, jobs
from pilar.backplane.tenancy import PLATFORM, atomic, tenant
from pilar.kernel import switchboard
from pilar.kernel.clock import now as clock_now
from pilar.kernel.errors import ProviderError
from pilar.kernel.masking import mask_text
from pilar.kernel.problems import Conflict, Problem, TooMany
from pilar.kernel.shield import shielded
from pilar.kernel.switchboard import Payload, Remediation, Work

log = structlog.get_logger()

AT_MOST, WITHIN = 3, timedelta(hours=1)
GIVEN_UP_AFTER = timedelta(minutes=5)
"""A repair that has not reported by then died with its worker."""
KEPT_ACTIONS = 50
MOST_AT_ONCE = 1000
"""Incidents of one cause that are ordered to be repaired at a time."""
AUTOPILOT = "autopilot"


def heal(found: list[HealthCheck]) -> list[HealthCheck]:
    """Repair what can be repaired by itself. Returns the checks as they are afterwards. Outside `atomic()`."""
    return [_heal(check) if check.code in switchboard.remediations else check for check in found]


def _heal(check: HealthCheck) -> HealthCheck:
    if check.status == Status.HEALTHY:
        return check
    with tenant(check.workspace_id):
        with atomic():
            incident = incidents.ongoing_of(check.probe)
            if incident is None or _refusal(incident, now=clock_now()):
                return check
            entry = _begin(incident, actor=AUTOPILOT)
        return _carry_out(incident, entry)[1]


def by_hand(*, workspace_id: UUID, incident_id: UUID, actor: str) -> tuple[Incident, str]:
    """Repair an incident now and look again. Returns it as it is afterwards, and what the repair says it did.

    Raises NotFound for an unknown incident, Conflict where nothing can be repaired by itself or the incident is over,
    TooMany after three attempts within an hour.
    """
    with tenant(workspace_id):
        with atomic():
            incident = incidents.locked(incident_id)
            refusal = _refusal(incident, now=clock_now())
            if refusal:
                raise refusal
            entry = _begin(incident, actor=actor)
        text, check = _carry_out(incident, entry)
        with atomic():
            incident = incidents.locked(incident_id)
    if check.status == Status.HEALTHY:
        return incident, text
    return incident, _("%(result)s The check still fails.") % {"result": text}


class RepairOrder(Payload):
    """Payload of the job `health.repair`."""

    incident_id: UUID
    actor: str
    reason: str = ""


def ongoing(code: str) -> list[Incident]:
    """Return the open incidents of one cause, the oldest first; in the operators' scope."""
    return list(Incident.objects.filter(code=code, status__in=Incident.ONGOING).order_by("detected_at")[:MOST_AT_ONCE])


def order_all(code: str, *, actor: str, now: datetime) -> int:
    """Have every open incident of one cause repaired by a job each; the queue keeps them fair. Returns how many.

    Asking twice within a minute is asking once. Raises Conflict where nothing can be repaired by itself.
    """
    if code not in switchboard.remediations:
        raise Conflict(_("There is no automatic repair for this. Follow the recommended fix."))
    found = ongoing(code)
    rows = [jobs.NewJob(one.workspace_id, _order(one, actor), key=f"repair:{one.pk}:{now:%Y%m%d%H%M}") for one in found]
    jobs.enqueue_many("health.repair", rows)
    return len(found)


def _order(incident: Incident, actor: str) -> RepairOrder:
    return RepairOrder(incident_id=incident.pk, actor=actor, reason=audit.reason())


def carry_out(work: Work[RepairOrder]) -> dict[str, str]:
    """Job handler of `health.repair`. What need not or cannot be repaired any more is no failure of the job."""
    order = work.payload
    try:
        with audit.because(order.reason):
            _incident, text = by_hand(workspace_id=work.workspace_id, incident_id=order.incident_id, actor=order.actor)
    except Problem as refusal:
        return {"refused": refusal.detail}
    return {"result": text}


def _refusal(incident: Incident, *, now: datetime) -> Problem | None:
    """Say why this incident is not to be repaired now, if so."""
    if incident.status not in Incident.ONGOING:
        return Conflict(_("This incident is over; there is nothing left to repair."))
    if incident.code not in switchboard.remediations:
        return Conflict(_("There is no automatic repair for this. Follow the recommended fix."))
    begun = [datetime.fromisoformat(entry["startedAt"]) for entry in incident.remediation_actions]
    last = incident.remediation_actions[-1] if begun else None
    if last and last["status"] == "in_progress" and begun[-1] > now - GIVEN_UP_AFTER:
        return Conflict(_("This is being repaired at the moment. Look again in a minute."))
    recent = sorted(moment for moment in begun if moment > now - WITHIN)
    if len(recent) < AT_MOST:
        return None
    wait = int((recent[-AT_MOST] + WITHIN - now).total_seconds()) + 1
    return TooMany(_("This was tried three times within an hour. Follow the recommended fix."), retry_after=wait)


def _begin(incident: Incident, *, actor: str) -> dict[str, Any]:
    """Write down what is about to be tried, before it is tried: an attempt that kills its worker counts too."""
    action = switchboard.remediations[incident.code].action
    entry = {"type": action, "status": "in_progress", "startedAt": clock_now().isoformat(), "actor": actor}
    incident.remediation_actions = [*incident.remediation_actions, entry][-KEPT_ACTIONS:]
    incident.status = Incident.State.INVESTIGATING
    incident.save(update_fields=["remediation_actions", "status"])
    audit.record(actor, f"health.{action}", "incident", str(incident.pk))
    return entry


def _carry_out(incident: Incident, entry: dict[str, Any]) -> tuple[str, HealthCheck]:
    workspace_id: UUID = incident.workspace_id
    text, error = _run(switchboard.remediations[incident.code], None if workspace_id == PLATFORM else workspace_id)
    (check,) = checks.run([switchboard.probes[incident.probe]], workspace_id, now=clock_now())
    works = check.status == Status.HEALTHY
    outcome = {
        "status": "completed" if works else "failed",
        "completedAt": clock_now().isoformat(),
        "result": text,
        "error": "" if works else error or check.summary,
    }
    with atomic():
        _finish(incidents.locked(incident.pk), entry | outcome, works=works)
    return text or error, check


def _run(repair: Remediation, workspace_id: UUID | None) -> tuple[str, str]:
    """Return what the repair says it did, or why it could not."""

    def broken(error: Exception) -> tuple[str, str]:
        """A repair that breaks is an attempt that failed, whatever broke it."""
        if isinstance(error, ProviderError):
            return "", mask_text(error.message)
        log.warning("health.repair_failed", action=repair.action, exc_info=error)
        return "", _("The repair did not finish (%(error)s).") % {"error": type(error).__name__}

    return shielded(lambda: (repair.run(workspace_id), ""), broken)


def _finish(incident: Incident, entry: dict[str, Any], *, works: bool) -> None:
    others = [one for one in incident.remediation_actions if one["startedAt"] != entry["startedAt"]]
    incident.remediation_actions = [*others, entry]
    if works:
        sentence = gettext_noop("Repaired by itself: %(title)s")
        activity.log("incident.repaired", sentence, {"title": incident.title}, subject=incident)
    elif incident.status in Incident.ONGOING:
        incident.status = Incident.State.OPEN
        _escalate(incident)
    incident.save(update_fields=["remediation_actions", "status", "escalated", "escalated_at"])


def _escalate(incident: Incident) -> None:
    """After the last attempt only a person can help."""
    now = clock_now()
    if not incident.escalated and isinstance(_refusal(incident, now=now), TooMany):
        incident.escalated, incident.escalated_at = True, now
        sentence = gettext_noop("This needs a person: %(title)s")
        activity.log("incident.escalated", sentence, {"title": incident.title}, subject=incident)
