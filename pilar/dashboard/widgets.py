"""What the backplane can tell of one studio: its work, its budgets, and what happened, in sentences."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet
from django.urls import reverse

from pilar.backplane import budgets
from pilar.backplane.models import ActivityLog
from pilar.dashboard import sentences, work
from pilar.kernel.shown import Hit

MOST = 10_000
"""Counting stops here, so that a studio with a long queue does not slow its own page down."""
SHOWN, NAMED = 6, 4
"""How many things that happened are shown, and of how many people each names."""
A_DAY = timedelta(days=1)
SOONEST_FORECAST = timedelta(hours=3)
"""Earlier in the day a pace says nothing."""


def jobs(_workspace_id: UUID, now: datetime) -> dict[str, Any]:
    """How much is waiting, running, done today and given up; work planned for later does not count as waiting."""
    return {"jobs": {state: _count(work.rows(state, now)) for state in work.ORDERS} | {"most": MOST}}


def _count[M: Model](rows: QuerySet[M]) -> int:
    return rows[:MOST].count()


def budget(_workspace_id: UUID, now: datetime) -> dict[str, Any]:
    """What of the limits of the day and the month is used, and where the day ends at this pace; unlimited resources are
    left out.
    """
    limited = [one for one in budgets.status(now) if (one.daily_limit, one.monthly_limit) != (None, None)]
    return {
        "budgets": [budget_line(entry, now) for entry in limited],
        "limits_url": reverse("workspaces:limits"),
    }


def budget_line(entry: budgets.Standing, now: datetime) -> dict[str, Any]:
    """One resource; a forecast once a pace can be told."""
    begun = entry.day_opens_again_at - A_DAY
    shown = {"resource": entry.resource, "unit": entry.unit, "used": entry.daily_used, "limit": entry.daily_limit}
    if entry.monthly_limit is not None:
        shown["month"] = {"used": entry.monthly_used, "limit": entry.monthly_limit}
    if entry.daily_limit is None or not entry.daily_used or now - begun < SOONEST_FORECAST:
        return shown
    full_at = begun + (now - begun) * (entry.daily_limit / entry.daily_used)
    return shown | {"forecast": round(entry.daily_used * (A_DAY / (now - begun))), "full_at": full_at}


def activity(_workspace_id: UUID, _now: datetime) -> dict[str, Any]:
    """The newest things that happened. The single steps of a set-up have a page of their own."""
    newest = list(ActivityLog.objects.exclude(kind="provisioning.step").order_by("-at", "-id")[: SHOWN * NAMED])
    whom = sentences.about(newest)
    alike = [(text, list(group)) for text, group in groupby(newest, key=sentences.of)][:SHOWN]
    return {"activities": [_several(text, group, whom) for text, group in alike]}


def _several(text: str, entries: list[ActivityLog], whom: Mapping[UUID, Hit]) -> dict[str, Any]:
    """The same that happened several times in a row, with all whom it was about."""
    about = list({hit.url: hit for entry in entries if (hit := whom.get(entry.pk))}.values())
    return {"text": text, "about": about[:NAMED], "more": len(about[NAMED:]), "at": entries[0].at}
