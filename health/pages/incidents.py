"""The rows behind the incidents of Today: what was wrong, how long, and what was done about it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from health import history, widgets
from health.models import Incident
from pilar.api.pagination import Keyset
from pilar.kernel import clock
from pilar.kernel.principal import Role
from workspaces.pages.base import workspace_of, workspace_page

SHOWN = 30
NEWEST = Keyset("-detected_at")


@require_safe
@workspace_page(Role.VIEWER)
def incidents(request: HttpRequest) -> HttpResponse:
    """All incidents of the studio, the newest first; `?open` leaves only those that go on."""
    only_open = "open" in request.GET
    rows = Incident.objects.filter(status__in=Incident.ONGOING) if only_open else Incident.objects.all()
    found, following = NEWEST.page(rows, request.GET.get("cursor", ""), SHOWN)
    context = {
        "incidents": [widgets.shown(incident) for incident in found],
        "days": history.days(workspace_of(request), clock.now()),
        "only_open": only_open,
        "following": following,
    }
    return render(request, "health/incidents.html", context)
