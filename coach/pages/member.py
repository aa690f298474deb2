"""The page of one person, and what can be done there."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from coach import bulk, consents, erasure, exports, history, leads, planned, preferences
from coach.models import BulkAction, Conversation, Followup, Goal, Lead
from coach.pages.forms.members import ConsentForm, EditForm, GoalForm, PreferencesForm
from coach.pages.forms.refusals import blame
from coach.pages.forms.selection import Selection
from coach.pages.members import say_done, session_of
from coach.pages.shown import people as shown
from coach.pages.shown import story
from pilar.backplane.tenancy import savepoint
from pilar.kernel import clock
from pilar.kernel.principal import Role
from pilar.kernel.problems import Conflict, NotFound, Problem
from workspaces.pages.base import actor_of, workspace_page

NEXT = 5


@require_safe
@workspace_page(Role.VIEWER)
def member(request: HttpRequest, lead_id: UUID) -> HttpResponse:
    """One person: what they agreed to, how they want it, what comes next, and what was."""
    lead, now = leads.get(lead_id), clock.now()
    return render(request, "coach/member.html", _page(lead, now, before=_instant(request.GET.get("before", ""))))


def _page(lead: Lead, now: datetime, *, before: datetime | None = None, **forms: Any) -> dict[str, Any]:
    row = shown.with_contacts(Lead.objects.filter(pk=lead.pk)).get()
    entries, older = history.page(lead, before=before)
    coming = Followup.objects.filter(lead=lead, status=Followup.Status.PENDING).order_by("scheduled_at")[:NEXT]
    wishes = preferences.of(lead)
    return {
        "member": shown.member(row, now=now),
        "consents": [shown.consent(entry) for entry in lead.consents.order_by("-id")],
        "coming": coming,
        "entries": story.all_told(entries),
        "older_url": f"?before={older.isoformat().replace('+', '%2B')}" if older else "",
        "weeks": shown.weeks(history.dots(lead, now=now)),
        "goals": Goal.objects.filter(lead=lead).order_by("pk"),
        "consent_form": forms.get("consent_form") or ConsentForm(),
        "preferences_form": forms.get("preferences_form") or PreferencesForm.of(wishes),
        "goal_form": forms.get("goal_form") or GoalForm(),
    }


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page(Role.COACH)
def member_edit(request: HttpRequest, lead_id: UUID) -> HttpResponse:
    """Change what is known of a person; the number stays, because another number is another contact."""
    lead = leads.get(lead_id)
    form = EditForm(request.POST) if request.method == "POST" else EditForm.of(lead)
    if request.method == "POST" and form.is_valid():
        try:
            with savepoint():
                leads.change(lead, form.changes(), actor=actor_of(request))
        except Problem as problem:
            blame(form, problem)
        else:
            messages.success(request, _("Saved."))
            return redirect("coach:member", lead.pk)
    context = {"form": form, "lead": lead}
    return render(request, "coach/member_edit.html", context, status=400 if form.errors else 200)


@require_POST
@workspace_page(Role.COACH)
def member_write(request: HttpRequest, lead_id: UUID) -> HttpResponse:
    """Open the chat with a person, also the first time."""
    return redirect("coach:chat", leads.conversation_of(leads.get(lead_id)).pk)


@require_POST
@workspace_page(Role.COACH)
def member_pause(request: HttpRequest, lead_id: UUID) -> HttpResponse:
    """Write nothing by ourselves until a day, or go on."""
    lead, chosen, now = leads.get(lead_id), Selection.of(request.POST), clock.now()
    kind = BulkAction.Kind.RESUME if request.POST.get("go_on") == "1" else BulkAction.Kind.PAUSE
    try:
        with savepoint():
            action = bulk.start(kind=kind, targets=[lead.pk], until=chosen.until, actor=actor_of(request), now=now)
    except Problem as problem:
        messages.error(request, problem.detail)
        return redirect("coach:member", lead.pk)
    return say_done(request, action, reverse("coach:member", args=[lead.pk]))


@require_POST
@workspace_page(Role.COACH)
def consent_add(request: HttpRequest, lead_id: UUID) -> HttpResponse:
    """Record a consent with its proof."""
    lead, now, form = leads.get(lead_id), clock.now(), ConsentForm(request.POST)
    if form.is_valid():
        try:
            with savepoint():
                leads.add_consent(lead, form.consent(), actor=actor_of(request), now=now)
        except Problem as problem:
            blame(form, problem)
        else:
            messages.success(request, _("The consent is on record."))
            return redirect("coach:member", lead.pk)
    return render(request, "coach/member.html", _page(lead, now, consent_form=form), status=400)


@require_POST
@workspace_page(Role.COACH)
def consent_withdraw(request: HttpRequest, lead_id: UUID, consent_id: UUID) -> HttpResponse:
    """Note that a consent was taken back."""
    lead = leads.get(lead_id)
    leads.withdraw_consent(lead, consent_id, actor=actor_of(request), now=clock.now())
    messages.success(request, _("Withdrawn. What was planned on this consent is cancelled."))
    return redirect("coach:member", lead.pk)


@require_POST
@workspace_page(Role.COACH)
def preferences_save(request: HttpRequest, lead_id: UUID) -> HttpResponse:
    """Keep how a person wants to be coached."""
    lead, now, form = leads.get(lead_id), clock.now(), PreferencesForm(request.POST)
    if form.is_valid():
        try:
            with savepoint():
                preferences.change(lead, form.preferences(), actor=actor_of(request), now=now)
        except Problem as problem:
            blame(form, problem)
        else:
            messages.success(request, _("Saved. The next message is planned by it."))
            return redirect("coach:member", lead.pk)
    return render(request, "coach/member.html", _page(lead, now, preferences_form=form), status=400)


@require_POST
@workspace_page(Role.COACH)
def goal_add(request: HttpRequest, lead_id: UUID) -> HttpResponse:
    """Note a goal."""
    lead, now, form = leads.get(lead_id), clock.now(), GoalForm(request.POST)
    if form.is_valid():
        try:
            with savepoint():
                preferences.add_goal(lead, **form.cleaned_data, actor=actor_of(request))
        except Problem as problem:
            blame(form, problem)
        else:
            return redirect("coach:member", lead.pk)
    return render(request, "coach/member.html", _page(lead, now, goal_form=form), status=400)


@require_POST
@workspace_page(Role.COACH)
def goal_drop(request: HttpRequest, lead_id: UUID, goal_id: UUID) -> HttpResponse:
    """Take a goal off the list."""
    preferences.drop_goal(leads.get(lead_id), goal_id, actor=actor_of(request))
    return redirect("coach:member", lead_id)


@require_POST
@workspace_page(Role.COACH)
def followup_skip(request: HttpRequest, lead_id: UUID, followup_id: UUID) -> HttpResponse:
    """Leave one planned message out."""
    if not Followup.objects.filter(pk=followup_id, lead=leads.get(lead_id)).exists():
        raise NotFound
    try:
        with savepoint():
            planned.skip(followup_id, actor=actor_of(request), now=clock.now())
    except Conflict as problem:
        messages.error(request, problem.detail)
    else:
        messages.success(request, _("Left out. The coach goes on with the next one."))
    return redirect("coach:member", lead_id)


@require_POST
@workspace_page(Role.ADMIN)
def member_export(request: HttpRequest, lead_id: UUID) -> HttpResponse:
    """Have everything we know of a person written into a file."""
    lead, now = leads.get(lead_id), clock.now()
    export = exports.request(lead_ids=[lead.pk], session=session_of(request), actor=actor_of(request), now=now)
    return redirect("coach:export", export.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page(Role.ADMIN)
def member_erase(request: HttpRequest, lead_id: UUID) -> HttpResponse:
    """Say what erasing does; do it when it is confirmed."""
    lead = leads.get(lead_id)
    if request.method == "POST":
        proof = erasure.erase(lead, actor=actor_of(request), now=clock.now())
        return redirect("coach:erased", proof.pk)
    said = Conversation.objects.filter(lead=lead).exists()
    return render(request, "coach/member_erase.html", {"lead": lead, "said": said, "standing": consents.standing(lead)})
