"""Exports and the proofs of erasures."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from coach import erasure, exports
from coach.models import MemberExport
from coach.pages.members import session_of
from pilar.kernel import clock
from pilar.kernel.principal import Role
from pilar.kernel.problems import NotFound
from pilar.ui.fragments import fragment
from workspaces.pages.base import actor_of, workspace_page


def _mine(request: HttpRequest, export_id: UUID) -> MemberExport:
    return exports.get(export_id, session=session_of(request), now=clock.now())


@require_safe
@workspace_page(Role.ADMIN)
def export(request: HttpRequest, export_id: UUID) -> HttpResponse:
    """Whether the file is ready."""
    return render(request, "coach/export.html", {"export": _mine(request, export_id)})


@require_safe
@workspace_page(Role.ADMIN)
def export_progress(request: HttpRequest, export_id: UUID) -> HttpResponse:
    """The part that is asked for every second."""
    found = _mine(request, export_id)
    return fragment(request, "coach/_export.html", {"export": found}, finished=found.ready_at is not None)


@require_safe
@workspace_page(Role.ADMIN)
def export_file(request: HttpRequest, export_id: UUID) -> HttpResponse:
    """The file itself, for the session that asked for it."""
    found = _mine(request, export_id)
    if found.content is None:
        raise NotFound
    exports.fetched(found, actor=actor_of(request))
    response = HttpResponse(bytes(found.content), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="members-{found.created_at:%Y-%m-%d}.zip"'
    return response


@require_safe
@workspace_page(Role.ADMIN)
def erased(request: HttpRequest, erasure_id: UUID) -> HttpResponse:
    """What was erased of a person, and when."""
    return render(request, "coach/erased.html", {"erasure": erasure.get(erasure_id)})


@require_safe
@workspace_page(Role.ADMIN)
def erased_progress(request: HttpRequest, erasure_id: UUID) -> HttpResponse:
    """The part that is asked for every second."""
    found = erasure.get(erasure_id)
    return fragment(request, "coach/_erased.html", {"erasure": found}, finished=found.finished_at is not None)
