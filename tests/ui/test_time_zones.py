"""Time zones are chosen by place, and only those that there are."""

from datetime import UTC, datetime

import pytest
import time_machine
from django import forms
from django.db import connection
from django.utils import translation

from pilar.kernel import zones
from pilar.ui.time_zones import TimeZoneField

WINTER, SUMMER = datetime(2026, 1, 15, 12, tzinfo=UTC), datetime(2026, 7, 15, 12, tzinfo=UTC)


class PlaceForm(forms.Form):
    zone = TimeZoneField()


def _groups(form: PlaceForm) -> dict[str, dict[str, str]]:
    field = form["zone"].field
    assert isinstance(field, forms.ChoiceField)
    return {name: dict(options) for name, options in field.choices if not isinstance(options, str)}


@pytest.mark.parametrize(("at", "berlin"), [(WINTER, "Berlin (MEZ, UTC+1)"), (SUMMER, "Berlin (MESZ, UTC+2)")])
def test_the_zones_of_the_country_stand_on_top_with_the_clock_of_today(at: datetime, berlin: str) -> None:
    with time_machine.travel(at, tick=False):
        groups = _groups(PlaceForm(initial={"zone": "Europe/Berlin"}))
    assert list(groups) == [
        "Deutschland", "Europa", "Amerika", "Afrika", "Asien", "Ozeanien", "Antarktis", "Atlantik", "Indischer Ozean",
    ]  # fmt: skip
    assert groups["Deutschland"]["Europe/Berlin"] == berlin
    assert "Europe/Berlin" not in groups["Europa"], "nothing is there twice"
    assert list(groups["Europa"])[:2] == ["Europe/Amsterdam", "Europe/Andorra"]
    assert sum(len(options) for options in groups.values()) > 400


def test_they_are_named_in_the_language_of_the_reader() -> None:
    with translation.override("es"):
        groups = _groups(PlaceForm(initial={"zone": "Europe/Madrid"}))
    assert set(groups["España"]) == {"Europe/Madrid", "Africa/Ceuta", "Atlantic/Canary"}
    assert groups["Europa"]["Europe/London"].startswith("Londres")
    assert groups["Asia"]["Asia/Kolkata"] == "Kolkata (UTC+5:30)"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "Berlin", "+01:00", "../etc/passwd", "localtime"])
def test_another_answer_is_refused_in_a_sentence(zone: str) -> None:
    form = PlaceForm({"zone": zone}, initial={"zone": "Europe/Berlin"})
    assert form.errors["zone"] == ["Diese Zeitzone kennen wir nicht. Wähle eine aus der Liste."]
    assert f'"{zone}"' not in str(form["zone"])


@pytest.mark.parametrize("zone", ["Asia/Calcutta", "UTC"])
def test_a_zone_by_an_older_name_or_without_a_place_stays_who_has_it(zone: str) -> None:
    form = PlaceForm({"zone": zone}, initial={"zone": zone})
    assert form.is_valid()
    assert f'<option value="{zone}" selected>' in str(form["zone"])


@pytest.mark.django_db
def test_every_zone_is_one_that_the_database_reckons_in() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_timezone_names")
        assert zones.known() - {name for (name,) in cursor.fetchall()} == set()
