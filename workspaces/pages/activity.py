"""What the autopilot did for the studio: the newest first, and the whole story behind each."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from pilar.api.pagination import Keyset
from pilar.dashboard import sentences, story
from pilar.kernel.principal import Role
from workspaces import trails
from workspaces.pages.autopilot_forms import TrailForm, kept_filters
from workspaces.pages.base import workspace_page

SHOWN = 30
NEWEST = Keyset("-at")


@require_safe
@workspace_page(Role.VIEWER)
def activity(request: HttpRequest) -> HttpResponse:
    """List what happened, with the way to each story."""
    form = TrailForm(request.GET)
    rows, following = NEWEST.page(trails.happenings(form.wanted()), request.GET.get("cursor", ""), SHOWN)
    whom = sentences.about(rows)
    found = [
        {"text": sentences.of(row), "about": whom.get(row.pk), "at": row.at, "story": row.correlation_id}
        for row in rows
    ]
    return render(
        request,
        "workspaces/activity.html",
        {"activities": found, "form": form, "kept": kept_filters(request), "following": following},
    )


@require_safe
@workspace_page(Role.VIEWER)
def thread(request: HttpRequest, correlation_id: UUID) -> HttpResponse:
    """Tell one story from what began it to the last message. 404 for an id under which the studio has nothing."""
    lines = story.tell(correlation_id)
    if not lines:
        raise Http404
    context = {"lines": lines[: story.SHOWN], "more": max(0, len(lines) - story.SHOWN)}
    return render(request, "workspaces/story.html", context)
