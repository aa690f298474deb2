"""The facts that a message was made from, in the reader's language."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from django.utils import formats
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from coach.agent.facts import Name
from coach.models import CoachConfig, CoachingState, Goal
from workspaces import hours


def line(kept: Any) -> str:
    """One fact as a line. What was kept before facts had names is shown in the words that the model read."""
    if not isinstance(kept, dict):
        return str(kept)
    name: Name = kept["name"]
    label, said = WORDS[name]
    return f"{label}: {said(kept['value'])}"


def wished(kept: dict[str, Any]) -> list[str]:
    """When and how often a member wants to hear from us."""
    days = ", ".join(str(WEEKDAYS[day]) for day in kept.get("weekdays", []))
    until = datetime.fromisoformat(kept["pause_until"]) if "pause_until" in kept else None
    told = [
        str(dict(CoachConfig.Frequency.choices).get(kept.get("frequency", ""), "")),
        _("Only on: %(days)s") % {"days": days} if days else "",
        _("At %(time)s") % {"time": kept["time_of_day"]} if kept.get("time_of_day") else "",
        _("Paused until %(day)s") % {"day": formats.date_format(until, "DATE_FORMAT")} if until else "",
        _("The pause was ended") if kept.get("end_pause") else "",
    ]
    return [part for part in told if part]


def _open(stored: Any) -> str:
    return "; ".join(f"{_days(days)} {_times(spans)}" for days, spans in hours.runs(stored))


def _days(days: list[str]) -> str:
    first, last = (str(WEEKDAYS_ABBR[hours.DAYS.index(day)]) for day in (days[0], days[-1]))
    return first if len(days) == 1 else f"{first}–{last}"


def _times(spans: list[hours.Span]) -> str:
    return ", ".join(f"{begin}–{end}" for begin, end in spans) or _("closed")


def _goal(goal: dict[str, Any]) -> str:
    return f"{Goal.Type(goal['type']).label}, {goal['target']} ({goal['progress']} %)"


def _day(iso: str) -> str:
    return formats.date_format(date.fromisoformat(iso), "DATE_FORMAT")


WORDS: dict[Name, tuple[Promise, Callable[[Any], str]]] = {
    "address": (gettext_lazy("Address of the studio"), str),
    "website": (gettext_lazy("Website"), str),
    "opening_hours": (gettext_lazy("Opening hours"), _open),
    "goal": (pgettext_lazy("fact", "Goal"), _goal),
    "last_training": (gettext_lazy("Last training"), _day),
    "style": (gettext_lazy("Tone that the member wants"), lambda style: str(CoachingState.Style(style).label)),
    "wishes": (gettext_lazy("Wishes about our messages"), lambda kept: ", ".join(wished(kept))),
}
