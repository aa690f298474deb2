"""Today: what the autopilot did, what it does next, what it needs from the studio; and the palette that finds it all."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_safe

from pilar.api.pagination import BadCursor
from pilar.backplane.tenancy import atomic, tenant
from pilar.dashboard import palette, parts, work
from pilar.kernel import clock
from pilar.kernel.principal import Principal, Role
from pilar.kernel.problems import NotFound
from pilar.ui.context import status_of
from pilar.ui.fragments import fragment

View = Callable[..., HttpResponse]
WORK_SHOWN = 50


def _member_page(view: View) -> Callable[..., HttpResponse]:
    """Members only. `request.principal` comes from the room above, which knows people and studios."""

    @wraps(view)
    def inner(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        principal: Principal = request.principal  # type: ignore[attr-defined]
        if principal.workspace_id is None:
            return HttpResponseRedirect("/admin/" if principal.role is Role.OPERATOR else "/checkout")
        with tenant(principal.workspace_id), atomic():
            return view(request, principal.workspace_id, principal, **kwargs)

    inner.page_role = Role.VIEWER  # type: ignore[attr-defined]  # read by the guard over all routes
    return inner


def _head(workspace_id: UUID, principal: Principal) -> dict[str, Any]:
    now = clock.now()
    return {
        "needs": parts.needs(principal, workspace_id, now),
        "sayings": parts.sayings(workspace_id, now),
    }


@require_safe
@_member_page
def today(request: HttpRequest, workspace_id: UUID, principal: Principal) -> HttpResponse:
    """The first page of every day. With `?whole` it comes with its late parts, for readers without JavaScript."""
    now, whole = clock.now(), "whole" in request.GET
    frames = parts.frames(parts.today(principal), workspace_id, now, wait=whole)
    return render(request, "dashboard/today.html", _head(workspace_id, principal) | {"widgets": frames})


@require_safe
@_member_page
def head(request: HttpRequest, workspace_id: UUID, principal: Principal) -> HttpResponse:
    """The sentence and what waits, asked for again every few seconds."""
    return fragment(request, "dashboard/_head.html", _head(workspace_id, principal))


@require_safe
@_member_page
def part(request: HttpRequest, workspace_id: UUID, principal: Principal, name: str) -> HttpResponse:
    """One part of Today. A part that fails answers 500, so that the page keeps what it shows and says how old it is."""
    try:
        widget = parts.named(name, principal)
    except NotFound as error:
        raise Http404 from error
    (shown,) = parts.drawn([widget], workspace_id, clock.now())
    response = fragment(request, "dashboard/_part.html", {"widget": shown})
    if shown["failed"]:
        response.status_code = 500
    return response


@require_safe
@_member_page
def work_rows(request: HttpRequest, workspace_id: UUID, principal: Principal) -> HttpResponse:
    """The work behind the numbers of Today, in one state."""
    state = request.GET.get("state", "")
    state = state if state in work.ORDERS else "done"
    try:
        order, rows = work.ORDERS[state], work.rows(state, clock.now())
        found, following = order.page(rows, request.GET.get("cursor", ""), WORK_SHOWN)
    except BadCursor as error:
        raise Http404 from error
    context = {"rows": [work.line(job) for job in found], "state": state, "states": work.ORDERS, "following": following}
    return render(request, "dashboard/work.html", context)


@require_safe
@_member_page
def status(request: HttpRequest, workspace_id: UUID, principal: Principal) -> HttpResponse:
    """What the dot in the header means: one sentence and one thing to do."""
    waiting = parts.needs(principal, workspace_id, clock.now())
    context = {"state": status_of(request), "need": waiting[0] if waiting else None}
    return fragment(request, "dashboard/_status.html", context)


@require_safe
@_member_page
def search(request: HttpRequest, workspace_id: UUID, principal: Principal) -> HttpResponse:
    """The palette as a page of its own."""
    return render(request, "dashboard/search.html", _found(request, principal))


@require_safe
@_member_page
def search_results(request: HttpRequest, workspace_id: UUID, principal: Principal) -> HttpResponse:
    """What fits, while somebody types."""
    return fragment(request, "dashboard/_results.html", _found(request, principal))


def _found(request: HttpRequest, principal: Principal) -> dict[str, Any]:
    text = request.GET.get("q", "").replace("\x00", "")[: palette.LONGEST]
    return {"q": text, "groups": palette.groups(principal, text, clock.now())}


@require_safe
@_member_page
def more(request: HttpRequest, workspace_id: UUID, principal: Principal) -> HttpResponse:
    """The rest of the places."""
    return render(request, "dashboard/more.html")
