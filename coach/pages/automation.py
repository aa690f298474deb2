"""Pages of the coach's settings: what it says and when, what comes next, and what would come."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from coach import approvals, config, followups, gates, planned, simulation
from coach.agent import writer
from coach.config import CoachSettings
from coach.pages.forms.automation import CoachForm, PauseForm
from coach.pages.forms.refusals import blame
from coach.pages.shown import automation as shown
from pilar.backplane.tenancy import atomic, current, savepoint
from pilar.kernel import clock
from pilar.kernel.principal import Role
from pilar.kernel.problems import Problem
from workspaces.models import Workspace
from workspaces.pages.base import actor_of, workspace_page

NEXT, LATER = 5, 15
TEMPLATE_MANAGER = "https://business.facebook.com/wa/manage/message-templates/"
"""Where Meta shows templates and takes appeals."""


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page(Role.ADMIN)
def automation(request: HttpRequest) -> HttpResponse:
    """The coach's settings, and what it will do next."""
    form = CoachForm(request.POST) if request.method == "POST" else CoachForm.of(config.current())
    if request.method == "POST" and form.is_valid():
        try:
            with savepoint():
                config.save(changes=dict(form.cleaned_data), actor=actor_of(request))
        except Problem as problem:
            blame(form, problem)
        else:
            messages.success(request, _("Saved. The coach writes like this from now on."))
            return redirect("coach:automation")
    return _page(request, form, config.current())


def _page(request: HttpRequest, form: CoachForm, settings: CoachSettings, *, is_trial: bool = False) -> HttpResponse:
    now, mine = clock.now(), config.current()
    found = simulation.week(settings, now=now)
    context = {
        "form": form,
        "enabled": mine.is_on(now),
        "connected": gates.is_connected(),
        "paused_until": mine.paused_until if mine.enabled and mine.pauses(now) else None,
        "pause_form": PauseForm(),
        **shown.coming(followups.upcoming(now=now, limit=NEXT + LATER), most=NEXT),
        **shown.approvals(approvals.templates()),
        "manager_url": TEMPLATE_MANAGER,
        **_week(settings, found, is_trial=is_trial),
    }
    return render(request, "coach/automation.html", context, status=400 if form.errors else 200)


def _week(settings: CoachSettings, found: simulation.Week, *, is_trial: bool) -> dict[str, Any]:
    return {
        "sentences": shown.sentences(settings),
        "picture": shown.week(settings, found),
        "week": shown.simulated(found),
        "is_trial": is_trial,
    }


@require_POST
@workspace_page(Role.ADMIN)
def simulate(request: HttpRequest) -> HttpResponse:
    """What would happen this week with settings that are not saved; asked by a part of the page, only that part."""
    form = CoachForm(request.POST)
    settings = _imagined(form)
    if settings is None:
        return _page(request, form, config.current())
    if request.htmx:  # type: ignore[attr-defined]
        found = simulation.week(settings, now=clock.now())
        return render(request, "coach/parts/week.html", _week(settings, found, is_trial=True))
    return _page(request, form, settings, is_trial=True)


def _imagined(form: CoachForm) -> CoachSettings | None:
    """The settings of the form; None when it says why they make no sense."""
    if form.is_valid():
        try:
            return config.imagined(changes=dict(form.cleaned_data))
        except Problem as problem:
            blame(form, problem)
    return None


@require_POST
@workspace_page(Role.ADMIN, atomic=False)
def example(request: HttpRequest) -> HttpResponse:
    """Let the AI write to an invented member with settings that are not saved. Sends nothing."""
    with atomic():
        settings = _imagined(CoachForm(request.POST))
        settings = settings or config.current()
    text, fallback = writer.sample(settings, now=clock.now())
    return render(request, "coach/parts/example.html", {"text": text, "fallback": fallback})


@require_POST
@workspace_page(Role.ADMIN)
def pause(request: HttpRequest) -> HttpResponse:
    """Pause the coach for a while or for good, or let it go on."""
    actor, now = actor_of(request), clock.now()
    if request.POST.get("paused") == "0":
        config.go_on(actor=actor)
        messages.success(request, _("The coach goes on."))
        return redirect("coach:automation")
    form = PauseForm(request.POST)
    try:
        with savepoint():
            if form.is_valid():
                until = form.until(now, ZoneInfo(Workspace.objects.get(pk=current()).timezone))
                config.pause(until=until, actor=actor, now=now)
                messages.success(request, _("The coach is paused."))
            else:
                messages.error(request, " ".join(str(error) for found in form.errors.values() for error in found))
    except Problem as problem:
        messages.error(request, problem.detail)
    return redirect("coach:automation")


@require_POST
@workspace_page(Role.ADMIN)
def followup_skip(request: HttpRequest, followup_id: UUID) -> HttpResponse:
    """Leave one planned message out."""
    followup = planned.skip(followup_id, actor=actor_of(request), now=clock.now())
    messages.success(request, _("%(name)s gets no message this time.") % {"name": followup.lead})
    return redirect("coach:automation")


@require_POST
@workspace_page(Role.ADMIN)
def followup_send(request: HttpRequest, followup_id: UUID) -> HttpResponse:
    """Send one planned message now, if nothing stands against it."""
    try:
        with savepoint():
            followup = planned.send_now(followup_id, actor=actor_of(request), now=clock.now())
    except Problem as problem:
        if problem.status == 404:
            raise
        messages.error(request, problem.detail)
    else:
        messages.success(request, _("The message to %(name)s is on its way.") % {"name": followup.lead})
    return redirect("coach:automation")
