"""The dashboard's words about health: state, reasons, and the recent incidents."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _

from health import words
from health.models import Incident

_STATES = {"open": "open", "investigating": "healing", "resolved": "resolved", "closed": "resolved"}


def health(workspace_id: UUID, _now: datetime) -> dict[str, Any]:
    """Context of the health widget: one state with its reasons and what to do about each."""
    found = words.of(workspace_id)
    reasons = [{"text": issue.summary, "fix": issue.fix} for issue in found.issues]
    if not found.checks:
        reasons.append({"text": _("Not checked yet: the checks begin at the end of the set-up."), "fix": ""})
    return {
        "health": {
            "state": found.status,
            "score": found.score,
            "reasons": reasons,
            "checked_at": found.checked_at,
        }
    }


def dot(request: HttpRequest) -> dict[str, Any] | None:
    """The status dot of the shell; None for somebody without a studio, and until there was a first check."""
    workspace = getattr(request, "workspace", None)
    found = words.of(workspace.pk) if workspace else None
    return {"state": found.status} if found and found.checked_at else None


def incidents(_workspace_id: UUID, _now: datetime) -> dict[str, Any]:
    """Context of the incident widget."""
    return {"incidents": [_shown(incident) for incident in words.recent_incidents(limit=5)]}


def _shown(incident: Incident) -> dict[str, Any]:
    return {
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
    tried = [entry for entry in incident.remediation_actions if entry["status"] == "completed"]
    return str(tried[-1]["result"]) if tried else ""
