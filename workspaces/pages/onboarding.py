"""The onboarding: one page a step, saved as it goes, left and gone on with at will."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pilar.backplane.tenancy import savepoint
from pilar.kernel import clock
from pilar.kernel.principal import Role
from pilar.kernel.problems import Problem
from workspaces import directory, onboarding, studio
from workspaces.middleware import visit_of
from workspaces.models import Workspace
from workspaces.pages.base import actor_of, workspace_of, workspace_page
from workspaces.pages.forms import PaperForm
from workspaces.pages.onboarding_forms import DEFAULTS, WEEKDAYS, AddressForm, CoachForm, HoursForm, StudioForm

PAGES = {
    "studio": (gettext_lazy("Studio"), "workspaces:onboarding_studio"),
    "address": (gettext_lazy("Address"), "workspaces:onboarding_address"),
    "papers": (gettext_lazy("Papers"), "workspaces:papers"),
    "hours": (gettext_lazy("Opening hours"), "workspaces:onboarding_hours"),
    "coach": (gettext_lazy("Coach"), "workspaces:onboarding_coach"),
    "members": (gettext_lazy("Members"), "workspaces:onboarding_members"),
    "whatsapp": (gettext_lazy("WhatsApp"), "provisioning:whatsapp"),
    "test": (gettext_lazy("Test message"), "coach:own_phone"),
}
LIVE = "provisioning:live"
OPTIONAL = ("hours", "coach")
FORMS: dict[str, Callable[..., forms.Form]] = {
    "studio": StudioForm,
    "address": AddressForm,
    "hours": HoursForm,
    "coach": CoachForm,
}


def wizard(workspace: Workspace, current: str) -> dict[str, Any]:
    """Return what every page of the walk shows of it, seen from the step named `current`."""
    stands = onboarding.progress(workspace)
    place = stands.steps.index(current) if current in stands.steps else 0
    before, after = (stands.before(current), stands.after(current)) if current in stands.steps else ("", "")
    return {
        "steps": [
            {"name": PAGES[step][0], "url": reverse(PAGES[step][1]), "state": _state(step, current, stands)}
            for step in stands.steps
        ],
        "number": place + 1,
        "count": len(stands.steps),
        "back_url": reverse(PAGES[before][1]) if before else "",
        "next_url": reverse(PAGES[after][1] if after else LIVE),
    }


def _state(step: str, current: str, stands: onboarding.Progress) -> str:
    return "current" if step == current else "done" if step in stands.done else "todo"


@require_safe
@workspace_page(Role.ADMIN)
def start(request: HttpRequest) -> HttpResponse:
    """Go on where the studio left off, on whatever device."""
    stands = onboarding.progress(directory.get(workspace_of(request)))
    return redirect(PAGES[stands.next][1])


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page(Role.ADMIN)
def step(request: HttpRequest, name: str) -> HttpResponse:
    """One step with a form: its answers are checked when it is left."""
    workspace = directory.get(workspace_of(request))
    if request.method != "POST":
        return _shown(request, name, _form(request, name, workspace), workspace)
    if "skip" in request.POST and name in OPTIONAL:
        return _left(request, name, workspace, None)
    form = _form(request, name, workspace, _copied(request))
    if "copy" in request.POST:
        onboarding.keep(**_by(request), answers=_typed(form))
        # Shown from what came in, not from the draft: a save of the same moment may still be on its way.
        return _shown(request, name, FORMS[name](initial=_typed(form)), workspace)
    if not form.is_valid():
        onboarding.keep(**_by(request), answers=_typed(form))
        return _shown(request, name, form, workspace, status=422)
    return _left(request, name, workspace, form.cleaned_data)


def _form(request: HttpRequest, name: str, workspace: Workspace, data: Any = None) -> forms.Form:
    user = visit_of(request).user
    said = onboarding.known(workspace, email=user.email if user else "", name=user.name if user else "")
    initial = DEFAULTS | {key: value for key, value in said.items() if value != ""}
    extra = {"country": initial["country"]} if name == "address" else {}
    return FORMS[name](data, initial=initial, **extra)


def _copied(request: HttpRequest) -> Any:
    """The posted answers; with `copy` Monday's hours stand on every weekday."""
    data = request.POST.copy()
    if "copy" in data:
        for day in WEEKDAYS[1:]:
            for side in ("open", "from", "to", "from2", "to2"):
                data[f"{day}_{side}"] = data.get(f"mon_{side}", "")
    return data


def _typed(form: forms.Form) -> dict[str, str]:
    """What stands in the fields, right or wrong, without what no database keeps."""
    return {name: str(form.data.get(name, "")).replace("\x00", "") for name in form.fields}


def _by(request: HttpRequest) -> dict[str, Any]:
    return {"workspace_id": workspace_of(request), "actor": actor_of(request), "now": clock.now()}


def _left(request: HttpRequest, name: str, workspace: Workspace, answers: dict[str, Any] | None) -> HttpResponse:
    onboarding.finish(**_by(request), step=name, answers=answers)
    return redirect(wizard(directory.get(workspace.pk), name)["next_url"])


def _shown(
    request: HttpRequest, name: str, form: forms.Form, workspace: Workspace, *, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "step": name,
        "wizard": wizard(workspace, name),
        "save_url": reverse(f"workspaces:onboarding_{name}_save"),
        "may_skip": name in OPTIONAL,
    }
    return render(request, f"onboarding/{name}.html", context, status=status)


@require_POST
@workspace_page(Role.ADMIN)
def save(request: HttpRequest, name: str) -> HttpResponse:
    """Keep what is typed while it is typed, and say beside it what cannot stay so."""
    workspace = directory.get(workspace_of(request))
    form = _form(request, name, workspace, request.POST)
    answers = _typed(form)
    onboarding.keep(**_by(request), answers=answers)
    wrong = [
        {"label": form[field].label, "error": errors[0]}
        for field, errors in form.errors.items()
        if field in form.fields and answers.get(field)
    ]
    return render(request, "onboarding/_saved.html", {"wrong": wrong, "at": clock.now()})


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page(Role.ADMIN)
def papers(request: HttpRequest) -> HttpResponse:
    """The papers that a number needs."""
    if request.method == "POST" and "skip" in request.POST:
        onboarding.finish(**_by(request), step="papers")
        return redirect(PAGES["hours"][1])
    form = PaperForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            with savepoint():
                studio.add_document(
                    **_by(request), kind=given["kind"], filename=given["file"].name[:150], content=given["file"].read()
                )
        except Problem as problem:
            form.add_error("file", problem.detail)
        else:
            messages.success(request, _("The paper has arrived."))
            return redirect("workspaces:papers")
    return _papers(request, form, status=422 if form.is_bound else 200)


def _papers(request: HttpRequest, form: PaperForm, *, status: int) -> HttpResponse:
    workspace = directory.get(workspace_of(request))
    papers = studio.documents()
    context = {
        "form": form,
        "papers": papers,
        "lacks": onboarding.lacking_papers(workspace.country, papers),
        "is_german": workspace.country == "DE",
        "profile": studio.latest_profile(workspace.pk),
        "wizard": wizard(workspace, "papers"),
    }
    return render(request, "onboarding/papers.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page(Role.ADMIN)
def members(request: HttpRequest) -> HttpResponse:
    """The way to the import, and what consent means; or later."""
    workspace = directory.get(workspace_of(request))
    if request.method == "POST":
        return _left(request, "members", workspace, None)
    return render(request, "onboarding/members.html", {"wizard": wizard(workspace, "members")})
