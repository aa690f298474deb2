"""Pages on which the studio tells us about itself."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from pilar.kernel import clock
from pilar.kernel.principal import Role
from pilar.kernel.problems import Problem
from workspaces import directory, studio
from workspaces.middleware import visit_of
from workspaces.models import StudioDocument
from workspaces.pages.base import actor_of, workspace_of, workspace_page
from workspaces.pages.forms import PaperForm, StudioForm, filled

PROOFS = {"DE": (StudioDocument.Kind.REGISTER_EXTRACT, StudioDocument.Kind.ADDRESS_PROOF)}
"""What a country's regulator wants to see before a number is given out (providers.md section 2)."""


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page(Role.ADMIN)
def details(request: HttpRequest) -> HttpResponse:
    """The studio's particulars."""
    workspace_id = workspace_of(request)
    if request.method != "POST":
        user = visit_of(request).user
        known = filled(directory.get(workspace_id), studio.latest_profile(workspace_id), user.email if user else "")
        return _studio(request, StudioForm(initial=known))
    form = StudioForm(request.POST)
    if not form.is_valid():
        return _studio(request, form, status=422)
    studio.complete(workspace_id=workspace_id, actor=actor_of(request), now=clock.now(), **form.answers())
    messages.success(request, _("Saved. The set-up goes on with it."))
    return redirect("workspaces:papers")


def _studio(request: HttpRequest, form: StudioForm, *, status: int = 200) -> HttpResponse:
    return render(request, "onboarding/studio.html", {"form": form, "steps": wizard("studio")}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page(Role.ADMIN)
def papers(request: HttpRequest) -> HttpResponse:
    """The papers that a number needs."""
    form = PaperForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            studio.add_document(
                workspace_id=workspace_of(request),
                kind=given["kind"],
                filename=given["file"].name[:150],
                content=given["file"].read(),
                actor=actor_of(request),
                now=clock.now(),
            )
        except Problem as problem:
            form.add_error("file", problem.detail)
        else:
            messages.success(request, _("The paper has arrived."))
            return redirect("workspaces:papers")
    return _papers(request, form, status=422 if form.is_bound else 200)


def _papers(request: HttpRequest, form: PaperForm, *, status: int) -> HttpResponse:
    country = directory.get(workspace_of(request)).country
    context = {"form": form, "papers": _shown(country), "country": country, "steps": wizard("papers")}
    return render(request, "onboarding/papers.html", context, status=status)


def _shown(country: str) -> list[dict[str, Any]]:
    mine = studio.documents()
    kinds = {document.kind for document in mine}
    missing = [kind for kind in PROOFS.get(country, ()) if kind not in kinds]
    return [{"kind": kind, "name": kind.label, "state": "missing"} for kind in missing] + [
        {
            "kind": document.kind,
            "name": f"{document.get_kind_display()} ({document.filename})",
            "state": "uploaded",
            "uploaded_at": document.uploaded_at,
        }
        for document in mine
    ]


def wizard(current: str) -> list[dict[str, Any]]:
    """Return the pages of the onboarding in their order, seen from the page named `current`."""
    names = {
        "studio": (_("Studio"), "workspaces:onboarding"),
        "papers": (_("Papers"), "workspaces:papers"),
        "whatsapp": (_("WhatsApp"), "provisioning:whatsapp"),
    }
    order = list(names)
    return [
        {"name": name, "url": reverse(route), "state": _state(order.index(key), order.index(current))}
        for key, (name, route) in names.items()
    ]


def _state(position: int, current: int) -> str:
    return "current" if position == current else "done" if position < current else "todo"
