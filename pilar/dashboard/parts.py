"""Draws the parts that apps registered: those of Today, and those of Settings > Autopilot (named `settings.…`)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from pilar.backplane.tenancy import atomic
from pilar.kernel import switchboard
from pilar.kernel.shield import shielded
from pilar.kernel.switchboard import Widget

log = structlog.get_logger(__name__)

SETTINGS = "settings."


def today_parts(workspace_id: UUID, now: datetime) -> list[dict[str, Any]]:
    """Return the parts of Today in their order; runs in the workspace's scope and a transaction."""
    return _drawn((w for w in switchboard.widgets.values() if not w.name.startswith(SETTINGS)), workspace_id, now)


def settings_parts(workspace_id: UUID, now: datetime) -> list[dict[str, Any]]:
    """Return the parts of Settings > Autopilot in their order; one that cannot be drawn is left out."""
    found = (w for w in switchboard.widgets.values() if w.name.startswith(SETTINGS))
    return [part for part in _drawn(found, workspace_id, now) if not part["failed"]]


def _drawn(widgets: Iterable[Widget], workspace_id: UUID, now: datetime) -> list[dict[str, Any]]:
    return [_part(widget, workspace_id, now) for widget in sorted(widgets, key=lambda w: (w.order, w.name))]


def _part(widget: Widget, workspace_id: UUID, now: datetime) -> dict[str, Any]:
    def drawn() -> dict[str, Any]:
        with atomic():
            return {"context": widget.context(workspace_id, now), "failed": False}

    def failed(error: Exception) -> dict[str, Any]:
        """One app's broken part must not take the whole page away; it is shown as failed."""
        log.error("dashboard.part_failed", part=widget.name, exc_info=error)
        return {"context": {}, "failed": True}

    return {"name": widget.name, "template": widget.template, **shielded(drawn, failed)}


def sentence(parts: list[dict[str, Any]]) -> str:
    """Return the line that sums up the day: the first one that a part put into its context as `sentence`."""
    return next((said for part in parts if (said := part["context"].get("sentence"))), "")


def needs_me(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Collect what waits for the studio: each part may put `needs_me` = [{text, url, action}] into its context."""
    return [need for part in parts for need in part["context"].get("needs_me", ())]
