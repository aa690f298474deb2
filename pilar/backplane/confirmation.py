"""Asks an operator once more before something is done that cannot be undone by a click."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse

SHOWN = 20
"""Things that are named on the page; of the others it says how many there are."""


def ask(
    request: HttpRequest,
    *,
    question: str,
    things: Sequence[Any] | QuerySet[Any],
    count: int | None = None,
    facts: Sequence[str] = (),
    carry: Mapping[str, str | list[str]],
    back: str,
) -> TemplateResponse | None:
    """Return the page that asks, or None when the person has said yes on it.

    `facts` are sentences that help to decide. `carry` is posted again to the same address together with the yes; `back`
    is where a no leads.
    """
    if request.POST.get("confirmed"):
        return None
    total = len(things) if count is None else count
    context = {
        **admin.site.each_context(request),
        "title": question,
        "facts": facts,
        "things": [str(thing) for thing in things[:SHOWN]],
        "more": max(0, total - SHOWN),
        "carried": [
            (name, value)
            for name, values in carry.items()
            for value in ([values] if isinstance(values, str) else values)
        ],
        "back": back,
    }
    return TemplateResponse(request, "admin/backplane/confirm.html", context)


def ask_about_rows(
    request: HttpRequest,
    rows: QuerySet[Any],
    question: str,
    *,
    facts: Sequence[str] = (),
    things: Sequence[str] | None = None,
    key: str = "",
) -> TemplateResponse | None:
    """Ask before an action of a change list; its form is carried over. `things` are said in place of the rows' own
    words, and `key`, when there is one, comes back with the yes: the same one for a yes that is sent twice.
    """
    chosen = request.POST.getlist("_selected_action")
    carry: dict[str, str | list[str]] = {"action": request.POST.get("action", ""), "_selected_action": chosen}
    if key:
        carry["key"] = key
    if request.POST.get("select_across") == "1":
        carry["select_across"] = "1"
    count = rows.count() if "select_across" in carry else len(chosen)
    return ask(
        request,
        question=question,
        things=rows if things is None else things,
        count=count if things is None else len(things),
        facts=facts,
        carry=carry,
        back=request.get_full_path(),
    )
