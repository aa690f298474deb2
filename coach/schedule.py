"""When the next message of a rhythm is due: pure functions of the rhythm, the person's zone and an instant (reliability P5).

Each occurrence is computed from the local date, never by adding 24 hours. A local time that does not exist becomes the
first instant after the gap; one that exists twice is its first. People are spread over the days and the time window by
their id, so that a studio of 2,000 does not write to all at nine o'clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from coach.models.plans import CoachConfig

MINUTES_A_DAY = 24 * 60
_LOOK_AHEAD = 36
"""Days: more than two bi-weekly rounds."""


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """Minutes after local midnight between which messages may go out; `end` may be 1440, the end of the day."""

    start: int
    end: int

    @classmethod
    def parse(cls, start: str, end: str) -> "TimeWindow":
        """Read `HH:MM` texts; `24:00` is allowed as the end. Raises ValueError for anything else or an empty window."""
        window = cls(minutes(start), minutes(end))
        if not window.start < window.end:
            raise ValueError("the window must end after it starts")
        return window


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often, and between which local times. `time_of_day` (minutes) is the person's own wish."""

    frequency: str
    window: TimeWindow
    time_of_day: int | None = None


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One due message: its instant in UTC, its latest instant, and its identity (local date and slot)."""

    day: date
    slot: int
    at: datetime
    expires_at: datetime

    def key(self, lead: UUID) -> str:
        """Return what makes this occurrence exist once, whatever the clock or the number of planners."""
        return f"schedule:{lead}:{self.day.isoformat()}:{self.slot}"


def minutes(text: str) -> int:
    """Return `HH:MM` as minutes after midnight, 0 to 1440. Raises ValueError."""
    hours, _, rest = text.partition(":")
    if not (len(hours) == len(rest) == 2 and (hours + rest).isdigit()):
        raise ValueError(f"{text!r} is no time of day")
    total = int(hours) * 60 + int(rest)
    if int(rest) > 59 or total > MINUTES_A_DAY:
        raise ValueError(f"{text!r} is no time of day")
    return total


def instant(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """Return the UTC instant of a local time of day.

    In the spring gap: the first instant after it. In the autumn overlap: the first of the two (fold 0).
    """
    day, minute = day + timedelta(days=minute // MINUTES_A_DAY), minute % MINUTES_A_DAY
    local = datetime.combine(day, time(minute // 60, minute % 60), tzinfo=zone)
    utc = local.astimezone(UTC)
    if utc.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return utc
    return _end_of_gap(local)


def _end_of_gap(local: datetime) -> datetime:
    """The offset changes once between the two readings of a missing time; find that instant by halving."""
    before, after = local.replace(fold=1).astimezone(UTC), local.replace(fold=0).astimezone(UTC)
    offset = after.astimezone(local.tzinfo).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        if middle.astimezone(local.tzinfo).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after.replace(microsecond=0)


def occurrences(*, seed: int, rhythm: Rhythm, zone: ZoneInfo, after: datetime) -> Iterator[Occurrence]:
    """Yield the due messages strictly after an instant, in order, for about a month."""
    first = after.astimezone(zone).date()
    for offset in range(-1, _LOOK_AHEAD):
        day = first + timedelta(days=offset)
        if _falls_on(day, rhythm.frequency, seed):
            found = _occurrence(day, seed, rhythm, zone)
            if found.at > after:
                yield found


def following(*, seed: int, rhythm: Rhythm, zone: ZoneInfo, after: datetime) -> Occurrence:
    """Return the first occurrence strictly after an instant."""
    return next(occurrences(seed=seed, rhythm=rhythm, zone=zone, after=after))


def _occurrence(day: date, seed: int, rhythm: Rhythm, zone: ZoneInfo) -> Occurrence:
    window = rhythm.window
    wish = rhythm.time_of_day
    inside = wish is not None and window.start <= wish < window.end
    minute = wish if inside and wish is not None else window.start + _spread(seed, window)
    at = instant(day, minute, zone)
    return Occurrence(day=day, slot=0, at=at, expires_at=max(instant(day, window.end, zone), at))


def _spread(seed: int, window: TimeWindow) -> int:
    """The last quarter stays free, so that a message that waits a while is still in the window."""
    return seed % max(1, (window.end - window.start) * 3 // 4)


def _falls_on(day: date, frequency: str, seed: int) -> bool:
    weekday, week = day.weekday(), (day.toordinal() - 1) // 7
    match frequency:
        case CoachConfig.Frequency.DAILY:
            return True
        case CoachConfig.Frequency.THREE_A_WEEK:
            return weekday in (0, 2, 4)
        case CoachConfig.Frequency.WEEKLY:
            return weekday == seed % 5
        case CoachConfig.Frequency.BI_WEEKLY:
            return weekday == seed % 5 and week % 2 == (seed // 5) % 2
    raise ValueError(f"{frequency!r} is no frequency")


def next_open(*, window: TimeWindow, zone: ZoneInfo, at: datetime) -> datetime:
    """Return `at` when it lies in the local time window, else the next opening of the window."""
    day = at.astimezone(zone).date()
    for offset in (-1, 0, 1, 2):
        start, end = (instant(day + timedelta(days=offset), minute, zone) for minute in (window.start, window.end))
        if at < end:
            return max(at, start)
    return at


def local_day(at: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the first and the last (exclusive) instant of the local day that `at` is in."""
    day = at.astimezone(zone).date()
    return instant(day, 0, zone), instant(day + timedelta(days=1), 0, zone)


def seed_of(lead: UUID) -> int:
    """Return the number that spreads people; the random part of a UUIDv7, not its time."""
    return lead.int & 0xFFFF_FFFF
