from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import translation

from pilar.ui import charts, icons, words
from pilar.ui.templatetags import ui

NOON = datetime(2026, 11, 20, 11, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "amount", "text"),
    [("de", 9_900, "99\xa0€"), ("de", 123_450, "1.234,50\xa0€"), ("en", 9_950, "€99.50"), ("fr", 9_900, "99\xa0€")],
)
def test_money_is_written_as_the_reader_writes_it(language: str, amount: int, text: str) -> None:
    with translation.override(language):
        assert ui.cents(amount) == text


@pytest.mark.parametrize(
    ("language", "under", "sum"),
    [
        ("de", "unter 1 Cent", "1.234,50\xa0€"),
        ("en", "under 1 cent", "€1,234.50"),
        ("es", "menos de 1 céntimo", "1.234,50\xa0€"),
        ("fr", "moins de 1 centime", "1\u202f234,50\xa0€"),
        ("it", "meno di 1 centesimo", "1.234,50\xa0€"),
    ],
)
def test_costs_are_told_to_the_cent_and_less_than_one_in_words(language: str, under: str, sum: str) -> None:
    with translation.override(language):
        told = [ui.amount(micro, "micro_euro") for micro in (260, 9_999, 1_234_504_999)]
    assert told == [under, under, sum]


@pytest.mark.parametrize(("micro", "text"), [(0, "0,00\xa0€"), (10_000, "0,01\xa0€"), (14_999, "0,01\xa0€")])
def test_nothing_is_no_cent_and_a_cent_is_one(micro: int, text: str) -> None:
    with translation.override("de"):
        assert ui.amount(micro, "micro_euro") == text


def test_operators_see_every_digit() -> None:
    with translation.override("de"):
        told = [ui.exact_amount(value, unit) for value, unit in ((260, "micro_euro"), (None, "x"), (12_000, "tokens"))]
    assert told == ["0,00026\xa0€", "∞", "12.000"]


def test_a_number_is_grouped_and_a_wrong_one_left_alone() -> None:
    assert ui.phone("+4917112345678") == "+49 171 12345678"
    assert ui.phone("Empfang") == "Empfang"


@pytest.mark.parametrize(
    ("distance", "text"),
    [
        (timedelta(seconds=-3), "gerade eben"),
        (timedelta(seconds=3), "gleich"),
        (timedelta(minutes=-3), "vor 3 Minuten"),
        (timedelta(days=2), "in 2 Tagen"),
    ],
)
@time_machine.travel(NOON, tick=False)
def test_distances_in_time_are_words(distance: timedelta, text: str) -> None:
    assert ui.ago(NOON + distance) == text


@pytest.mark.parametrize(
    ("distance", "text"),
    [
        (timedelta(), "12:00"),
        (timedelta(days=1), "morgen, 12:00"),
        (timedelta(days=-1), "gestern, 12:00"),
        (timedelta(days=3), "Mo., 23. Nov., 12:00"),
        (timedelta(days=60), "19.01.2027 12:00"),
    ],
)
@time_machine.travel(NOON, tick=False)
def test_a_moment_is_told_by_the_day_as_one_says_it(distance: timedelta, text: str) -> None:
    assert ui.clock(NOON + distance) == text


@time_machine.travel(NOON, tick=False)
def test_a_narrow_list_shows_the_clock_today_and_else_only_the_day() -> None:
    assert ui.day_or_clock(NOON) == "12:00"
    assert ui.day_or_clock(NOON - timedelta(days=3)) == "17. Nov."


def test_a_time_zone_is_told_by_its_place() -> None:
    assert (ui.zone_label("Europe/Berlin"), ui.zone_label("Europe/Vienna")) == ("Berlin", "Wien")


@time_machine.travel(NOON, tick=False)
def test_a_window_is_open_until_its_moment() -> None:
    assert ui.is_open(NOON + timedelta(seconds=1))
    assert not ui.is_open(NOON)
    assert not ui.is_open(None)


def test_durations_are_short() -> None:
    shown = [ui.duration(0.02), ui.duration(8.2), ui.duration(12.2), ui.duration(185)]
    assert shown == ["0,1 Sek.", "8,2 Sek.", "12 Sek.", "3 Min. 5 Sek."]


@pytest.mark.parametrize(("name", "letters"), [("Anna Keller", "AK"), ("Zoë", "Z"), ("", "?"), (None, "?")])
def test_initials(name: str | None, letters: str) -> None:
    assert ui.initials(name) == letters


def test_an_unknown_icon_is_an_error() -> None:
    with pytest.raises(ValueError, match="not in the sprite"):
        icons.icon("unicorn")


def test_every_tone_has_an_icon_that_is_shipped() -> None:
    kinds = words.kinds()
    assert {words.tone(kind, state) for kind in kinds for state in words.known_states(kind)} <= set(ui.TONE_ICONS)
    assert set(ui.TONE_ICONS.values()) <= icons.NAMES


def test_a_state_is_never_colour_alone() -> None:
    badge = ui.state("message", "failed")
    assert "tone-bad" in badge
    assert "Nicht zugestellt" in badge


def test_an_unknown_state_is_shown_as_it_is() -> None:
    assert words.word("job", "half_done") == "Half done"
    assert words.tone("job", "half_done") == "mute"


def test_a_ring_is_filled_by_its_share() -> None:
    assert 'stroke-dasharray="81.7 163.4"' in charts.ring(50, "halb")


def test_a_sparkline_of_one_value_is_nothing() -> None:
    assert charts.sparkline([1], "x") == ""


def test_ninety_days_are_ninety_bars() -> None:
    assert charts.days(["ok"] * 88 + ["down", "?"], "x").count("<rect") == 90


def test_labels_of_pictures_are_escaped() -> None:
    assert 'aria-label="&lt;b&gt;"' in charts.bar(1, 2, "<b>")


@pytest.mark.parametrize(("used", "tone"), [(79, "brand"), (80, "wait"), (100, "bad")])
def test_a_meter_warns_before_the_limit(used: int, tone: str) -> None:
    assert f"tone-{tone}" in ui.meter(used, 100, "x")
