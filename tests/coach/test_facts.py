"""Each fact that a message is made from is said in the language of whoever asks why."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from uuid import UUID

import pytest
from django.utils.translation import override

from coach import leads
from coach.agent import context, facts
from coach.models import CoachingState, Goal
from coach.pages.shown.facts import line
from pilar.backplane.tenancy import atomic, tenant
from tests.coach.factories import lead_with_consent
from tests.coach.test_onboarding import describe

WISHES = {
    "frequency": "weekly",
    "time_of_day": "",
    "weekdays": [0],
    "motivation_style": "challenging",
    "pause_until": "2027-01-03T12:00:00+00:00",
}
KEPT: dict[str, Any] = {
    "address": "Weg 1, 50674 Köln",
    "website": "https://studio.test",
    "opening_hours": {"mon": [["06:00", "22:00"]], "tue": []},
    "goal": {"type": "weight_loss", "target": "5 kg", "progress": 40},
    "last_training": "2026-11-20",
    "style": "challenging",
    "wishes": WISHES,
}
"""One fact of each name, as it lies with a message."""


def said(name: str) -> str:
    return line({"name": name, "value": KEPT[name]})


@pytest.mark.django_db
def test_every_fact_that_is_gathered_is_kept_by_its_name(studio: UUID) -> None:
    describe(studio, website=KEPT["website"], opening_hours=KEPT["opening_hours"])
    paused = datetime(2027, 1, 3, 12, tzinfo=UTC)
    with tenant(studio), atomic():
        lead = lead_with_consent(paused_until=paused)
        Goal.objects.create(lead=lead, **KEPT["goal"])
        wished = {"frequency": "weekly", "weekdays": [0], "motivation_style": "challenging"}
        CoachingState.objects.create(lead=lead, last_training_date="2026-11-20", **wished)
        found = context.gather(leads.conversation_of(lead), now=paused - timedelta(days=1)).why()["facts"]
    assert {one["name"]: one["value"] for one in json.loads(json.dumps(found))} == KEPT
    assert set(get_args(facts.Name)) == set(KEPT)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("website", "Website: https://studio.test"),
        ("opening_hours", "Öffnungszeiten: Mo 06:00–22:00; Di geschlossen"),
        ("goal", "Ziel: Abnehmen, 5 kg (40 %)"),
        ("last_training", "Letztes Training: 20. November 2026"),
        ("style", "Gewünschter Ton: Fordernd"),
    ],
)
def test_a_fact_is_said_in_german(name: str, words: str) -> None:
    with override("de"):
        assert said(name) == words


@pytest.mark.parametrize("language", ["de", "es", "fr", "it"])
@pytest.mark.parametrize("name", sorted({*get_args(facts.Name)} - {"website"}))
def test_no_fact_is_said_in_english_to_who_reads_another_language(name: str, language: str) -> None:
    with override("en"):
        english = said(name)
    with override(language):
        assert said(name) != english


def test_what_was_kept_in_words_stays_readable() -> None:
    assert line("Opening hours: 6-22") == "Opening hours: 6-22"
