"""When the next message of a rhythm is due: pure functions of the rhythm, the person's zone and an instant (reliability P5).

Each occurrence is computed from the local date, never by adding 24 hours. A local time that does not exist becomes the
first instant after the gap; one that exists twice is its first. People are spread over the days and the time window by
their id, so that a studio of 2,000 does not write to all at nine o'clock.
"""

from collections.abc import Collection, Iterator
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
    """How often, and between which local times. `time_of_day` (minutes) and `weekdays` (0 is Monday; none: any) are the
    person's own wishes: the rhythm never comes on another day, and never more often than `frequency` says.
    """

    frequency: str
    window: TimeWindow
    time_of_day: int | None = None
    weekdays: frozenset[int] = frozenset()


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
        if _falls_on(day, rhythm, seed):
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


def _falls_on(day: date, rhythm: Rhythm, seed: int) -> bool:
    if day.weekday() not in _weekdays(rhythm, seed):
        return False
    week = (day.toordinal() - 1) // 7
    return rhythm.frequency != CoachConfig.Frequency.BI_WEEKLY or week % 2 == (seed // 5) % 2


def _weekdays(rhythm: Rhythm, seed: int) -> Collection[int]:
    """The days of the week on which the rhythm comes: as many of the wished ones as its frequency has."""
    wished = sorted(rhythm.weekdays)
    match rhythm.frequency:
        case CoachConfig.Frequency.DAILY:
            return wished or range(7)
        case CoachConfig.Frequency.THREE_A_WEEK:
            usual = (0, 2, 4)
            return usual if not wished or set(usual) <= set(wished) else _three_of(wished)
        case CoachConfig.Frequency.WEEKLY | CoachConfig.Frequency.BI_WEEKLY:
            choice = wished or range(5)
            return (choice[seed % len(choice)],)
    raise ValueError(f"{rhythm.frequency!r} is no frequency")


def _three_of(days: list[int]) -> list[int]:
    """Three days as far apart as the wishes allow; all of them when there are no more."""
    return [days[len(days) * n // 3] for n in range(3)] if len(days) > 3 else days


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
