"""Asks an operator once more, and why, before something is done that cannot be undone by a click."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from pilar.backplane import audit

SHOWN = 20
"""Things that are named on the page; of the others it says how many there are."""
SHORTEST_REASON, LONGEST_REASON = 5, 300
"""Characters."""


@dataclass(frozen=True, slots=True)
class About:
    """What the page tells: sentences that help to decide, and the things that it is about, `count` of them."""

    things: Sequence[Any] | QuerySet[Any]
    facts: Sequence[str] = ()
    count: int | None = None


def ask(
    request: HttpRequest,
    *,
    question: str,
    about: Callable[[], About],
    carry: Mapping[str, str | list[str]],
    back: str,
) -> TemplateResponse | None:
    """Return the page that asks, or None when the person has said yes on it and why; then act `within_reason`.

    `about` is asked only for the page, not again for the yes. `carry` is posted again to the same address together
    with the yes; `back` is where a no leads.
    """
    confirmed = "confirmed" in request.POST
    if confirmed and len(_reason(request)) >= SHORTEST_REASON:
        return None
    told = about()
    total = len(told.things) if told.count is None else told.count
    context = {
        **admin.site.each_context(request),
        "title": question,
        "facts": told.facts,
        "things": [str(thing) for thing in told.things[:SHOWN]],
        "more": max(0, total - SHOWN),
        "carried": [
            (name, value)
            for name, values in carry.items()
            for value in ([values] if isinstance(values, str) else values)
        ],
        "back": back,
        "reason": _reason(request),
        "error": _("Say why in a few words: it stands in the audit trail.") if confirmed else "",
        "shortest": SHORTEST_REASON,
        "longest": LONGEST_REASON,
    }
    return TemplateResponse(request, "admin/backplane/confirm.html", context)


def ask_about_rows(
    request: HttpRequest,
    rows: QuerySet[Any],
    question: str,
    *,
    facts: Callable[[], Sequence[str]] = list,
    things: Callable[[], Sequence[str]] | None = None,
    key: str = "",
) -> TemplateResponse | None:
    """Ask before an action of a change list; its form is carried over. `things` are said in place of the rows' own
    words, and `key`, when there is one, comes back with the yes: the same one for a yes that is sent twice.
    """
    chosen = request.POST.getlist("_selected_action")
    carry: dict[str, str | list[str]] = {"action": request.POST.get("action", ""), "_selected_action": chosen}
    if key:
        carry["key"] = request.POST.get("key") or key
    if request.POST.get("select_across") == "1":
        carry["select_across"] = "1"

    def about() -> About:
        if things is not None:
            return About(things(), facts())
        return About(rows, facts(), rows.count() if "select_across" in carry else len(chosen))

    return ask(request, question=question, about=about, carry=carry, back=request.get_full_path())


def within_reason(request: HttpRequest) -> AbstractContextManager[None]:
    """Have all that is done inside say in the audit trail why: in the words that came with the yes."""
    return audit.because(_reason(request))


def _reason(request: HttpRequest) -> str:
    return " ".join(request.POST.get("reason", "").split())[:LONGEST_REASON]
