"""Members from a file: upload, look at it, take it over, watch it, keep the report."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from coach import imports, tables
from coach.models import MemberImport
from coach.pages.forms.imports import DescribeForm, UploadForm
from coach.pages.forms.refusals import blame
from coach.pages.shown import lists
from pilar.backplane.tenancy import savepoint
from pilar.kernel import clock
from pilar.kernel.principal import Role
from pilar.kernel.problems import Problem
from pilar.ui import words
from pilar.ui.fragments import fragment
from workspaces.pages.base import actor_of, workspace_page

LATEST = 10


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page(Role.COACH)
def import_new(request: HttpRequest) -> HttpResponse:
    """Upload a file; those before it are listed."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            with savepoint():
                upload = imports.upload(name=file.name, raw=file.read(), actor=actor_of(request), now=clock.now())
        except Problem as problem:
            blame(form, problem)
        else:
            return redirect("coach:import", upload.pk)
    latest = MemberImport.objects.defer("content", "report").order_by("-created_at")[:LATEST]
    context = {"form": form, "latest": latest, "room": lists.room()}
    return render(request, "coach/import_new.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page(Role.COACH)
def import_one(request: HttpRequest, import_id: UUID) -> HttpResponse:
    """Before it begins: columns, consent and what would happen. Afterwards: how far it is, and what happened."""
    upload = imports.get(import_id)
    if upload.status != MemberImport.Status.UPLOADED:
        return render(request, "coach/import_running.html", _progress(upload))
    table = imports.table_of(upload)
    form = DescribeForm(request.POST or None, table=table, upload=upload)
    if request.method == "POST" and form.is_valid():
        try:
            with savepoint():
                imports.describe(upload, mapping=form.mapping(), consent=form.consent())
        except Problem as problem:
            blame(form, problem)
        else:
            if request.POST.get("do") == "begin":
                imports.begin(upload, actor=actor_of(request))
            return redirect("coach:import", upload.pk)
    check = imports.check(upload, now=clock.now()) if "phone" in upload.mapping else None
    context = {"upload": upload, "form": form, "check": check, "table": table}
    return render(request, "coach/import_check.html", context, status=400 if form.errors else 200)


def _progress(upload: MemberImport) -> dict[str, object]:
    counts = imports.counts_of(upload)
    return {
        "upload": upload,
        "no_room": counts["full"],
        "running": upload.status == MemberImport.Status.RUNNING,
        "counts": [(name, counts[name]) for name in ("new", "known", "wrong", "full") if counts[name] or name == "new"],
    }


@require_safe
@workspace_page(Role.COACH)
def import_progress(request: HttpRequest, import_id: UUID) -> HttpResponse:
    """The part that is asked for every second."""
    context = _progress(imports.get(import_id))
    return fragment(request, "coach/_import.html", context, finished=not context["running"])


@require_safe
@workspace_page(Role.COACH)
def import_report(request: HttpRequest, import_id: UUID) -> HttpResponse:
    """The report, a line for each row of the file; it names rows and no people."""
    upload = imports.get(import_id)
    rows = (
        (number, words.word("import_row", outcome), words.word("import_reason", reason) if reason else "")
        for number, outcome, reason in upload.report
    )
    response = HttpResponse(
        tables.written([_("Row"), _("Result"), _("Remark")], rows), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="import-{upload.created_at:%Y-%m-%d}.csv"'
    return response


@require_POST
@workspace_page(Role.COACH)
def import_cancel(request: HttpRequest, import_id: UUID) -> HttpResponse:
    """Throw the upload away."""
    imports.cancel(imports.get(import_id), actor=actor_of(request))
    messages.success(request, _("Thrown away. Nobody was added."))
    return redirect("coach:import_new")
