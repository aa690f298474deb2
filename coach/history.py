"""What happened with one person, newest first: messages, consents, follow-ups and changes on one line of time."""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.db.models.functions import TruncDate

from coach.models import ChatNote, CheckIn, Consent, Followup, Lead, Message
from pilar.backplane.models import ActivityLog

PAGE = 30
WEEKS = 12
_DONE = (Followup.Status.CANCELLED, Followup.Status.SKIPPED, Followup.Status.SKIPPED_LATE, Followup.Status.FAILED)
_CHANGES = ("lead.met", "lead.renamed", "lead.opted_out", "lead.opted_in", "lead.wishes", "chat.waiting")
"""Kinds of activity that no other record of the person tells."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened; `row` is the record it comes from."""

    at: datetime
    kind: str
    row: Any


def page(lead: Lead, *, before: datetime | None = None) -> tuple[list[Entry], datetime | None]:
    """Return up to 30 entries before an instant, and the instant to ask for the next ones or None.

    Entries of one instant stay together, so none is lost between two pages.
    """
    found = list(heapq.merge(*(_read(*source, before) for source in _sources(lead)), key=lambda e: e.at, reverse=True))
    if len(found) <= PAGE:
        return found, None
    last = found[PAGE - 1].at
    return [entry for entry in found if entry.at >= last], last


type _Source = tuple[str, QuerySet[Any], str]


def _sources(lead: Lead) -> Sequence[_Source]:
    consents, followups = Consent.objects.filter(lead=lead), Followup.objects.filter(lead=lead, status__in=_DONE)
    changes = ActivityLog.objects.filter(subject_type="lead", subject_id=str(lead.pk), kind__in=_CHANGES)
    return (
        ("message", Message.objects.filter(lead=lead), "at"),
        ("consent", consents, "created_at"),
        ("confirmed", consents.filter(confirmed_at__isnull=False), "confirmed_at"),
        ("withdrawn", consents.filter(withdrawn_at__isnull=False), "withdrawn_at"),
        ("followup", followups.filter(finished_at__isnull=False), "finished_at"),
        ("check_in", CheckIn.objects.filter(lead=lead), "at"),
        ("note", ChatNote.objects.filter(conversation__lead=lead), "created_at"),
        ("change", changes, "at"),
    )


def _read(kind: str, rows: QuerySet[Any], field: str, before: datetime | None) -> list[Entry]:
    earlier = rows.filter(**{f"{field}__lt": before}) if before else rows
    return [Entry(getattr(row, field), kind, row) for row in earlier.order_by(f"-{field}")[: PAGE + 1]]


def dots(lead: Lead, *, now: datetime) -> list[tuple[date, str]]:
    """Return each day of the last twelve whole weeks with what there was: `trained`, `wrote`, `written` or nothing.

    Days are those of the person's zone; the list begins on a Monday.
    """
    zone = ZoneInfo(lead.timezone)
    today = now.astimezone(zone).date()
    first = today - timedelta(days=today.weekday(), weeks=WEEKS - 1)
    since = datetime.combine(first, datetime.min.time(), tzinfo=zone)
    said = Message.objects.filter(lead=lead, at__gte=since)
    words: dict[date, str] = {}
    for rows, word in (
        (said.filter(direction=Message.Direction.OUT), "written"),
        (said.filter(direction=Message.Direction.IN), "wrote"),
        (CheckIn.objects.filter(lead=lead, at__gte=since), "trained"),
    ):
        for day in rows.annotate(day=TruncDate("at", tzinfo=zone)).values_list("day", flat=True).distinct():
            words[day] = word
    return [(day, words.get(day, "")) for day in _days(first, today)]


def _days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=offset) for offset in range((last - first).days + 1))
