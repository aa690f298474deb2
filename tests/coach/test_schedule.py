"""When the next message is due, for any rhythm, zone and moment."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.models import CoachConfig
from coach.schedule import Rhythm, TimeWindow, following, instant, minutes, next_open, occurrences

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from(
    ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo", "Pacific/Apia"]
)
MOMENTS = st.integers(0, 7 * 365 * 86_400).map(
    lambda seconds: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
WINDOWS = (
    st.tuples(st.integers(0, 1440), st.integers(0, 1440))
    .map(sorted)
    .filter(lambda pair: pair[0] < pair[1])
    .map(lambda pair: TimeWindow(*pair))
)
RHYTHMS = st.builds(
    Rhythm,
    frequency=st.sampled_from(CoachConfig.Frequency.values),
    window=WINDOWS,
    time_of_day=st.none() | st.integers(0, 1439),
)
DAYS = st.frozensets(st.integers(0, 6), min_size=1)
MOST_A_WEEK = {"daily": 7, "3x_week": 3, "weekly": 1, "bi-weekly": 1}
SEEDS = st.integers(0, 2**32 - 1)
DAYS_BETWEEN = {"daily": {1}, "3x_week": {2, 3}, "weekly": {7}, "bi-weekly": {14}}


@given(seed=SEEDS, rhythm=RHYTHMS, zone=ZONES, after=MOMENTS)
def test_the_next_occurrence_lies_ahead_and_in_the_local_window(
    seed: int, rhythm: Rhythm, zone: str, after: datetime
) -> None:
    found = following(seed=seed, rhythm=rhythm, zone=ZoneInfo(zone), after=after)
    opens = instant(found.day, rhythm.window.start, ZoneInfo(zone))
    assert found.at > after
    assert opens <= found.at <= max(opens, instant(found.day, rhythm.window.end, ZoneInfo(zone)))


@given(seed=SEEDS, rhythm=RHYTHMS, zone=ZONES, after=MOMENTS)
def test_occurrences_come_in_order_at_the_rhythm_s_distance(
    seed: int, rhythm: Rhythm, zone: str, after: datetime
) -> None:
    found = list(islice(occurrences(seed=seed, rhythm=rhythm, zone=ZoneInfo(zone), after=after), 3))
    distances = {(later.day - earlier.day).days for earlier, later in pairwise(found)}
    assert distances <= DAYS_BETWEEN[rhythm.frequency]


@given(seed=SEEDS, rhythm=RHYTHMS, zone=ZONES, after=MOMENTS)
def test_each_occurrence_has_a_key_of_its_own(seed: int, rhythm: Rhythm, zone: str, after: datetime) -> None:
    lead = uuid4()
    keys = [found.key(lead) for found in occurrences(seed=seed, rhythm=rhythm, zone=ZoneInfo(zone), after=after)]
    assert len(keys) == len(set(keys))


@given(seed=SEEDS, rhythm=RHYTHMS, zone=ZONES, after=MOMENTS)
def test_asking_again_at_any_time_before_gives_the_same_occurrence(
    seed: int, rhythm: Rhythm, zone: str, after: datetime
) -> None:
    found = following(seed=seed, rhythm=rhythm, zone=ZoneInfo(zone), after=after)
    just_before = found.at - timedelta(microseconds=1)
    assert following(seed=seed, rhythm=rhythm, zone=ZoneInfo(zone), after=just_before) == found


@given(seed=SEEDS, rhythm=RHYTHMS, days=DAYS, zone=ZONES, after=MOMENTS)
def test_wished_days_are_the_only_ones_and_the_rhythm_comes_no_more_often(
    seed: int, rhythm: Rhythm, days: frozenset[int], zone: str, after: datetime
) -> None:
    wished = replace(rhythm, weekdays=days)
    found = list(occurrences(seed=seed, rhythm=wished, zone=ZoneInfo(zone), after=after))
    weeks = Counter((one.day.toordinal() - 1) // 7 for one in found)
    assert found
    assert {one.day.weekday() for one in found} <= days
    assert max(weeks.values()) <= MOST_A_WEEK[rhythm.frequency]


@given(seed=SEEDS, rhythm=RHYTHMS, days=DAYS, zone=ZONES, after=MOMENTS)
def test_with_wished_days_no_round_of_the_rhythm_is_left_out(
    seed: int, rhythm: Rhythm, days: frozenset[int], zone: str, after: datetime
) -> None:
    wished = replace(rhythm, weekdays=days)
    found = list(occurrences(seed=seed, rhythm=wished, zone=ZoneInfo(zone), after=after))
    weeks = Counter((one.day.toordinal() - 1) // 7 for one in found)
    whole = sorted(weeks)[1:-1]
    assert {weeks[week] for week in whole} <= {min(len(days), MOST_A_WEEK[rhythm.frequency])}
    assert {later - earlier for earlier, later in pairwise(whole)} <= {2 if rhythm.frequency == "bi-weekly" else 1}


def test_people_who_may_be_written_to_on_few_days_are_spread_over_them() -> None:
    rhythm = Rhythm("weekly", TimeWindow(540, 1080), weekdays=frozenset({5, 6}))
    found = [
        following(seed=seed, rhythm=rhythm, zone=BERLIN, after=datetime(2026, 11, 20, tzinfo=UTC)) for seed in (0, 1)
    ]
    assert {one.day.weekday() for one in found} == {5, 6}


@given(day=st.dates(date(2024, 1, 1), date(2030, 12, 31)), minute=st.integers(0, 1439), zone=ZONES)
def test_a_local_time_is_read_back_as_it_was_or_is_the_end_of_its_gap(day: date, minute: int, zone: str) -> None:
    at = instant(day, minute, ZoneInfo(zone))
    local = at.astimezone(ZoneInfo(zone))
    wanted = datetime.combine(day, time(minute // 60, minute % 60))
    before = (at - timedelta(seconds=1)).astimezone(ZoneInfo(zone))
    assert local.replace(tzinfo=None) == wanted or (
        before.utcoffset() != local.utcoffset() and before.replace(tzinfo=None) < wanted <= local.replace(tzinfo=None)
    )


def test_in_spring_a_missing_time_becomes_the_first_instant_after_the_gap() -> None:
    assert instant(date(2027, 3, 28), 150, BERLIN) == datetime(2027, 3, 28, 1, 0, tzinfo=UTC)


def test_in_autumn_a_time_that_comes_twice_is_the_first() -> None:
    assert instant(date(2026, 10, 25), 150, BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_daily_rhythm_keeps_its_local_time_over_the_change_of_clocks() -> None:
    rhythm = Rhythm("daily", TimeWindow(540, 1080), time_of_day=600)
    days = occurrences(seed=1, rhythm=rhythm, zone=BERLIN, after=datetime(2026, 10, 23, tzinfo=UTC))
    assert {found.at.astimezone(BERLIN).hour for found in islice(days, 5)} == {10}


@given(window=WINDOWS, zone=ZONES, at=MOMENTS)
def test_the_next_opening_is_inside_the_window_and_never_in_the_past(
    window: TimeWindow, zone: str, at: datetime
) -> None:
    opens = next_open(window=window, zone=ZoneInfo(zone), at=at)
    assert opens >= at
    assert next_open(window=window, zone=ZoneInfo(zone), at=opens) == opens


@pytest.mark.parametrize("text", ["9:00", "24:01", "12:60", "ab:cd", "", "12", "-1:00", "１２:00x"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no time of day"):
        minutes(text)


def test_a_window_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValueError, match="end after"):
        TimeWindow.parse("18:00", "09:00")
