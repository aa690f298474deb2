"""The operators' pages of work that gave up: by its cause, and all of one cause run again, mended or discarded."""

import json
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pilar.backplane import confirmation, dead_letters, estimates, queue_now
from pilar.backplane.admin_forms import ChangesForm
from pilar.backplane.admin_pages import CHANGES, actor_of, page
from pilar.backplane.confirmation import About
from pilar.backplane.dead_letters import PACE, Dead
from pilar.backplane.readable import studio_names
from pilar.backplane.tenancy import PLATFORM, all_tenants, tenant

LONGEST = 200
"""Characters of a payload that a preview shows."""


def dead(request: HttpRequest) -> HttpResponse:
    """Show the dead jobs of all studios by their cause; those of one cause are run again or discarded together."""
    if request.method == "POST":
        return _change_many(request)
    with all_tenants("operators look at dead letters of all studios"):
        causes = queue_now.dead_by_cause()
    return page(request, "dead", _("Dead letters"), causes=causes, most=dead_letters.MOST, pace=PACE)


def _change_many(request: HttpRequest) -> HttpResponse:
    what, name, cause = (request.POST.get(key, "") for key in ("do", "type", "cause"))
    if what not in ("retry", "discard") or not name:
        raise Http404

    def about() -> About:
        found = dead_letters.of_cause(name, cause)
        told = [*_about(found), *(_told(name, len(found)) if what == "retry" else ())]
        names = studio_names(one.workspace_id for one in found)
        return About([f"{names[one.workspace_id]}: {_short(one.payload)}" for one in found], told)

    asked = confirmation.ask(
        request,
        question=_("Run these jobs again?") if what == "retry" else _("Discard these jobs for good?"),
        about=about,
        carry={"do": what, "type": name, "cause": cause},
        back=reverse("admin:backplane_dead"),
    )
    if asked is not None:
        return asked.render()
    change = dead_letters.retry if what == "retry" else dead_letters.discard
    _one, action = CHANGES[what]
    return _done(request, partial(dead_letters.everywhere, change, action), name, cause)


def mend(request: HttpRequest) -> HttpResponse:
    """Set fields of the payloads of all dead jobs of one cause anew and run them again, after showing what changes."""
    name, cause = request.GET.get("type", ""), request.GET.get("cause", "")
    form = ChangesForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _mend(request, name, cause, form.cleaned_data["changes"])
    found = dead_letters.of_cause(name, cause)
    if not found:
        return redirect("admin:backplane_dead")
    example = json.dumps(found[0].payload, indent=2, ensure_ascii=False, sort_keys=True)
    context = {"type": name, "cause": cause, "facts": _about(found), "example": example, "form": form}
    return page(request, "mend", _("Change and run again"), **context)


def _mend(request: HttpRequest, name: str, cause: str, changes: dict[str, Any]) -> HttpResponse:
    def about() -> About:
        fitting = dead_letters.of_cause(name, cause, changes)
        told = [*_about(fitting), *_left(dead_letters.count(name, cause) - len(fitting)), *_told(name, len(fitting))]
        names = studio_names(one.workspace_id for one in fitting)
        return About([f"{names[one.workspace_id]}: {_difference(one.payload, changes)}" for one in fitting], told)

    asked = confirmation.ask(
        request,
        question=_("Run these jobs again with the changed payload?"),
        about=about,
        carry={"changes": request.POST["changes"]},
        back=request.get_full_path(),
    )
    if asked is not None:
        return asked.render()
    change = dead_letters.mending(changes, actor=actor_of(request))
    return _done(request, partial(dead_letters.everywhere, change, "job.retried", changes=changes), name, cause)


def _done(request: HttpRequest, everywhere: partial[int], name: str, cause: str) -> HttpResponse:
    with confirmation.within_reason(request):
        count = everywhere(name=name, cause=cause, actor=actor_of(request))
    text = ngettext("%(count)d job was changed.", "%(count)d jobs were changed.", count) % {"count": count}
    messages.success(request, text)
    return redirect("admin:backplane_dead")


def _about(found: list[Dead]) -> list[str]:
    jobs = ngettext("%(count)d job", "%(count)d jobs", len(found)) % {"count": len(found)}
    studios = len({one.workspace_id for one in found})
    of = ngettext("of %(count)d studio", "of %(count)d studios", studios) % {"count": studios}
    return [f"{jobs} {of}"]


def _left(others: int) -> list[str]:
    text = ngettext(
        "%(count)d other stays as it is: it does not fit its type with that, or comes with the next %(most)d.",
        "%(count)d others stay as they are: they do not fit their type with that, or come with the next %(most)d.",
        others,
    )
    return [text % {"count": others, "most": dead_letters.MOST}] if others else []


def _told(name: str, count: int) -> list[str]:
    with tenant(PLATFORM):
        return estimates.told(estimates.of({name: count}, pace=PACE))


def _short(payload: dict[str, Any]) -> str:
    return json.dumps(payload, ensure_ascii=False, sort_keys=True)[:LONGEST]


def _difference(payload: dict[str, Any], changes: dict[str, Any]) -> str:
    """Name what would be another value, before and after."""
    changed = [name for name, value in changes.items() if payload.get(name) != value or name not in payload]
    told = (f"{name}: {_value(payload.get(name))} → {_value(changes[name])}" for name in changed)
    return ", ".join(told) or _("stays as it is")


def _value(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:LONGEST]
