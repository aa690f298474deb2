"""Figures of the coach: what was said, what came back, what it cost in attention."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, Sum

from coach import widgets
from coach.models import CoachingState, Consent, Followup, Lead, Message

LONGEST = 366


def report(*, days: int, now: datetime) -> dict[str, Any]:
    """Return the current workspace's figures of the last `days`; a constant number of queries."""
    since = now - timedelta(days=days)
    engagement = CoachingState.objects.aggregate(sent=Sum("nudges_sent"), answered=Sum("answered_nudges"))
    sent = engagement["sent"] or 0
    leads = Lead.objects.aggregate(
        total=Count("pk"),
        opted_out=Count("pk", filter=Q(status=Lead.Status.OPTED_OUT)),
        opted_out_in_period=Count("pk", filter=Q(opted_out_at__gte=since)),
    )
    return {
        "days": days,
        "messages": widgets.counts(since, now + timedelta(days=1)),
        "by_category": _outgoing(since, "category"),
        "by_author": _outgoing(since, "by"),
        "followups": _grouped(Followup.objects.filter(scheduled_at__gte=since, scheduled_at__lte=now), "status"),
        "planned": Followup.objects.filter(status=Followup.Status.PENDING).count(),
        "nudges_sent": sent,
        "response_rate": round((engagement["answered"] or 0) / sent, 4) if sent else None,
        "leads": {**leads, "consented": _consented()},
    }


def _outgoing(since: datetime, field: str) -> dict[str, int]:
    return _grouped(Message.objects.filter(direction=Message.Direction.OUT, at__gte=since), field)


def _grouped(rows: Any, field: str) -> dict[str, int]:
    return {str(name) or "other": number for name, number in rows.values_list(field).annotate(number=Count("pk"))}


def _consented() -> int:
    proven = ~Q(source="") & ~Q(wording="") & Q(at__isnull=False)
    rows = Consent.objects.filter(Q(confirmed_at__isnull=False) | proven, withdrawn_at=None)
    return rows.filter(purpose=Consent.Purpose.COACHING).values("lead").distinct().count()
