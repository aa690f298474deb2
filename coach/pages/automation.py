"""Pages of the coach's settings, and what it will do next."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from coach import config, followups
from coach.pages.forms.automation import CoachForm
from coach.pages.forms.refusals import blame
from pilar.kernel import clock
from pilar.kernel.principal import Role
from pilar.kernel.problems import Problem
from workspaces.pages.base import actor_of, workspace_page


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page(Role.ADMIN)
def automation(request: HttpRequest) -> HttpResponse:
    """The coach's settings, and what it will do next."""
    mine = config.current()
    form = CoachForm(request.POST) if request.method == "POST" else CoachForm.of(mine)
    if request.method == "POST" and form.is_valid():
        try:
            config.save(changes=dict(form.cleaned_data), actor=actor_of(request))
        except Problem as problem:
            blame(form, problem)
        else:
            messages.success(request, _("Saved. The coach writes like this from now on."))
            return redirect("coach:automation")
    coming = followups.upcoming(now=clock.now(), limit=10)
    context = {
        "form": form,
        "enabled": mine.enabled,
        "next": [{"name": str(row.lead), "at": row.scheduled_at, "type": row.type} for row in coming],
    }
    return render(request, "coach/automation.html", context, status=400 if form.errors else 200)


@require_POST
@workspace_page(Role.ADMIN)
def pause(request: HttpRequest) -> HttpResponse:
    """Pause the coach, or let it go on."""
    paused = request.POST.get("paused") == "1"
    config.save(changes={"enabled": not paused}, actor=actor_of(request))
    messages.success(request, _("The coach is paused.") if paused else _("The coach goes on."))
    return redirect("coach:automation")
