"""Pages of the operators: the queue as it is now, one job, replays, and one correlation id."""

import hashlib
import json
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pilar.backplane import audit, confirmation, console, dead_letters, estimates, events, jobs, queue_now, timeline
from pilar.backplane.admin_forms import PayloadForm, ReplayForm
from pilar.backplane.confirmation import About
from pilar.backplane.models import AutopilotJob, JobAttempt, JobHistory
from pilar.backplane.models.work import JobStatus
from pilar.backplane.readable import studio_names
from pilar.backplane.tenancy import all_tenants, atomic, tenant
from pilar.kernel.ids import uuid7
from pilar.kernel.problems import Problem

REFRESH_SECONDS = 5


def actor_of(request: HttpRequest) -> str:
    """Say in the trail who did it."""
    return f"operator:{request.user.pk}"


def page(request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
    """Draw one of the pages below the tabs."""
    return render(
        request,
        f"admin/backplane/{template}.html",
        {**admin.site.each_context(request), "title": title, "here": template, **context},
    )


def queue(request: HttpRequest) -> HttpResponse:
    """Show the queue of all studios. The page asks for its changing part every few seconds."""
    with all_tenants("operators look at the queue of all studios"):
        now = queue_now.read()
    names = studio_names(now.studios)
    return page(request, "queue", _("The queue now"), queue=now, studios=names, every=REFRESH_SECONDS)


def queue_part(request: HttpRequest) -> HttpResponse | None:
    """The changing part alone, or 304 when nothing of it has changed."""
    with all_tenants("operators look at the queue of all studios"):
        now = queue_now.read()
    response = render(request, "admin/backplane/_queue.html", {"queue": now, "studios": studio_names(now.studios)})
    etag = '"' + hashlib.sha256(response.content).hexdigest()[:32] + '"'
    response["ETag"], response["Cache-Control"] = etag, "private, no-cache"
    return get_conditional_response(request, etag=etag, response=response)


def thread(request: HttpRequest, workspace_id: UUID, correlation_id: UUID) -> HttpResponse:
    """Show, in order, what one studio has under a correlation id. 404 when that is nothing."""
    with tenant(workspace_id):
        entries = timeline.read(correlation_id)
    if not entries:
        raise Http404
    return page(
        request, "timeline", _("Timeline"), entries=entries, correlation_id=correlation_id, workspace_id=workspace_id
    )


def job(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show one job with every attempt, and what can be done with it."""
    with all_tenants("operators look at a job of any studio"), atomic():
        live = AutopilotJob.objects.filter(public_id=public_id).first()
        found = live or JobHistory.objects.filter(public_id=public_id).first()
    if found is None:
        raise Http404
    form = PayloadForm(
        request.POST if request.POST.get("do") == "mend" else None,
        initial={"payload": json.dumps(found.payload, indent=2, ensure_ascii=False, sort_keys=True)},
    )
    if request.method == "POST":
        answer = _change(request, found, form)
        if answer is not None:
            return answer
    with tenant(found.workspace_id):
        tried = jobs.attempts(public_id)
    state = JobStatus(found.status)
    shown = [one | {"ending": _ENDINGS.get(one["outcome"], one["outcome"])} for one in tried]
    context = {"job": found, "state": state, "lane": console.lanes.word(found.lane), "attempts": shown, "form": form}
    title = _("Job %(type)s") % {"type": found.type}
    return page(request, "job", title, is_dead=state is JobStatus.DEAD, is_live=live is not None, **context)


_ENDINGS: dict[str, Any] = dict(JobAttempt.Outcome.choices) | {one.name.lower(): one.label for one in JobStatus}
"""How an attempt ended, in words: a failed one by its own, the last one by the state of its job."""
_QUESTIONS: dict[str, Callable[[], str]] = {
    "retry": lambda: _("Run this job again?"),
    "mend": lambda: _("Run this job again with the changed payload?"),
    "discard": lambda: _("Discard this job for good?"),
    "cancel": lambda: _("Cancel this job?"),
}


def _change(request: HttpRequest, found: AutopilotJob | JobHistory, form: PayloadForm) -> HttpResponse | None:
    """Do what was asked for, or ask back; None when the page is shown again with what is wrong."""
    what = request.POST.get("do", "")
    if what not in _QUESTIONS:
        raise Http404
    if what == "mend" and not form.is_valid():
        return None
    here = reverse("admin:backplane_job", args=[found.public_id])
    carry = {"do": what, "payload": request.POST.get("payload", "")}
    asked = confirmation.ask(
        request, question=_QUESTIONS[what](), about=partial(_about, what, found), carry=carry, back=here
    )
    if asked is not None:
        return asked.render()
    try:
        with confirmation.within_reason(request), tenant(found.workspace_id), atomic():
            _carry_out(what, found.public_id, form, actor_of(request))
    except Problem as problem:
        wrong = "; ".join(f"{name}: {text}" for name, text in problem.fields.items())
        messages.warning(request, f"{problem.detail} {wrong}".strip())
        return None if what == "mend" else redirect(here)
    messages.success(request, _("Done."))
    return redirect(here)


def _about(what: str, found: AutopilotJob | JobHistory) -> About:
    """What running it takes; an end needs no estimate."""
    if what not in ("retry", "mend"):
        return About([found.type])
    with tenant(found.workspace_id):
        return About([found.type], estimates.told(estimates.of({found.type: 1})))


def _carry_out(what: str, public_id: UUID, form: PayloadForm, actor: str) -> None:
    if what == "mend":
        dead_letters.mend(public_id, form.cleaned_data["payload"], actor=actor)
        return
    change, action = CHANGES[what]
    change(public_id)
    audit.record(actor, action, "job", public_id)


CHANGES: dict[str, tuple[Callable[[UUID], None], str]] = {
    "retry": (jobs.retry, "job.retried"),
    "discard": (jobs.discard, "job.discarded"),
    "cancel": (jobs.cancel, "job.cancelled"),
}
"""What operators do to one job, and how the trail calls it."""


def replay(request: HttpRequest) -> HttpResponse:
    """Hand one event, or those of a span of time, to one of their handlers again, after saying how many they are."""
    form = ReplayForm(request.POST or None, initial=request.GET.dict())
    if request.method == "POST" and form.is_valid():
        answer = _replay(request, form)
        if answer is not None:
            return answer
    return page(request, "replay", _("Replay events"), form=form)


def _replay(request: HttpRequest, form: ReplayForm) -> HttpResponse | None:
    wanted, back = form.cleaned_data, reverse("admin:backplane_replay")
    key = request.POST.get("key") or str(uuid7())
    try:
        with tenant(form.studio), atomic():
            count = 1 if wanted["event_id"] else len(events.between(form.event_type, **_span(form)))
            question = ngettext("Replay %(count)d event?", "Replay %(count)d events?", count) % {"count": count}
            carry = {name: request.POST.get(name, "") for name in form.fields} | {"key": key}
            asked = confirmation.ask(
                request,
                question=question,
                about=lambda: About([wanted["handler"]], estimates.told(estimates.of({wanted["handler"]: count}))),
                carry=carry,
                back=back,
            )
            if asked is not None:
                return asked.render()
            done = _hand_over(form, key)
            after = {"handler": wanted["handler"], "count": done}
            subject = wanted["event_id"] or form.event_type
            with confirmation.within_reason(request):
                audit.record(actor_of(request), "event.replayed", "event", subject, after=after)
    except Problem as problem:
        form.add_error(None, problem.detail)
        return None
    messages.success(
        request, ngettext("%(count)d event is replayed.", "%(count)d events are replayed.", done) % {"count": done}
    )
    return redirect(back)


def _hand_over(form: ReplayForm, key: str) -> int:
    wanted = form.cleaned_data
    if wanted["event_id"]:
        return int(events.replay(wanted["event_id"], wanted["handler"], key=key))
    return events.replay_range(form.event_type, wanted["handler"], key=key, **_span(form))


def _span(form: ReplayForm) -> dict[str, Any]:
    return {"since": form.cleaned_data["since"], "until": form.cleaned_data["until"]}
