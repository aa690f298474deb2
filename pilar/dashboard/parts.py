"""Draws the parts that rooms registered: those of Today, and those of Settings > Autopilot (named `settings.…`)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import structlog

from pilar.backplane.tenancy import savepoint
from pilar.kernel import switchboard
from pilar.kernel.principal import Principal
from pilar.kernel.problems import NotFound
from pilar.kernel.shield import shielded
from pilar.kernel.shown import Need, Needs, Widget

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
    found = [widget for widget in _sorted() if widget.name.startswith(SETTINGS)]
    return [part for part in drawn(found, workspace_id, now) if not part["failed"]]


def frames(widgets: list[Widget], workspace_id: UUID, now: datetime, *, wait: bool) -> list[dict[str, Any]]:
    """Return the parts as the page holds them; a late one comes empty, unless the page is to wait for it."""
    at_once = [widget for widget in widgets if wait or not widget.late]
    found = {part["name"]: part for part in drawn(at_once, workspace_id, now)}
    return [found.get(widget.name) or _late(widget) for widget in widgets]


def _late(widget: Widget) -> dict[str, Any]:
    return {"name": widget.name, "every": widget.every, "ghost": widget.ghost, "late": True, "failed": False}


def drawn(widgets: list[Widget], workspace_id: UUID, now: datetime) -> list[dict[str, Any]]:
    """Return parts with their context, or marked as failed: one room's broken part takes nothing else away."""
    contexts = _safely([(widget.name, partial(widget.context, workspace_id, now)) for widget in widgets], None)
    return [
        {"name": widget.name, "template": widget.template, "every": widget.every}
        | {"context": context or {}, "failed": context is None}
        for widget, context in zip(widgets, contexts, strict=True)
    ]


def needs(principal: Principal, workspace_id: UUID, now: datetime) -> list[Need]:
    """Collect what waits for the reader, the urgent first."""
    return _waiting(switchboard.needs.values(), principal, workspace_id, now)[:MOST_NEEDS]


def stands_still(principal: Principal, workspace_id: UUID, now: datetime) -> bool:
    """Say whether the autopilot goes on only when the reader has acted."""
    stopping = [source for source in switchboard.needs.values() if source.stops]
    return bool(_waiting(stopping, principal, workspace_id, now))


def _waiting(sources: Iterable[Needs], principal: Principal, workspace_id: UUID, now: datetime) -> list[Need]:
    in_order = sorted(sources, key=lambda source: (source.order, source.name))
    asked = [source for source in in_order if principal.at_least(source.role)]
    found: list[list[Need]] = _safely([(source.name, partial(source.find, workspace_id, now)) for source in asked], [])
    return [need for some in found for need in some]


def sayings(workspace_id: UUID, now: datetime) -> list[str]:
    """Return the sentences that sum up the day."""
    sources = sorted(switchboard.sayings.values(), key=lambda source: (source.order, source.name))
    said = _safely([(source.name, partial(source.say, workspace_id, now)) for source in sources], "")
    return [sentence for sentence in said if sentence]


def _safely[T, U](readers: Sequence[tuple[str, Callable[[], T]]], otherwise: U) -> list[T | U]:
    """Read all in one block. Only when one breaks is each read in a block of its own, so that the others still stand."""

    def together() -> list[T | U]:
        with savepoint():
            return [read() for _name, read in readers]

    return shielded(together, lambda _error: [_alone(name, read, otherwise) for name, read in readers])


def _alone[T, U](name: str, read: Callable[[], T], otherwise: U) -> T | U:
    def found() -> T:
        with savepoint():
            return read()

    def failed(error: Exception) -> U:
        log.error("dashboard.part_failed", part=name, exc_info=error)
        return otherwise

    return shielded(found, failed)


def _sorted() -> Iterator[Widget]:
    return iter(sorted(switchboard.widgets.values(), key=lambda widget: (widget.order, widget.name)))
