"""Two pages of the operators: the queue as it is now, and all that belongs to one correlation id."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from pilar.backplane import sql, timeline
from pilar.backplane.models import LaneFigures, WorkerProcess
from pilar.backplane.tenancy import all_tenants, atomic, tenant
from pilar.kernel.switchboard import LANES

REFRESH_SECONDS = 5

_RESCUES = "SELECT count(*) FROM autopilot_worker WHERE lost_at > statement_timestamp() - interval '1 day'"
_AGE = "SELECT extract(epoch FROM statement_timestamp() - %s::timestamptz)::float8"


def queue(request: HttpRequest) -> HttpResponse:
    """Show lanes and workers; the page reads them anew every few seconds, from the figures of the snapshot."""
    with all_tenants("operators look at the queue of all studios"), atomic():
        context = {
            **admin.site.each_context(request),
            "title": _("The queue now"),
            "lanes": [_lane(figures) for figures in LaneFigures.objects.order_by("lane")],
            "workers": list(WorkerProcess.objects.filter(lost_at=None).order_by("kind", "id")),
            "lost_today": sql.value(_RESCUES),
        }
    response = render(request, "admin/backplane/queue.html", context)
    response["Refresh"] = str(REFRESH_SECONDS)
    return response


def _lane(figures: LaneFigures) -> dict[str, Any]:
    oldest = sql.value(_AGE, [figures.oldest_due_at]) if figures.oldest_due_at else 0.0
    return {"name": LANES[figures.lane], "figures": figures, "oldest": round(oldest, 1)}


def thread(request: HttpRequest, workspace_id: UUID, correlation_id: UUID) -> HttpResponse:
    """Show, in order, what one studio has under a correlation id. 404 when that is nothing."""
    with tenant(workspace_id):
        entries = timeline.read(correlation_id)
    if not entries:
        raise Http404
    context = {**admin.site.each_context(request), "title": _("Timeline"), "entries": entries}
    return render(request, "admin/backplane/timeline.html", context | {"correlation_id": correlation_id})
