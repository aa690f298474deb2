"""The coach's main job through the real engine: due -> phone, and phone -> answer."""

from datetime import timedelta
from uuid import UUID

import pytest

from coach import followups, inbox
from coach.models import Conversation, Followup, Message
from pilar.backplane import engine, events
from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel import clock
from tests.coach.conftest import Model, Phone
from tests.coach.factories import inbound, last_out, lead_with_consent, willing_lead

pytestmark = pytest.mark.django_db


def work_off() -> None:
    engine.work_off(until=clock.now() + timedelta(seconds=5))


@pytest.fixture(autouse=True)
def open_all_day(studio: UUID) -> None:
    from coach import config

    with tenant(studio), atomic():
        config.save(changes={"window_start": "00:00", "window_end": "24:00"}, actor="test")


def test_a_followup_made_due_reaches_the_phone(studio: UUID, phone: Phone) -> None:
    now = clock.now()
    with tenant(studio), atomic():
        followups.plan(lead_with_consent(), type="motivation_message", at=now, actor="test", now=now)
    work_off()
    assert len(phone.texts) == 1


def test_a_text_from_the_phone_is_answered_by_the_model_and_marked_read(
    studio: UUID, phone: Phone, model: Model
) -> None:
    with tenant(studio), atomic():
        words = inbound(willing_lead(), "Wann kann ich morgen trainieren?", at=clock.now())
        events.publish("whatsapp.inbound", words, key="wa-in:1")
    work_off()
    assert phone.texts[0]["body"].startswith(model.text)
    assert phone.read == [words.message_id]


def test_several_quick_messages_get_one_answer(studio: UUID, phone: Phone, model: Model) -> None:
    with tenant(studio), atomic():
        lead = willing_lead()
        for number in range(3):
            words = inbound(lead, f"Nachricht {number}", at=clock.now())
            events.publish("whatsapp.inbound", words, key=f"wa-in:{number}")
    work_off()
    assert len(phone.texts) == 1


def test_words_that_arrive_while_the_model_writes_make_it_write_anew(studio: UUID, phone: Phone, model: Model) -> None:
    with tenant(studio):
        lead = willing_lead()
        with atomic():
            events.publish("whatsapp.inbound", inbound(lead, "Hallo", at=clock.now()), key="wa-in:1")

        def more() -> None:
            model.before = None
            inbox.receive(inbound(lead, "Und noch etwas", at=clock.now()), now=clock.now())

        model.before = more
    work_off()
    assert len(phone.texts) == 1
    assert len(model.asked) == 2


def test_the_same_message_delivered_twice_is_answered_once(studio: UUID, phone: Phone, model: Model) -> None:
    with tenant(studio), atomic():
        words = inbound(willing_lead(), "Hallo", at=clock.now())
        inbox.receive(words, now=clock.now())
        inbox.receive(words, now=clock.now())
    work_off()
    assert len(phone.texts) == 1


def test_a_yes_confirms_the_consent_and_plans_the_rhythm(studio: UUID, phone: Phone) -> None:
    with tenant(studio), atomic():
        lead = lead_with_consent()
        inbox.receive(inbound(lead, "Ja, gern!", at=clock.now()), now=clock.now())
    work_off()
    with tenant(studio), atomic():
        consent = lead.consents.get()
        assert consent.confirmed_at
        assert consent.proof_message.body == "Ja, gern!"
        assert Followup.objects.filter(lead=lead, status=Followup.Status.PENDING).count() == 1


def test_an_unknown_sender_becomes_a_lead_without_consent_and_is_answered(
    studio: UUID, phone: Phone, model: Model
) -> None:
    with tenant(studio), atomic():
        inbox.receive(inbound("4915199999999", "Hallo, was bietet ihr an?", at=clock.now()), now=clock.now())
    work_off()
    with tenant(studio), atomic():
        lead = Message.objects.get(direction=Message.Direction.IN).lead
        assert (lead.phone, lead.consents.count(), len(phone.texts)) == ("+4915199999999", 0, 1)


def test_when_the_model_is_away_a_fixed_text_goes_out_and_a_person_takes_over(
    studio: UUID, phone: Phone, model: Model
) -> None:
    model.away = True
    with tenant(studio), atomic():
        lead = willing_lead()
        inbox.receive(inbound(lead, "Habt ihr am Sonntag offen?", at=clock.now()), now=clock.now())
    work_off()
    with tenant(studio), atomic():
        assert Conversation.objects.get(lead=lead).owner == Conversation.Owner.WAITING
        assert last_out(lead).why["fallback"] == "no_model_answered"


@pytest.mark.parametrize("before", ["", "Habt ihr am Sonntag offen?"])
def test_a_picture_without_words_is_left_to_a_person_and_no_model_is_asked_about_it(
    studio: UUID, phone: Phone, model: Model, before: str
) -> None:
    with tenant(studio), atomic():
        lead = willing_lead()
        if before:
            inbox.receive(inbound(lead, before, at=clock.now()), now=clock.now())
    work_off()
    asked = len(model.asked)
    with tenant(studio), atomic():
        inbox.receive(inbound(lead, "", kind="image", at=clock.now()), now=clock.now())
    work_off()
    with tenant(studio), atomic():
        assert Conversation.objects.get(lead=lead).owner == Conversation.Owner.WAITING
        assert last_out(lead).why["fallback"] == "no_words"
    assert len(model.asked) == asked == int(bool(before))


def test_the_scheduler_finds_a_followup_whose_job_was_lost(studio: UUID, phone: Phone) -> None:
    now = clock.now()
    with tenant(studio), atomic():
        lead = willing_lead()
        Followup.objects.create(
            lead=lead, type="motivation_message", origin="person", scheduled_at=now - timedelta(minutes=1),
            expires_at=now + timedelta(hours=1), occurrence="lost", created_by="test",
        )  # fmt: skip
    assert followups.collect_due(now=now) == 1
    work_off()
    assert len(phone.texts) == 1
