"""What health shows operators: how the studios are, what is wrong by its cause, and one studio's checks."""

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Count, Min
from django.urls import reverse
from django.utils.translation import gettext as _

from health.models import Component, HealthCheck, Incident, Status
from pilar.backplane import sql
from pilar.backplane.tenancy import PLATFORM
from pilar.kernel import switchboard
from pilar.kernel.console import Cell, Drawing, Found, Table, Tile, as_uuid, list_of, moment

SHOWN = 12
# A studio is as well as the worst of its checks.
_STUDIOS = """
SELECT worst, count(*) FROM (
  SELECT max(CASE status WHEN 'failed' THEN 2 WHEN 'degraded' THEN 1 ELSE 0 END) AS worst
  FROM health_healthcheck WHERE workspace_id <> %s GROUP BY workspace_id) s
GROUP BY worst
"""


def studios(_now: datetime) -> Drawing:
    """How many studios are well, weak or down, and the open incidents by their cause."""
    counts: dict[int, int] = dict(sql.rows(_STUDIOS, [PLATFORM]))
    tiles = [
        Tile(
            str(said),
            counts.get(place, 0),
            list_of("health_healthcheck", status__exact=word),
            bad=place == 2 and bool(counts.get(place)),
        )
        for place, (word, said) in enumerate(Status.choices)
    ]
    causes = (
        Incident.objects.filter(status__in=Incident.ONGOING)
        .values("component", "code")
        .annotate(studios=Count("workspace_id", distinct=True), since=Min("detected_at"))
        .order_by("-studios", "component")[:SHOWN]
    )
    columns = (_("Component"), _("Cause"), _("Studios"), _("Since"), _("Repair"))
    return Drawing(tiles, Table(columns, [_cause(**one) for one in causes], _("No incident is open.")))


def _cause(*, component: str, code: str, studios: int, since: datetime) -> list[Cell]:
    incidents = list_of("health_incident", component__exact=component, q=code)
    heal = f"{reverse('admin:health_heal')}?{urlencode({'code': code})}" if code in switchboard.remediations else ""
    return [
        Cell(Component(component).label, incidents),
        Cell(code or "–"),
        Cell(studios, bad=studios > 1),
        Cell(moment(since)),
        Cell(_("Repair all") if heal else _("by hand"), heal),
    ]


def of_studio(_workspace_id: UUID, _now: datetime) -> Drawing:
    """The newest finding of each of a studio's checks."""
    rows = [
        [
            Cell(row.probe, reverse("admin:health_healthcheck_change", args=[row.pk])),
            Cell(row.get_status_display(), bad=row.status == Status.FAILED),
            Cell(row.summary),
            Cell(moment(row.last_check)),
        ]
        for row in HealthCheck.objects.order_by("probe")
    ]
    columns = (_("Check"), _("State"), _("Seen"), _("When"))
    return Drawing(table=Table(columns, rows, _("This studio has not been checked yet.")))


def find(term: str) -> Iterator[Found]:
    """Find an incident by its id."""
    wanted = as_uuid(term)
    for incident in Incident.objects.filter(pk=wanted)[:1] if wanted else ():
        url = reverse("admin:health_incident_change", args=[incident.pk])
        yield Found(_("incident"), incident.title, url, incident.workspace_id)
