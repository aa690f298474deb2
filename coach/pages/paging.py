"""Lists are shown a page at a time, narrowed by words and a chip."""

from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest

PAGE = 50


def _page_number(request: HttpRequest) -> int:
    given = request.GET.get("page", "1")
    return min(int(given), 10_000) if given.isascii() and given.isdigit() and len(given) < 6 and int(given) else 1


def paged[R](request: HttpRequest, rows: QuerySet[Any, R]) -> tuple[list[R], str]:
    """Return one page of rows and the address of the next one, empty on the last."""
    number = _page_number(request)
    found = list(rows[(number - 1) * PAGE : number * PAGE + 1])
    kept = {name: request.GET[name] for name in ("q", "filter", "day") if request.GET.get(name)}
    more = "?" + urlencode(kept | {"page": number + 1}) if len(found) > PAGE else ""
    return found[:PAGE], more


def search_words(request: HttpRequest) -> tuple[str, str]:
    return request.GET.get("q", "").replace("\x00", "").strip()[:100], request.GET.get("filter", "")[:20]
