"""Rounds: whose checks are due, fanned out over the studios (specification: every 5 minutes, jittered)."""

from datetime import timedelta
from uuid import UUID

from django.db.models import F
from django.utils.translation import gettext as _

from health import checks, incidents
from health.models import HealthCheck, Status
from pilar.backplane import audit, jobs
from pilar.backplane.tenancy import PLATFORM, all_tenants, atomic, tenant
from pilar.kernel import switchboard
from pilar.kernel.clock import now as clock_now
from pilar.kernel.problems import Conflict
from pilar.kernel.switchboard import Empty, Happened, Outcome, Work

MOST_PER_ROUND = 5000
ANNOUNCED_FOR = timedelta(minutes=4)
"""How far a due check is pushed ahead when its job is made, so that the next round does not make it again."""


def tick(work: Work[Empty]) -> Outcome:
    """Job handler, for the platform, every minute: order the checks of every studio that is due."""
    now = clock_now()
    with all_tenants("find the studios whose health checks are due"), atomic():
        due = (
            HealthCheck.objects.filter(next_check__lte=now)
            .exclude(workspace_id=PLATFORM)
            .order_by("next_check")
            .values_list("workspace_id", flat=True)[:MOST_PER_ROUND]
        )
        studios: list[UUID] = list(dict.fromkeys(due))
        HealthCheck.objects.filter(workspace_id__in=studios, next_check__lte=now).update(
            next_check=F("next_check") + ANNOUNCED_FOR
        )
        slot = str(work.id)
        jobs.enqueue_many(
            "health.check_workspace",
            [jobs.NewJob(workspace_id=studio, payload=Empty(), key=f"health:{slot}") for studio in studios],
        )
    return {"ordered": len(studios)}


def check_workspace(work: Work[Empty]) -> Outcome:
    """Job handler: run the studio's due probes."""
    found = checks.run_workspace(work.workspace_id, now=clock_now())
    return {check.probe: check.status for check in found}


def check_system(_work: Work[Empty]) -> Outcome:
    """Job handler, for the platform: run the system's own probes."""
    found = checks.run_system(now=clock_now())
    return {check.probe: check.status for check in found}


def look_at_once(event: Happened[Empty]) -> None:
    """Event handler: a provider has failed or recovered, so do not wait for the next round."""
    checks.run_workspace(event.workspace_id, now=clock_now())


def remediate(*, workspace_id: UUID, incident_id: UUID, actor: str) -> str:
    """Carry out the repair registered for an incident, then look again. Returns what the repair says it did.

    Raises NotFound for an unknown incident, Conflict where there is no automatic repair or the incident is over.
    """
    now = clock_now()
    with tenant(workspace_id):
        with atomic():
            incident = incidents.get(incident_id)
            repair = switchboard.remediations.get(incident.code)
            if repair is None:
                raise Conflict(_("There is no automatic repair for this. Follow the recommended fix."))
            incidents.note_remediation(incident, action=repair.action, result="", actor=actor, now=now)
            audit.record(actor, f"health.{repair.action}", "incident", str(incident.pk))
        result = repair.run(None if workspace_id == PLATFORM else workspace_id)
    probe = switchboard.probes[incident.probe]
    after = checks.run(probe, workspace_id, now=clock_now())
    return result if after.status == Status.HEALTHY else _("%(result)s The check still fails.") % {"result": result}
