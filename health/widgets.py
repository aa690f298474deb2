"""The dashboard's words about health: state, reasons, and the recent incidents."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from health import history, words
from health.models import Incident, Status
from pilar.backplane.tenancy import atomic, tenant
from pilar.dashboard import parts
from pilar.kernel import clock

_STATES = {"open": "open", "investigating": "healing", "resolved": "resolved", "closed": "resolved"}


def health(workspace_id: UUID, _now: datetime) -> dict[str, Any]:
    """Context of the health widget: one state with its reasons and what to do about each."""
    found = words.of(workspace_id)
    reasons = [{"text": issue.summary, "fix": issue.fix} for issue in found.issues]
    if not found.checks:
        reasons.append({"text": _("Not checked yet: the checks begin at the end of the set-up."), "fix": ""})
    return {
        "health": {
            "state": found.told,
            "score": found.score,
            "reasons": reasons,
            "checked_at": found.checked_at,
        }
    }


def dot(request: HttpRequest) -> dict[str, Any] | None:
    """The status dot of the shell: red while the autopilot waits for the reader, otherwise what the checks say. None for
    somebody without a studio, and until there was a first check.
    """
    workspace, principal = (getattr(request, name, None) for name in ("workspace", "principal"))
    if not workspace or not principal:  # `workspace` is a lazy object, which is never None
        return None
    with tenant(workspace.pk), atomic():
        if parts.stands_still(principal, workspace.pk, clock.now()):
            return {"state": Status.FAILED}
    found = words.of(workspace.pk)
    said = " ".join(text for issue in found.issues[:1] for text in (issue.summary, issue.fix))
    return {"state": found.told, "text": said} if found.checked_at else None


def incidents(workspace_id: UUID, now: datetime) -> dict[str, Any]:
    """Context of the incident widget."""
    return {
        "incidents": [shown(incident) for incident in words.recent_incidents(limit=5)],
        "days": history.days(workspace_id, now),
        "url": reverse("health:incidents"),
    }


def shown(incident: Incident) -> dict[str, Any]:
    """One incident as the pages show it."""
    return {
        "id": incident.pk,
        "fix": incident.description,
        "seconds": ((incident.resolved_at or clock.now()) - incident.detected_at).total_seconds(),
        "tried": _tried(incident),
        "title": incident.title,
        "state": _STATES[incident.status],
        "severity": incident.severity,
        "since": incident.detected_at,
        "until": incident.resolved_at,
        "done": _done(incident),
    }


def _done(incident: Incident) -> str:
    """Say what was tried."""
    if incident.escalated:
        return _("Tried three times; a person has to look.")
    return next(reversed(_tried(incident)), "")


def _tried(incident: Incident) -> list[str]:
    return [str(entry["result"]) for entry in incident.remediation_actions if entry["status"] == "completed"]
