"""What a member asks for in the chat about when and how often we write: read, judged as on the page, kept, and confirmed.

The model only says what was asked; the limits are those of the page and the API, and the words that confirm it are ours.
So what is confirmed is what is stored, and a stop never comes here: it is judged by rule before any model.
"""

from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override
from pydantic import BaseModel, Field

from coach import bulk, preferences, texts
from coach.models import BulkAction, Lead
from coach.preferences import Preferences
from pilar.backplane import activity
from pilar.kernel.problems import Problem

BY = "member"
"""Who changed it, as the trails name them."""
LONGEST_PAUSE = timedelta(days=366)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Frequency = Literal["daily", "3x_week", "weekly", "bi-weekly"]


class Asked(BaseModel):
    """What the member asks to be changed about our messages. Leave out what they did not speak of."""

    frequency: Frequency | None = Field(default=None, description="How often they want to hear from us.")
    weekdays: list[Day] | None = Field(
        default=None, description="The only days to write on; empty when any day is fine."
    )
    time_of_day: str | None = Field(default=None, description="From when on, HH:MM; empty when any time is fine.")
    pause_until: str | None = Field(default=None, description="The last day of a pause without messages, YYYY-MM-DD.")
    end_pause: bool | None = Field(default=None, description="True when a pause is to end now.")


@dataclass(frozen=True, slots=True)
class Change:
    """A wish that can be kept: what holds from now on, None where nothing changes."""

    wishes: Preferences | None = None
    pause_until: datetime | None = None
    end_pause: bool = False

    def told(self) -> dict[str, Any]:
        """As it is kept with the message that confirms it."""
        told: dict[str, Any] = asdict(self.wishes) if self.wishes else {}
        until = {"pause_until": self.pause_until.isoformat()} if self.pause_until else {}
        return told | until | ({"end_pause": True} if self.end_pause else {})


def judged(asked: Asked | None, lead: Lead, *, now: datetime) -> Change | None:
    """Return what can be kept, None when nothing changes. Raises Problem for what the page would refuse too."""
    if asked is None:
        return None
    before = preferences.of(lead)
    given: dict[str, Any] = {"frequency": asked.frequency, "time_of_day": asked.time_of_day}
    wanted = replace(before, **{name: value for name, value in given.items() if value is not None})
    if asked.weekdays is not None:
        wanted = replace(wanted, weekdays=tuple(sorted({DAYS.index(day) for day in asked.weekdays})))
    preferences.check(wanted)
    paused = lead.paused_until is not None and lead.paused_until > now
    change = Change(
        wishes=wanted if wanted != before else None,
        pause_until=_end_of(asked.pause_until, lead, now) if asked.pause_until else None,
        end_pause=bool(asked.end_pause) and paused and not asked.pause_until,
    )
    return change if change != Change() else None


def _end_of(day: str, lead: Lead, now: datetime) -> datetime:
    """The end of that day where the person lives, as a pause on the page ends."""
    wrong = Problem(_("Choose a day in the future."), code="validation_failed")
    try:
        until = datetime.combine(date.fromisoformat(day), time(23, 59), tzinfo=ZoneInfo(lead.timezone))
    except ValueError as error:
        raise wrong from error
    if not now < until <= now + LONGEST_PAUSE:
        raise wrong
    return until


def keep(change: Change, lead: Lead, *, asked_in: UUID, now: datetime) -> None:
    """Change what was asked for, in the caller's transaction, which writes down the answer that confirms it."""
    if change.wishes:
        preferences.change(lead, change.wishes, actor=BY, now=now, asked_in=asked_in)
    if change.pause_until:
        bulk.start(kind=BulkAction.Kind.PAUSE, targets=[lead.pk], until=change.pause_until, actor=BY, now=now)
    if change.end_pause:
        bulk.start(kind=BulkAction.Kind.RESUME, targets=[lead.pk], actor=BY, now=now)
    sentence = gettext_noop("A member said in the chat when and how often to write")
    activity.log("lead.wishes", sentence, {}, subject=lead)


def confirmation(change: Change, language: str) -> str:
    """Say in the member's language what holds from now on."""
    spoken = texts.language_or_default(language)
    with override(spoken):
        parts = [texts.part(name, spoken, **given) for name, given in _parts(change)]
    return texts.part("noted", spoken, what=", ".join(parts))


def refusal(language: str) -> str:
    """Say in the member's language that nothing was changed."""
    return texts.part("not_noted", texts.language_or_default(language))


def _parts(change: Change) -> list[tuple[str, dict[str, str]]]:
    """What is said, piece by piece: all that holds, so that a misunderstanding is seen."""
    parts: list[tuple[str, dict[str, str]]] = []
    if change.wishes:
        days = ", ".join(str(WEEKDAYS[day]) for day in change.wishes.weekdays)
        parts += [(f"frequency_{change.wishes.frequency}", {})] if change.wishes.frequency else []
        parts += [("only_on", {"days": days})] if days else [("any_day", {})]
        parts += [("at_time", {"time": change.wishes.time_of_day})] if change.wishes.time_of_day else []
    if change.pause_until:
        parts.append(("pause", {"day": formats.date_format(change.pause_until, "MONTH_DAY_FORMAT")}))
    return parts + ([("go_on", {})] if change.end_pause else [])
