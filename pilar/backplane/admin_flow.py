"""The operators' page of one studio in the engine: its share and limits, what holds it back, and its budgets."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from pilar.backplane import audit, budgets, confirmation, holds, rates, tenants
from pilar.backplane.admin_forms import LimitsForm, OverrideForm, PolicyForm, ProviderForm
from pilar.backplane.admin_pages import actor_of
from pilar.backplane.confirmation import About
from pilar.backplane.models import TenantProfile, Throttle
from pilar.backplane.readable import studio_names
from pilar.backplane.tenancy import atomic, savepoint, tenant
from pilar.backplane.tenants import Limits
from pilar.kernel import clock
from pilar.kernel.problems import Problem

FORMS: Mapping[str, type[forms.Form]] = {
    "limits": LimitsForm,
    "provider": ProviderForm,
    "policy": PolicyForm,
    "override": OverrideForm,
}


def flow(request: HttpRequest, workspace_id: UUID) -> HttpResponse:
    """Show how a studio's work flows, and change it. 404 for a studio that the engine was not told of."""
    what = request.POST.get("do", "")
    shown = {name: form(request.POST if name == what else None) for name, form in FORMS.items()}
    with tenant(workspace_id), atomic():
        profile = TenantProfile.objects.filter(pk=workspace_id).first()
        if profile is None:
            raise Http404
        answer = _change(request, workspace_id, what, shown.get(what)) if request.method == "POST" else None
        context = {
            "profile": profile,
            "lanes": tenants.limits_by_lane(),
            "throttles": list(Throttle.objects.order_by("provider")),
            "budgets": budgets.status(clock.now()),
            "uses": rates.standing(workspace_id, clock.now()),
            "forms": shown,
        }
    if answer is not None:
        return answer
    title = _("%(studio)s in the engine") % {"studio": _name(workspace_id)}
    return render(request, "admin/backplane/flow.html", {**admin.site.each_context(request), "title": title, **context})


def _name(workspace_id: UUID) -> str:
    return studio_names([workspace_id])[workspace_id]


def _change(request: HttpRequest, workspace_id: UUID, what: str, form: forms.Form | None) -> HttpResponse | None:
    """Do what was asked for, or ask back; None when a form is shown again with what is wrong."""
    here = reverse("admin:backplane_flow", args=[workspace_id])
    if form is not None and not form.is_valid():
        return None
    change = _action(what)
    asked = confirmation.ask(
        request,
        question=_QUESTIONS[what](),
        about=lambda: About(_wanted(request, form) or [_name(workspace_id)], _consequences(what)),
        carry={name: str(value) for name, value in request.POST.items() if name not in _OF_THE_PAGE},
        back=here,
    )
    if asked is not None:
        return asked.render()
    wanted = form.cleaned_data if form is not None else request.POST.dict()
    try:
        with confirmation.within_reason(request), savepoint():
            change(workspace_id, wanted, actor_of(request))
    except Problem as problem:
        if form is not None:
            form.add_error(None, problem.detail)
        return None
    messages.success(request, _("Saved."))
    return redirect(here)


_OF_THE_PAGE = ("csrfmiddlewaretoken", "confirmed", "reason")
_QUESTIONS: Mapping[str, Callable[[], str]] = {
    "limits": lambda: _("Change how much of the workers this studio may have?"),
    "provider": lambda: _("Limit how many jobs of this studio call this provider at once?"),
    "release": lambda: _("Let this studio call the provider again?"),
    "policy": lambda: _("Change what becomes of this studio's work over its budget?"),
    "override": lambda: _("Make this exception from the budget?"),
    "end_override": lambda: _("End this exception from the budget?"),
    "pause": lambda: _("Start no work of this studio until you resume it?"),
    "resume": lambda: _("Let this studio's work run again?"),
}


def _consequences(what: str) -> list[str]:
    """What happens then, where the question and what was filled in do not say it."""
    told = {
        "pause": _(
            "Nothing is sent or answered until then; what members write, a STOP too, is read afterwards. "
            "What runs now ends."
        ),
        "resume": _("All that is due begins at once, in the studio's share of turns."),
        "release": _("Jobs that wait for it run at once, although the provider may have asked for more time."),
        "override": _("It costs what is used. It holds instead of the limits of the day, the hour and the month."),
        "end_override": _("The plan's limits hold again at once; what is over them waits or is left out."),
    }
    return [told[what]] if what in told else []


def _wanted(request: HttpRequest, form: forms.Form | None) -> list[str]:
    """What was filled in or named, as the form says it."""
    if form is None:
        return [value for name in ("provider", "resource") if (value := request.POST.get(name, ""))]
    return [f"{field.label}: {field.value()}" for field in form if field.value()]


def _action(what: str) -> Callable[[UUID, dict[str, Any], str], None]:
    try:
        return _ACTIONS[what]
    except KeyError as error:
        raise Http404 from error


def _limits(workspace_id: UUID, wanted: dict[str, Any], actor: str) -> None:
    limits = Limits(wanted["weight"], wanted["max_running"], wanted["rate"], wanted["burst"])
    tenants.limit(workspace_id, limits, actor=actor, lane=wanted["lane"] or None)


def _provider(_workspace_id: UUID, wanted: dict[str, Any], actor: str) -> None:
    holds.limit(wanted["provider"], wanted["max_running"], actor=actor)


def _release(_workspace_id: UUID, wanted: dict[str, Any], actor: str) -> None:
    holds.release(str(wanted.get("provider", "")), actor=actor)


def _policy(_workspace_id: UUID, wanted: dict[str, Any], actor: str) -> None:
    budgets.choose(wanted["resource"], policy=wanted["policy"], hourly=wanted["hourly"], actor=actor)


def _override(_workspace_id: UUID, wanted: dict[str, Any], actor: str) -> None:
    budgets.override(
        wanted["resource"],
        daily=wanted["daily"],
        until=wanted["until"],
        actor=actor,
        reason=audit.reason(),
        now=clock.now(),
    )


def _end_override(_workspace_id: UUID, wanted: dict[str, Any], actor: str) -> None:
    budgets.end_override(str(wanted.get("resource", "")), actor=actor)


_ACTIONS: Mapping[str, Callable[[UUID, dict[str, Any], str], None]] = {
    "limits": _limits,
    "provider": _provider,
    "release": _release,
    "policy": _policy,
    "override": _override,
    "end_override": _end_override,
    "pause": lambda workspace_id, _wanted, actor: tenants.pause(workspace_id, actor=actor),
    "resume": lambda workspace_id, _wanted, actor: tenants.resume(workspace_id, actor=actor),
}
