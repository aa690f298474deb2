"""Pages of the saved replies."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from coach import desk
from coach.models import SavedReply
from coach.pages.forms.refusals import blame
from coach.pages.forms.replies import SavedReplyForm
from pilar.backplane.tenancy import savepoint
from pilar.kernel.principal import Role
from pilar.kernel.problems import Problem
from workspaces.pages.base import actor_of, workspace_page


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page(Role.COACH)
def replies(request: HttpRequest) -> HttpResponse:
    """All saved replies, and a form for a further one."""
    return _edited(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page(Role.COACH)
def reply(request: HttpRequest, reply_id: UUID) -> HttpResponse:
    """Change one saved reply."""
    return _edited(request, desk.get_reply(reply_id))


def _edited(request: HttpRequest, row: SavedReply | None) -> HttpResponse:
    initial = {"title": row.title, "body": row.body} if row else None
    form = SavedReplyForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            with savepoint():
                desk.save_reply(title=data["title"], body=data["body"], actor=actor_of(request), reply=row)
        except Problem as problem:
            blame(form, problem)
        else:
            messages.success(request, _("Saved."))
            return redirect("coach:replies")
    context = {"form": form, "editing": row, "replies": desk.saved_replies()}
    return render(request, "coach/replies.html", context, status=400 if form.errors else 200)


@require_POST
@workspace_page(Role.COACH)
def reply_remove(request: HttpRequest, reply_id: UUID) -> HttpResponse:
    """Throw a saved reply away."""
    desk.remove_reply(desk.get_reply(reply_id), actor=actor_of(request))
    messages.success(request, _("The saved reply is gone."))
    return redirect("coach:replies")
