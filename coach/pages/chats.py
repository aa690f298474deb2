"""Pages of the list of chats, and the poster that begins the first one."""

from datetime import datetime
from io import BytesIO
from typing import Any
from urllib.parse import quote, urlencode

import segno
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_safe

from coach import chat_list
from coach.pages.paging import search_words
from coach.pages.shown import chats as shown
from pilar.backplane.tenancy import current
from pilar.kernel import clock
from pilar.kernel.principal import Role
from pilar.providers.models import PhoneNumber
from pilar.ui.fragments import fragment
from workspaces.models import Workspace
from workspaces.pages.base import workspace_page

_CHIPS = (
    ("", pgettext_lazy("chats", "All"), "all"),
    ("waiting", gettext_lazy("Waiting for you"), "waiting"),
    ("unread", gettext_lazy("Unread"), "unread"),
    ("human", gettext_lazy("People answer"), "human"),
    ("ai", gettext_lazy("AI answers"), "ai"),
    ("open", gettext_lazy("Window open"), "open"),
)


def pane(request: HttpRequest, *, current_id: object = None) -> dict[str, Any]:
    """The list as it stands beside a chat and on its own page."""
    now = clock.now()
    words, chosen = search_words(request)
    page = chat_list.page(now=now, words=words, chosen=chosen, after=request.GET.get("after", ""))
    kept = {name: value for name, value in (("q", words), ("filter", chosen)) if value}
    return _list(page, now, words, chosen, current_id) | {
        "rows_url": _address("coach:chat_rows", kept | {"until": page.bottom, "current": str(current_id or "")}),
        "more_url": _address("coach:chats", kept | {"after": page.next}) if page.next else "",
    }


def _list(page: chat_list.Page, now: datetime, words: str, chosen: str, current_id: object) -> dict[str, Any]:
    """The filters with their counts and the rows below them: what a chat that begins or moves changes."""
    counts = chat_list.counts(now=now)
    return {
        "conversations": shown.rows(page, now=now),
        "current_id": current_id,
        "q": words,
        "filter": chosen,
        "chips": [_chip(name, label, counts[key], words, chosen) for name, label, key in _CHIPS],
        "searched": chat_list.SEARCHED_MESSAGES,
    } | ({} if counts["all"] else beginning())


def _chip(name: str, label: object, count: int, words: str, chosen: str) -> dict[str, Any]:
    query = {"q": words, "filter": name}
    return {"label": label, "count": count, "url": _address("coach:chats", query), "current": name == chosen}


def _address(route: str, query: dict[str, str]) -> str:
    text = urlencode({name: value for name, value in query.items() if value})
    return reverse(route) + (f"?{text}" if text else "")


@require_safe
@workspace_page(Role.VIEWER)
def chat_list_page(request: HttpRequest) -> HttpResponse:
    """All conversations, the latest first; asked by a part of the page, only the following rows."""
    context = pane(request)
    if request.htmx and request.GET.get("after"):  # type: ignore[attr-defined]
        return render(request, "coach/parts/more_rows.html", context)
    return render(request, "coach/chats.html", context)


@require_safe
@workspace_page(Role.VIEWER)
def chat_rows(request: HttpRequest) -> HttpResponse:
    """The list on screen, asked for every few seconds; also while it is empty, so that the first chat appears by itself."""
    now = clock.now()
    words, chosen = search_words(request)
    page = chat_list.page(now=now, words=words, chosen=chosen, until=request.GET.get("until", ""))
    return fragment(request, "coach/_list.html", _list(page, now, words, chosen, request.GET.get("current", "")))


@require_safe
@workspace_page(Role.VIEWER)
def poster(request: HttpRequest) -> HttpResponse:
    """A page to print and hang up: scan, write, be coached."""
    return render(request, "coach/poster.html", beginning())


def beginning() -> dict[str, Any]:
    """How a first chat begins: the studio's number, a link and a code to scan. Empty while there is no number."""
    number = PhoneNumber.objects.filter(status="active").order_by("created_at").values_list("e164", flat=True).first()
    studio = Workspace.objects.get(pk=current()).name
    if not number:
        return {"number": "", "studio": studio}
    link = f"https://wa.me/{number.lstrip('+')}?text={quote(_('Hello!'))}"
    return {"number": number, "link": link, "code": _code(link), "studio": studio}


def _code(link: str) -> SafeString:
    picture = BytesIO()
    segno.make(link, error="m").save(picture, kind="svg", xmldecl=False, svgns=False, border=2, omitsize=True)
    return SafeString(picture.getvalue().decode())
