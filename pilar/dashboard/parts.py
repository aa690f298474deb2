"""Draws the parts that rooms registered: those of Today, and those of Settings > Autopilot (named `settings.…`)."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import structlog

from pilar.backplane.tenancy import atomic
from pilar.kernel import switchboard
from pilar.kernel.principal import Principal
from pilar.kernel.problems import NotFound
from pilar.kernel.shield import shielded
from pilar.kernel.shown import Need, Widget

log = structlog.get_logger(__name__)

SETTINGS = "settings."
MOST_NEEDS = 8


def today(principal: Principal) -> list[Widget]:
    """Return the parts of Today in their order, as far as the reader's role goes."""
    return [widget for widget in _sorted() if not widget.name.startswith(SETTINGS) and principal.at_least(widget.role)]


def named(name: str, principal: Principal) -> Widget:
    """Return one part. Raises NotFound for an unknown one and for one the role may not see."""
    found = switchboard.widgets.get(name)
    if found is None or not principal.at_least(found.role):
        raise NotFound
    return found


def settings_parts(workspace_id: UUID, now: datetime) -> list[dict[str, Any]]:
    """Return the parts of Settings > Autopilot in their order; one that cannot be drawn is left out."""
    found = (widget for widget in _sorted() if widget.name.startswith(SETTINGS))
    return [part for part in (drawn(widget, workspace_id, now) for widget in found) if not part["failed"]]


def frame(widget: Widget, workspace_id: UUID, now: datetime, *, wait: bool) -> dict[str, Any]:
    """Return a part as the page holds it; a late one comes empty, unless the page is to wait for it."""
    if widget.late and not wait:
        return {"name": widget.name, "every": widget.every, "ghost": widget.ghost, "late": True, "failed": False}
    return drawn(widget, workspace_id, now)


def drawn(widget: Widget, workspace_id: UUID, now: datetime) -> dict[str, Any]:
    """Return a part with its context, or marked as failed: one room's broken part takes nothing else away."""
    context = _safely(widget.name, lambda: widget.context(workspace_id, now), None)
    part = {"name": widget.name, "template": widget.template, "every": widget.every}
    return part | {"context": context or {}, "failed": context is None}


def needs(principal: Principal, workspace_id: UUID, now: datetime) -> list[Need]:
    """Collect what waits for the reader, the urgent first."""
    sources = sorted(switchboard.needs.values(), key=lambda source: (source.order, source.name))
    asked = [source for source in sources if principal.at_least(source.role)]
    found = [_safely(source.name, partial(source.find, workspace_id, now), []) for source in asked]
    return [need for some in found for need in some][:MOST_NEEDS]


def sayings(workspace_id: UUID, now: datetime) -> list[str]:
    """Return the sentences that sum up the day."""
    sources = sorted(switchboard.sayings.values(), key=lambda source: (source.order, source.name))
    said = [_safely(source.name, partial(source.say, workspace_id, now), "") for source in sources]
    return [sentence for sentence in said if sentence]


def _safely[T, U](name: str, find: Callable[[], T], otherwise: U) -> T | U:
    def found() -> T:
        with atomic():
            return find()

    def failed(error: Exception) -> U:
        log.error("dashboard.part_failed", part=name, exc_info=error)
        return otherwise

    return shielded(found, failed)


def _sorted() -> Iterator[Widget]:
    return iter(sorted(switchboard.widgets.values(), key=lambda widget: (widget.order, widget.name)))
