"""The list of members: searched, narrowed, saved as segments, and changed together."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from coach import bulk, exports, leads, roster
from coach.leads import AlreadyThere
from coach.models import BulkAction, Lead
from coach.pages.forms.members import MemberForm
from coach.pages.forms.refusals import blame
from coach.pages.forms.selection import ErasureForm, Selection
from coach.pages.shown import lists
from coach.pages.shown import people as shown
from coach.roster import Filter
from pilar.api.pagination import Keyset
from pilar.backplane.tenancy import savepoint
from pilar.kernel import clock
from pilar.kernel.principal import Role
from pilar.kernel.problems import Conflict, Forbidden, Problem
from pilar.ui import toasts
from pilar.ui.fragments import fragment
from workspaces.pages.base import actor_of, workspace_page

PAGE = 50


@require_safe
@workspace_page(Role.VIEWER)
def member_list(request: HttpRequest) -> HttpResponse:
    """The people that fit the filter, fifty at a time."""
    wanted, now = Filter.of(request.GET.dict()), clock.now()
    rows = shown.with_contacts(roster.rows(wanted, now=now))
    found, cursor = Keyset(roster.SORTS[wanted.sort]).page(rows, request.GET.get("cursor", ""), PAGE)
    counts = roster.counts(wanted, now=now)
    context = {
        "members": [shown.member(row, now=now) for row in found],
        "filter": wanted,
        "query": urlencode(wanted.query()),
        "next_url": "?" + urlencode(wanted.query() | {"cursor": cursor}) if cursor else "",
        "chips": lists.chips(wanted, counts),
        "groups": lists.groups(wanted, counts),
        "sorts": lists.sorts(wanted),
        "segments": lists.segments(wanted, roster.segments()),
        "matching": roster.rows(wanted, now=now).count() if wanted.is_narrow else counts.total,
        "room": lists.room(None if wanted.q else counts.total),
    }
    return render(request, "coach/members.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page(Role.COACH)
def member_add(request: HttpRequest) -> HttpResponse:
    """Add a member, with the consent the studio holds."""
    studio = request.workspace  # type: ignore[attr-defined]
    form = MemberForm(request.POST or None, initial={"language": studio.language, "timezone": studio.timezone})
    known: Lead | None = None
    if request.method == "POST" and form.is_valid():
        try:
            with savepoint():
                lead = leads.add(form.lead(), actor=actor_of(request), source="dashboard", now=clock.now())
        except Problem as problem:
            blame(form, problem)
            known = problem.lead if isinstance(problem, AlreadyThere) else None
        else:
            messages.success(request, _("%(name)s was added.") % {"name": lead.name})
            return redirect("coach:member", lead.pk)
    context = {"form": form, "known": known, "room": lists.room()}
    return render(request, "coach/member_form.html", context, status=400 if form.errors else 200)


@require_POST
@workspace_page(Role.COACH)
def member_bulk(request: HttpRequest) -> HttpResponse:
    """Do something to the chosen people. Erasing asks once more, by the number of people."""
    chosen, now = Selection.of(request.POST), clock.now()
    targets = chosen.lead_ids(now=now)
    if chosen.kind in (BulkAction.Kind.EXPORT, BulkAction.Kind.ERASE) and not request.principal.at_least(Role.ADMIN):  # type: ignore[attr-defined]
        raise Forbidden(_("Only admins may export or erase members."))
    back = reverse("coach:members") + (f"?{chosen.query}" if chosen.query else "")
    try:
        if chosen.kind == BulkAction.Kind.EXPORT:
            export = exports.request(lead_ids=targets, session=session_of(request), actor=actor_of(request), now=now)
            return redirect("coach:export", export.pk)
        if (
            chosen.kind == BulkAction.Kind.ERASE
            and targets
            and not ErasureForm(request.POST, people=len(targets)).is_valid()
        ):
            return _ask_again(request, chosen, targets)
        with savepoint():
            action = bulk.start(
                kind=chosen.kind, targets=targets, tag=chosen.tag, until=chosen.until, actor=actor_of(request), now=now
            )
    except Problem as problem:
        messages.error(request, problem.detail)
        return redirect(back)
    return say_done(request, action, back)


def _ask_again(request: HttpRequest, chosen: Selection, targets: list[UUID]) -> HttpResponse:
    tried = request.POST if "typed" in request.POST else None
    form = ErasureForm(tried, people=len(targets))
    names = Lead.objects.filter(pk__in=targets[:10]).values_list("name", flat=True)
    context = {"form": form, "targets": targets, "names": list(names), "query": chosen.query}
    return render(request, "coach/members_erase.html", context, status=400 if form.errors else 200)


def say_done(request: HttpRequest, action: BulkAction, back: str) -> HttpResponse:
    """Say what was done, with the way back while there is one; a large one is watched on a page of its own."""
    if action.status == BulkAction.Status.RUNNING:
        return redirect("coach:action", action.pk)
    text = lists.done(action)
    if bulk.is_undoable(action, now=clock.now()):
        toasts.undoable(request, text, url=reverse("coach:action_undo", args=[action.pk]))
    elif not action.changed:
        messages.info(request, text)
    else:
        messages.success(request, text)
    return redirect(back)


def session_of(request: HttpRequest) -> str:
    """Return the secret of the browser's session, made when there is none yet."""
    if not request.session.session_key:
        request.session.create()
    return str(request.session.session_key)


@require_safe
@workspace_page(Role.VIEWER)
def action(request: HttpRequest, action_id: UUID) -> HttpResponse:
    """How far a change to many people has got."""
    return render(request, "coach/action.html", _progress(action_id))


@require_safe
@workspace_page(Role.VIEWER)
def action_progress(request: HttpRequest, action_id: UUID) -> HttpResponse:
    """The part of it that is asked for every second."""
    context = _progress(action_id)
    return fragment(request, "coach/_action.html", context, finished=not context["running"])


def _progress(action_id: UUID) -> dict[str, object]:
    found = bulk.get(action_id)
    running = found.status == BulkAction.Status.RUNNING
    undoable = bulk.is_undoable(found, now=clock.now())
    return {"action": found, "running": running, "undoable": undoable, "text": "" if running else lists.done(found)}


@require_POST
@workspace_page(Role.COACH)
def action_undo(request: HttpRequest, action_id: UUID) -> HttpResponse:
    """Put back what was changed."""
    try:
        with savepoint():
            bulk.undo(action_id, actor=actor_of(request), now=clock.now())
    except Conflict as problem:
        messages.error(request, problem.detail)
    else:
        messages.success(request, _("Undone. Everything is as it was before."))
    return redirect("coach:members")


@require_POST
@workspace_page(Role.COACH)
def segment_save(request: HttpRequest) -> HttpResponse:
    """Keep the filter under a name."""
    wanted = Filter.of(request.POST.dict())
    try:
        with savepoint():
            roster.save_segment(name=request.POST.get("name", ""), wanted=wanted, actor=actor_of(request))
    except Problem as problem:
        messages.error(request, problem.detail)
    return redirect(f"{reverse('coach:members')}?{urlencode(wanted.query())}")


@require_POST
@workspace_page(Role.COACH)
def segment_delete(request: HttpRequest, segment_id: UUID) -> HttpResponse:
    """Forget a saved filter."""
    roster.delete_segment(segment_id, actor=actor_of(request))
    messages.success(request, _("The saved filter is deleted. The members in it stay."))
    return redirect("coach:members")
