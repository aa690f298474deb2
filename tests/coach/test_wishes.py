"""A member says in the chat when and how often to write: kept within the page's limits, confirmed, and explained."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import time_machine
from django.test import Client

from coach import inbox, preferences
from coach.agent import context
from coach.agent.wishes import Asked
from coach.models import Conversation, Followup, Lead, Message
from coach.preferences import Preferences
from pilar.backplane import engine
from pilar.backplane.models import AuditLog
from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel import clock
from tests.coach.conftest import Model, Phone
from tests.coach.factories import inbound, last_out, willing_lead

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _noon(noon: time_machine.Traveller) -> None:
    """Everything happens on a Wednesday in November."""


def says(studio: UUID, words: str, lead: Lead | None = None) -> Lead:
    with tenant(studio), atomic():
        lead = lead or willing_lead()
        inbox.receive(inbound(lead, words, at=clock.now()), now=clock.now())
    engine.work_off(until=clock.now() + timedelta(seconds=5))
    with tenant(studio), atomic():
        return Lead.objects.get(pk=lead.pk)


def test_days_and_a_time_are_kept_and_said_in_our_words(studio: UUID, phone: Phone, model: Model) -> None:
    model.wishes = Asked(weekdays=["wed", "mon"], time_of_day="18:00")
    lead = says(studio, "Schreib mir bitte nur montags und mittwochs abends")
    with tenant(studio), atomic():
        assert preferences.of(lead) == Preferences(weekdays=(0, 2), time_of_day="18:00")
    assert "Notiert: nur Montag, Mittwoch, gegen 18:00." in phone.texts[0]["body"]


def test_the_next_message_comes_on_a_day_that_was_asked_for(studio: UUID, phone: Phone, model: Model) -> None:
    model.wishes = Asked(weekdays=["tue"])
    lead = says(studio, "nur dienstags")
    with tenant(studio), atomic():
        days = {row.scheduled_at.weekday() for row in Followup.objects.filter(lead=lead, status="pending")}
    assert days == {1}


def test_what_was_not_spoken_of_stays(studio: UUID, phone: Phone, model: Model) -> None:
    model.wishes = Asked(frequency="weekly")
    with tenant(studio), atomic():
        lead = willing_lead()
        preferences.change(lead, Preferences(time_of_day="07:30"), actor="user:1", now=clock.now())
    says(studio, "Einmal die Woche reicht", lead)
    with tenant(studio), atomic():
        assert preferences.of(lead) == Preferences(frequency="weekly", time_of_day="07:30")


def test_what_is_written_after_a_change_is_answered_too(studio: UUID, phone: Phone, model: Model) -> None:
    model.wishes = Asked(frequency="weekly")
    lead = says(studio, "Einmal die Woche reicht")
    model.wishes = None
    says(studio, "Und wann habt ihr offen?", lead)
    assert len(phone.texts) == 2


def test_a_pause_ends_with_the_day_that_was_named(studio: UUID, phone: Phone, model: Model) -> None:
    model.wishes = Asked(pause_until="2026-12-13")
    lead = says(studio, "Ich bin zwei Wochen im Urlaub")
    assert lead.paused_until == datetime(2026, 12, 13, 22, 59, tzinfo=UTC)
    assert "Pause bis einschließlich 13. Dezember" in phone.texts[0]["body"]


def test_a_pause_is_ended(studio: UUID, phone: Phone, model: Model, noon: time_machine.Traveller) -> None:
    model.wishes = Asked(pause_until="2026-12-13")
    lead = says(studio, "Pause bitte")
    noon.shift(60)
    model.wishes = Asked(end_pause=True)
    assert says(studio, "Bin wieder da", lead).paused_until is None
    assert "die Pause ist zu Ende" in phone.texts[-1]["body"]


@pytest.mark.parametrize(
    "asked",
    [
        Asked(time_of_day="25:00"),
        Asked(pause_until="2026-11-01"),
        Asked(pause_until="2030-01-01"),
        Asked(pause_until="soon"),
    ],
)
def test_what_the_page_would_refuse_changes_nothing_and_the_answer_says_so(
    studio: UUID, phone: Phone, model: Model, asked: Asked
) -> None:
    model.wishes = asked
    lead = says(studio, "Bitte anders")
    with tenant(studio), atomic():
        assert (preferences.of(lead), lead.paused_until) == (Preferences(), None)
        assert last_out(lead).why["wishes"] == {"refused": True}
        assert Conversation.objects.get(lead=lead).owner == Conversation.Owner.AI
    said = phone.texts[0]["body"]
    assert said.startswith(model.text)
    assert "So kann ich das leider nicht einstellen" in said


def test_a_stop_comes_before_every_wish(studio: UUID, phone: Phone, model: Model) -> None:
    model.wishes = Asked(weekdays=["mon"])
    lead = says(studio, "STOP")
    assert (lead.status, model.asked) == (Lead.Status.OPTED_OUT, [])


def test_an_answer_that_is_thrown_away_changes_nothing(studio: UUID, phone: Phone, model: Model) -> None:
    model.wishes = Asked(weekdays=["mon"])

    def a_person_takes_over() -> None:
        with tenant(studio), atomic():
            Conversation.objects.update(owner=Conversation.Owner.HUMAN)

    model.before = a_person_takes_over
    lead = says(studio, "nur montags")
    with tenant(studio), atomic():
        assert preferences.of(lead) == Preferences()


def test_the_trail_names_the_message_that_asked_for_it(studio: UUID, phone: Phone, model: Model) -> None:
    model.wishes = Asked(weekdays=["mon"])
    lead = says(studio, "nur montags")
    with tenant(studio), atomic():
        asked = Message.objects.get(lead=lead, direction=Message.Direction.IN)
        row = AuditLog.objects.get(action="lead.preferences")
        assert (row.actor, row.after["message_id"]) == ("member", str(asked.pk))


def test_the_model_is_told_what_holds(studio: UUID, phone: Phone, model: Model) -> None:
    model.wishes = Asked(weekdays=["mon"])
    lead = says(studio, "nur montags")
    with tenant(studio), atomic():
        told = context.gather(Conversation.objects.get(lead=lead), now=clock.now()).facts
    assert "Wishes about our messages: only on mon" in [fact.told for fact in told]


def test_why_shows_the_owner_what_was_set(studio: UUID, phone: Phone, model: Model, owner: Client) -> None:
    model.wishes = Asked(weekdays=["mon"], pause_until="2026-12-13")
    lead = says(studio, "nur montags, und erst nach dem Urlaub")
    with tenant(studio), atomic():
        message = last_out(lead)
    page = owner.get(f"/dashboard/chats/{message.conversation_id}/why/{message.pk}").content.decode()
    assert "Nur an: Montag" in page
    assert "Pausiert bis 13. Dezember 2026" in page
