"""How the last ninety days were for a studio, and the incidents behind them."""

from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q

from health.models import Incident, Severity
from pilar.backplane import tenants
from workspaces import directory

DAYS = 90
MOST = 1000
"""Incidents that are looked at for the bar, the newest first."""
_BAD = (Severity.CRITICAL, Severity.HIGH)


def days(workspace_id: UUID, now: datetime) -> list[str]:
    """Return `ok`, `degraded` or `down` for each local day up to today; empty for days before the studio was founded.

    A day is as its worst incident was. Inside a transaction, in the studio's scope.
    """
    zone = tenants.zone()
    today = now.astimezone(zone).date()
    first, founded = today - timedelta(days=DAYS - 1), directory.get(workspace_id).created_at.astimezone(zone).date()
    found = {day: "" if day < founded else "ok" for day in (first + timedelta(days=n) for n in range(DAYS))}
    for incident in _since(now - timedelta(days=DAYS)):
        for day in _touched(incident, first, today, zone):
            if found[day] != "down":
                found[day] = "down" if incident.severity in _BAD else "degraded"
    return list(found.values())


def _since(start: datetime) -> list[Incident]:
    ended_later = Q(resolved_at__gte=start) | Q(resolved_at=None, status__in=Incident.ONGOING)
    return list(Incident.objects.filter(ended_later).order_by("-detected_at")[:MOST])


def _touched(incident: Incident, first: date, last: date, zone: ZoneInfo) -> list[date]:
    begun = max(first, incident.detected_at.astimezone(zone).date())
    ended = min(last, incident.resolved_at.astimezone(zone).date()) if incident.resolved_at else last
    return [begun + timedelta(days=n) for n in range((ended - begun).days + 1)]
