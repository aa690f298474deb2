"""The dashboard's words about health: state, reasons, and the recent incidents."""

from datetime import datetime
from typing import Any
from uuid import UUID

from health import words

_STATES = {"open": "open", "investigating": "healing", "resolved": "resolved", "closed": "resolved"}


def health(workspace_id: UUID, _now: datetime) -> dict[str, Any]:
    """Context of the health widget: one state with its reasons and what to do about each."""
    found = words.of(workspace_id)
    reasons = [{"text": check.summary, "fix": check.fix} for check in found.issues]
    return {
        "health": {
            "state": found.status,
            "score": found.score,
            "reasons": reasons,
            "checked_at": found.checked_at,
        }
    }


def incidents(_workspace_id: UUID, _now: datetime) -> dict[str, Any]:
    """Context of the incident widget."""
    found = words.recent_incidents(limit=5)
    return {
        "incidents": [
            {
                "title": incident.title,
                "state": _STATES[incident.status],
                "severity": incident.severity,
                "since": incident.detected_at,
                "until": incident.resolved_at,
            }
            for incident in found
        ]
    }
