"""The operators' front page: what every room shows of all studios, and a search by any id, number, address or name."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from pilar.backplane.readable import studio_names
from pilar.backplane.tenancy import all_tenants, atomic, savepoint, tenant
from pilar.dashboard.happenings import EVENTS
from pilar.kernel import clock, reader, switchboard
from pilar.kernel.console import Drawing, Found, Panel, StudioPanel, Wording
from pilar.kernel.shield import shielded
from pilar.ui import words
from pilar.ui.templatetags.ui import language_label


def _country(code: str) -> str:
    return str(reader.locale().territories.get(code, code))


def _none(_code: str) -> str:
    """What everybody calls it says enough."""
    return ""


wordings = [
    *(Wording(kind, partial(words.word, kind)) for kind in words.kinds() if kind != "provider"),
    Wording("provider", partial(words.word, "provider"), lambda: words.known_states("provider")),
    Wording.of("event", EVENTS),
    Wording("language", language_label, code=_none),
    Wording("country", _country, code=_none),
]
log = structlog.get_logger(__name__)

SHORTEST, LONGEST = 3, 200
"""Characters of a search term."""


def front(_request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The dashboard callback of the admin's index."""
    now = clock.now()
    with all_tenants("operators see figures of all studios"):
        context["panels"] = _drawn(switchboard.panels.values(), lambda panel: panel.draw(now))
    return context


def of_studio(workspace_id: UUID) -> list[dict[str, Any]]:
    """Draw what every room shows operators of one studio."""
    now = clock.now()
    with tenant(workspace_id):
        return _drawn(switchboard.studio_panels.values(), lambda panel: panel.draw(workspace_id, now))


def _drawn[P: (Panel, StudioPanel)](panels: Iterable[P], draw: Callable[[P], Drawing]) -> list[dict[str, Any]]:
    return [_one(panel, draw) for panel in sorted(panels, key=lambda panel: (panel.order, panel.name))]


def _one[P: (Panel, StudioPanel)](panel: P, draw: Callable[[P], Drawing]) -> dict[str, Any]:
    def drawn() -> Drawing | None:
        with savepoint():
            return draw(panel)

    def failed(error: Exception) -> None:
        """One room's broken part must not take the others away when operators need them most."""
        log.error("console.part_failed", part=panel.name, exc_info=error)

    return {"name": panel.name, "title": panel.title, "drawing": shielded(drawn, failed)}


@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """What the term leads to, across all studios."""
    term = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST]
    found: list[Found] = []
    if len(term) >= SHORTEST:
        with all_tenants("operators look for an id, a number, an address or a name in all studios"), atomic():
            found = [hit for finder in switchboard.finders.values() for hit in finder.find(term)]
    context = {
        "title": _("Search"),
        "term": term,
        "found": found,
        "studios": studio_names(hit.workspace_id for hit in found),
        "shortest": SHORTEST,
    }
    return render(request, "admin/console/find.html", {**admin.site.each_context(request), **context})
