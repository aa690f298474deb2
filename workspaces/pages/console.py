"""Operators' pages about one studio: all that the rooms show of it, and the way in."""

from typing import Any
from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from pilar.dashboard import console
from pilar.kernel import clock
from pilar.kernel.problems import NotFound, Problem
from workspaces import directory, support
from workspaces.pages.base import account_page, person_of


@require_safe
def studio(request: HttpRequest, workspace_id: UUID) -> HttpResponse:
    """One studio at a glance."""
    try:
        workspace = directory.get(workspace_id)
    except NotFound:
        messages.error(request, _("There is no such studio."))
        return redirect("admin:index")
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": workspace.name,
        "studio": workspace,
        "panels": console.of_studio(workspace_id),
    }
    return render(request, "admin/console/studio.html", context)


@require_POST
@reauthentication_required  # type: ignore[untyped-decorator]  # allauth carries no types
def enter(request: HttpRequest, workspace_id: UUID) -> HttpResponse:
    """Go into the studio, with a reason."""
    try:
        support.enter(
            session=request.session,
            operator=person_of(request),
            workspace_id=workspace_id,
            role=request.POST.get("role", ""),
            reason=request.POST.get("reason", "").replace("\x00", ""),
            now=clock.now(),
        )
    except Problem as problem:
        messages.error(request, problem.detail)
        return redirect("workspaces:console_studio", workspace_id)
    return redirect("dashboard:today")


@require_POST
@account_page
def leave(request: HttpRequest) -> HttpResponse:
    """End the visit and go back to the studio's page."""
    visited = request.session.get(support.SESSION_KEY)
    support.leave(session=request.session, operator=person_of(request))
    return redirect("workspaces:console_studio", visited["workspace"]) if visited else redirect("/")
