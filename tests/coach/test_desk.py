"""What people keep beside the chats, what they do with planned messages, and pauses that end by themselves."""

from datetime import timedelta

import pytest

from coach import config, desk, followups, planned, reasons
from coach.models import ChatNote, Conversation, Followup, Lead, Message, SavedReply
from pilar.backplane.models import AuditLog
from pilar.backplane.tenancy import atomic
from pilar.kernel.problems import Conflict, NotFound, Problem
from tests.coach.conftest import Model, Phone
from tests.coach.factories import NOON, open_window, willing_lead
from tests.coach.test_inbox import reply_now, writes
from tests.coach.test_nudges import run, state

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_studio", "noon")]
Status = Followup.Status


@pytest.fixture
def chat() -> Conversation:
    return open_window(willing_lead(name="Anna Berg"), at=NOON)


@pytest.fixture
def next_one() -> Followup:
    with atomic():
        found = followups.plan_next(willing_lead(), now=NOON)
    assert found
    return found


def test_a_note_is_kept_audited_and_never_sent(chat: Conversation) -> None:
    with atomic():
        note = desk.add_note(chat, text=" Knie schonen ", actor="user:1", now=NOON)
    assert (note.body, note.author) == ("Knie schonen", "user:1")
    assert not Message.objects.exists()
    assert AuditLog.objects.filter(action="note.added").count() == 1


@pytest.mark.parametrize("text", ["", "  ", "x" * 2001])
def test_an_empty_or_endless_note_is_refused(chat: Conversation, text: str) -> None:
    with pytest.raises(Problem), atomic():
        desk.add_note(chat, text=text, actor="user:1", now=NOON)


def test_a_note_is_removed_from_its_own_chat_only(chat: Conversation) -> None:
    with atomic():
        note = desk.add_note(chat, text="x", actor="user:1", now=NOON)
    other = open_window(willing_lead(), at=NOON)
    with pytest.raises(NotFound), atomic():
        desk.remove_note(other, note_id=note.pk, actor="user:1")
    with atomic():
        desk.remove_note(chat, note_id=note.pk, actor="user:1")
    assert not ChatNote.objects.exists()


def test_a_saved_reply_is_filled_in_for_the_person(chat: Conversation) -> None:
    words = desk.filled("Hallo {first_name}, willkommen bei {studio}! {x}", chat.lead, "Kraftwerk")
    assert words == "Hallo Anna, willkommen bei Kraftwerk! {x}"


def test_two_saved_replies_cannot_have_one_title(chat: Conversation) -> None:
    with atomic():
        desk.save_reply(title="Öffnungszeiten", body="Bis 22 Uhr", actor="user:1")
    with pytest.raises(Conflict), atomic():
        desk.save_reply(title="Öffnungszeiten", body="Bis 23 Uhr", actor="user:1")
    assert SavedReply.objects.get().body == "Bis 22 Uhr"


def test_a_skipped_message_is_left_out_and_the_next_one_planned(next_one: Followup) -> None:
    with atomic():
        planned.skip(next_one.pk, actor="user:1", now=NOON)
    assert state(next_one) == (Status.SKIPPED, "skipped_by_person")
    assert Followup.objects.get(status=Status.PENDING).scheduled_at > next_one.scheduled_at


def test_a_message_brought_forward_goes_out_once(next_one: Followup, phone: Phone) -> None:
    with atomic():
        planned.send_now(next_one.pk, actor="user:1", now=NOON)
    run(next_one)
    run(next_one)
    assert (len(phone.texts), state(next_one)[0]) == (1, Status.SENT)


def test_a_gate_that_stands_in_the_way_is_named_and_nothing_changes(next_one: Followup) -> None:
    with atomic():
        Lead.objects.update(status=Lead.Status.UNREACHABLE)
    with pytest.raises(Conflict) as refused, atomic():
        planned.send_now(next_one.pk, actor="user:1", now=NOON)
    assert (refused.value.code, reasons.told("unreachable") in refused.value.detail) == ("held_back", True)
    before = next_one.scheduled_at
    next_one.refresh_from_db()
    assert next_one.scheduled_at == before


def test_what_has_been_sent_can_no_longer_be_skipped(next_one: Followup) -> None:
    with atomic():
        Followup.objects.update(status=Status.SENT)
    with pytest.raises(Conflict), atomic():
        planned.skip(next_one.pk, actor="user:1", now=NOON)


def test_a_pause_holds_nudges_and_answers_and_ends_by_itself(chat: Conversation, model: Model) -> None:
    with atomic():
        paused = config.pause(until=NOON + timedelta(days=3), actor="user:1", now=NOON)
    writes(chat.lead, "Hallo?")
    assert reply_now(chat.lead) == {"outcome": "left_to_people", "reason": "auto_reply_off"}
    assert (paused.is_on(NOON), paused.is_on(NOON + timedelta(days=3))) == (False, True)


def test_after_a_pause_nothing_planned_lies_in_it(next_one: Followup) -> None:
    until = NOON + timedelta(days=21)
    with atomic():
        config.pause(until=until, actor="user:1", now=NOON)
    followups.replan(now=NOON)
    assert Followup.objects.get(status=Status.PENDING).scheduled_at > until


def test_going_on_ends_every_pause(chat: Conversation) -> None:
    with atomic():
        config.pause(until=None, actor="user:1", now=NOON)
        assert config.go_on(actor="user:1").is_on(NOON)


@pytest.mark.parametrize("days", [-1, 400])
def test_a_pause_ends_within_a_year(chat: Conversation, days: int) -> None:
    with pytest.raises(Problem), atomic():
        config.pause(until=NOON + timedelta(days=days), actor="user:1", now=NOON)
