"""The page of the coach's settings: what is so, what would be, and what a person changes about it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from coach import config, followups
from coach.models import Followup, Lead
from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel import clock
from pilar.kernel.principal import Role
from pilar.providers.models import Connection, MessageTemplate
from tests.coach.conftest import Model, make_studio, signed_in
from tests.coach.factories import willing_lead

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
FORM = {
    "target_audience": "Alle", "goal": "Kraft", "tone": "ruhig", "language": "de", "frequency": "daily",
    "window_start": "08:00", "window_end": "20:00", "auto_reply": "on",
}  # fmt: skip


def at(name: str, *ids: object) -> str:
    return reverse(f"coach:{name}", args=ids)


def text(answer: Any) -> str:
    return str(answer.content.decode())


@pytest.fixture
def planned(studio: UUID) -> Followup:
    with tenant(studio), atomic():
        found = followups.plan_next(willing_lead(name="Anna Berg"), now=clock.now())
    assert found
    return found


def test_the_page_says_what_is_so_and_what_comes(owner: Client, planned: Followup) -> None:
    page = text(owner.get(at("automation")))
    assert "Fitnessstudio-Mitglieder" in page
    assert at("followup_skip", planned.pk) in page
    assert 'class="chart chart-week"' in page


def test_a_coach_without_whatsapp_does_not_claim_to_write(owner: Client, studio: UUID) -> None:
    with tenant(studio), atomic():
        Connection.objects.filter(provider="whatsapp").update(status=Connection.Status.DISCONNECTED)
    page = text(owner.get(at("automation")))
    assert "Der Coach beginnt, sobald WhatsApp verbunden ist" in page
    assert "Der Coach ist an" not in page


def test_a_trial_shows_other_settings_and_saves_nothing(studio: UUID, owner: Client, planned: Followup) -> None:
    part = owner.post(at("simulate"), FORM, headers=HTMX)
    assert "ruhig" in text(part)
    assert "<html" not in text(part)
    assert part.context["week"]["messages"] == followups.SILENT_AFTER
    with tenant(studio), atomic():
        assert config.current().tone != "ruhig"


def test_without_a_script_a_trial_is_a_page_that_keeps_what_was_typed(owner: Client, planned: Followup) -> None:
    page = owner.post(at("simulate"), FORM)
    assert (page.context["is_trial"], page.context["form"]["tone"].value()) == (True, "ruhig")


def test_a_trial_of_nonsense_says_what_is_wrong(owner: Client, studio: UUID) -> None:
    answer = owner.post(at("simulate"), FORM | {"window_start": "22:00"})
    assert (answer.status_code, bool(answer.context["form"].errors)) == (400, True)


def test_an_example_is_written_by_the_model_with_settings_that_are_not_saved(
    owner: Client, studio: UUID, model: Model
) -> None:
    assert model.text in text(owner.post(at("example"), FORM))
    assert "Tone: ruhig" in model.asked[0]["instructions"]
    assert "The member is called Anna." in model.asked[0]["instructions"]


def test_without_a_model_the_example_says_that_the_words_are_fixed(owner: Client, studio: UUID, model: Model) -> None:
    model.away = True
    assert owner.post(at("example"), FORM).context["fallback"] == "no_model_answered"


def test_a_pause_until_a_day_ends_in_the_studio_s_morning(studio: UUID, owner: Client) -> None:
    day = (clock.now() + timedelta(days=5)).date()
    owner.post(at("pause"), {"paused": "1", "length": "day", "day": day.isoformat()})
    with tenant(studio), atomic():
        until = config.current().paused_until
    assert until
    assert abs(until.date() - day) <= timedelta(days=1)
    owner.post(at("pause"), {"paused": "0"})
    with tenant(studio), atomic():
        assert config.current().is_on(clock.now())


@pytest.mark.parametrize("form", [{"length": "day"}, {"length": "day", "day": "2020-01-01"}, {"length": "nope"}, {}])
def test_a_pause_that_makes_no_sense_changes_nothing(studio: UUID, owner: Client, form: dict[str, str]) -> None:
    owner.post(at("pause"), form | {"paused": "1"})
    with tenant(studio), atomic():
        assert config.current().is_on(clock.now())


def test_a_planned_message_is_skipped_from_the_page(studio: UUID, owner: Client, planned: Followup) -> None:
    owner.post(at("followup_skip", planned.pk))
    with tenant(studio), atomic():
        assert Followup.objects.get(pk=planned.pk).status == Followup.Status.SKIPPED


def test_a_message_that_may_not_go_out_now_says_why(studio: UUID, owner: Client, planned: Followup) -> None:
    with tenant(studio), atomic():
        Lead.objects.update(status=Lead.Status.UNREACHABLE)
    answer = owner.post(at("followup_send", planned.pk), follow=True)
    assert "WhatsApp erreicht diese Nummer nicht" in text(answer)


def test_templates_in_other_languages_are_folded_away_unless_they_are_in_trouble(owner: Client, studio: UUID) -> None:
    with tenant(studio), atomic():
        MessageTemplate.objects.filter(language="fr").update(status="PAUSED")
    page = owner.get(at("automation")).context
    assert {row.language for row in page["templates"]} == {"de", "fr"}
    assert {row.language for row in page["other_templates"]} == {"en", "es", "it"}


def test_what_comes_after_the_next_five_messages_is_folded_away(owner: Client, studio: UUID) -> None:
    with tenant(studio), atomic():
        for _number in range(7):
            followups.plan_next(willing_lead(), now=clock.now())
    page = owner.get(at("automation")).context
    assert (len(page["next"]), len(page["later"])) == (5, 2)


def test_a_rejected_template_says_what_to_do(studio: UUID, owner: Client) -> None:
    with tenant(studio), atomic():
        MessageTemplate.objects.update(status="REJECTED", rejected_reason="INVALID_FORMAT")
    page = text(owner.get(at("automation")))
    assert "Platzhalter" in page
    assert "business.facebook.com" in page


def test_another_studio_s_planned_message_is_not_there(planned: Followup) -> None:
    outsider = signed_in(make_studio())
    for name in ("followup_skip", "followup_send"):
        assert outsider.post(at(name, planned.pk)).status_code == 404


def test_coaches_do_not_change_the_coach(studio: UUID, planned: Followup) -> None:
    person = signed_in(studio, Role.COACH)
    answers = [person.post(at(name)) for name in ("simulate", "example", "pause")]
    assert [answer.status_code for answer in answers] == [403, 403, 403]
