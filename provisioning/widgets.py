"""The dashboard's short form of a set-up that is not finished."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from provisioning import report


def unfinished_setup(_workspace_id: UUID, _now: datetime) -> dict[str, Any]:
    """Context of the widget; it hides itself when set-up is ready."""
    run = report.latest()
    return {"job": asdict(run) if run and run.status != "ready" else None}
