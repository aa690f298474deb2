"""What the page of the coach's settings shows: the settings as sentences, a week, what would come."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _

from coach import followups, reasons
from coach.approvals import Approval
from coach.config import CoachSettings
from coach.models import CoachConfig, Followup
from coach.simulation import Week
from pilar.ui import charts
from pilar.ui.templatetags.ui import language_label

_HOUR = 60


def sentences(mine: CoachSettings) -> list[str]:
    """The settings as one would say them."""
    often = {str(key): str(label) for key, label in CoachConfig.Frequency.choices}.get(mine.frequency, mine.frequency)
    told = [
        _("It writes to: %(audience)s.") % {"audience": mine.target_audience.rstrip(".")},
        _("Its aim: %(goal)s.") % {"goal": mine.goal.rstrip(".")},
        _("It sounds %(tone)s and writes %(language)s unless a member's own language is known.")
        % {"tone": mine.tone, "language": language_label(mine.language)},
        _("%(often)s, between %(start)s and %(end)s in each member's own time; outside of that it keeps quiet.")
        % {"often": often, "start": mine.window_start, "end": mine.window_end},
        _("After %(number)s messages without an answer it rests until the member writes.")
        % {"number": followups.SILENT_AFTER},
    ]
    answers = (
        _("When a member writes, the AI answers within seconds; you can take over at any time.")
        if mine.auto_reply
        else _("When a member writes, nobody answers by machine: the chat waits for you.")
    )
    return [*told, answers]


def week(mine: CoachSettings, found: Week) -> Any:
    """The week as a picture: the hours in which it may write, and how many messages fall into each."""
    window = mine.window
    rows = [(_weekday(day.date), day.hours) for day in found.days[: len(found.days) - 1]]
    label = _(
        "Hours of the week: quiet before %(start)s and after %(end)s; %(count)s messages in the next seven days"
    ) % {
        "start": mine.window_start,
        "end": mine.window_end,
        "count": found.messages,
    }
    return charts.week(rows, open_from=window.start / _HOUR, open_until=window.end / _HOUR, label=label)


def _weekday(day: date) -> str:
    return formats.date_format(day, "D")


def simulated(found: Week) -> dict[str, Any]:
    """The outcome of the simulator in raw values and sentences."""
    return {
        "members": found.members,
        "judged": found.judged,
        "is_estimate": found.is_estimate,
        "messages": found.messages,
        "reached": found.reached,
        "templates": found.templates,
        "texts": found.messages - found.templates,
        "over": sum(day.over for day in found.days),
        "daily_limit": found.daily_limit,
        "busiest": max((day.messages for day in found.days), default=0),
        "reasons": [{"text": reasons.told(name), "count": count} for name, count in found.reasons],
        "soonest": [
            {
                "name": one.name,
                "at": one.at,
                "type": one.type,
                "form": one.form,
                "url": reverse("coach:member", args=[one.lead_id]),
            }
            for one in found.soonest
        ],
    }


def coming(rows: Iterable[Followup], *, most: int) -> dict[str, Any]:
    """The next messages; those beyond `most` are folded away."""
    told = [planned(row) for row in rows]
    return {"next": told[:most], "later": told[most:]}


def approvals(rows: Sequence[Approval]) -> dict[str, Any]:
    """The templates of the first language, which is the studio's, and all in trouble; the others are folded away."""
    seen = [row for row in rows if row.is_in_trouble or row.language == rows[0].language]
    return {"templates": seen, "other_templates": [row for row in rows if row not in seen]}


def planned(row: Followup) -> dict[str, Any]:
    """One planned message, with what stands against it so far."""
    return {
        "id": row.pk,
        "name": str(row.lead),
        "url": reverse("coach:member", args=[row.lead_id]),
        "at": row.scheduled_at,
        "type": row.type,
        "text": row.text,
        "held": reasons.told(row.reason) if row.reason else "",
    }
