"""Today: what the autopilot did, what it does next, what it needs from the studio."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_safe

from pilar.backplane.tenancy import atomic, tenant
from pilar.dashboard import parts
from pilar.kernel import clock
from pilar.kernel.principal import Principal, Role
from pilar.ui.fragments import fragment

View = Callable[[HttpRequest, UUID], HttpResponse]


def _member_page(view: View) -> Callable[[HttpRequest], HttpResponse]:
    """Members only. `request.principal` comes from the room above, which knows people and studios."""

    @wraps(view)
    def inner(request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        principal: Principal = request.principal  # type: ignore[attr-defined]
        if principal.workspace_id is None:
            return HttpResponseRedirect("/admin/" if principal.role is Role.OPERATOR else "/checkout")
        with tenant(principal.workspace_id), atomic():
            response = view(request, principal.workspace_id)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    inner.page_role = Role.VIEWER  # type: ignore[attr-defined]  # read by the guard over all routes
    return inner


def _context(workspace_id: UUID) -> dict[str, Any]:
    drawn = parts.today_parts(workspace_id, clock.now())
    return {"widgets": drawn, "needs_me": parts.needs_me(drawn), "sentence": parts.sentence(drawn)}


@require_safe
@_member_page
def today(request: HttpRequest, workspace_id: UUID) -> HttpResponse:
    """The first page of every day."""
    return render(request, "dashboard/today.html", _context(workspace_id))


@require_safe
@_member_page
def widgets(request: HttpRequest, workspace_id: UUID) -> HttpResponse:
    """The parts alone, asked for every few seconds."""
    return fragment(request, "dashboard/_widgets.html", _context(workspace_id))


@require_safe
@_member_page
def more(request: HttpRequest, workspace_id: UUID) -> HttpResponse:
    """The rest of the places."""
    return render(request, "dashboard/more.html")
