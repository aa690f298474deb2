"""Set-up on the dashboard: its short form while it is not finished, and its history in the settings."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from provisioning import report


def unfinished_setup(_workspace_id: UUID, _now: datetime) -> dict[str, Any]:
    """Context of the widget; it hides itself when set-up is ready."""
    run = report.latest()
    return {"job": asdict(run) if run and run.status != "ready" else None}


def history(_workspace_id: UUID, _now: datetime) -> dict[str, Any]:
    """Context of the part of Settings > Autopilot that lists the runs, newest first."""
    return {"history": [asdict(run) for run in report.history()]}
