"""A person of the studio has the word: the AI never talks over them, whatever it had begun."""

from datetime import timedelta

import pytest

from coach import chats, config, followups, handover, inbox
from coach.models import Conversation, Followup, Lead, Message
from coach.payloads import ReplyDue
from coach.replies import answer
from pilar.backplane.models import AutopilotJob
from pilar.backplane.tenancy import atomic, current
from pilar.kernel.ids import uuid7
from pilar.kernel.problems import Problem
from pilar.kernel.switchboard import Work
from tests.coach.conftest import Model, Phone, away
from tests.coach.factories import NOON, inbound, last_out, open_window, willing_lead
from tests.coach.test_inbox import reply_now, writes
from tests.coach.test_nudges import due, run, state

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_studio", "noon")]
Owner, Status = Conversation.Owner, Followup.Status


@pytest.fixture
def lead() -> Lead:
    return willing_lead()


def take_over(lead: Lead) -> None:
    with atomic():
        handover.give_to(
            Conversation.objects.select_related("lead").get(lead=lead), owner=Owner.HUMAN, actor="user:1", now=NOON
        )


def of_rhythm(lead: Lead) -> Followup:
    with atomic():
        planned = followups.plan_next(lead, now=NOON)
        assert planned
        Followup.objects.filter(pk=planned.pk).update(scheduled_at=NOON, expires_at=NOON + timedelta(hours=6))
    return planned


def test_taking_over_says_who_and_handing_back_says_nobody(lead: Lead) -> None:
    chat = open_window(lead, at=NOON)
    take_over(lead)
    chat.refresh_from_db()
    assert (chat.owner, chat.taken_by) == (Owner.HUMAN, "user:1")
    with atomic():
        handover.give_to(chat, owner=Owner.AI, actor="user:1", now=NOON)
    chat.refresh_from_db()
    assert (chat.owner, chat.taken_by) == (Owner.AI, "")


def test_the_word_is_given_to_nobody_else(lead: Lead) -> None:
    chat = open_window(lead, at=NOON)
    with pytest.raises(Problem), atomic():
        handover.give_to(chat, owner="waiting", actor="user:1", now=NOON)


def test_an_answer_is_thrown_away_when_a_person_takes_over_while_the_model_thinks(
    lead: Lead, phone: Phone, model: Model
) -> None:
    writes(lead, "Wann habt ihr offen?")
    model.before = lambda: take_over(lead)
    reply_now(lead)
    assert phone.texts == []


def test_an_answer_that_waits_for_whatsapp_is_dropped_when_a_person_takes_over(
    lead: Lead, phone: Phone, model: Model
) -> None:
    writes(lead, "Wann habt ihr offen?")
    phone.failure = away()
    reply_now(lead)
    take_over(lead)
    reply_now(lead)
    assert (phone.texts, last_out(lead).state) == ([], Message.State.DROPPED)


def test_the_rhythm_waits_while_a_person_talks(lead: Lead, phone: Phone, model: Model) -> None:
    planned = of_rhythm(lead)
    writes(lead, "Ich habe eine Frage")
    take_over(lead)
    run(planned)
    assert (phone.texts, state(planned)[1]) == ([], "a_person_talks")


def test_a_nudge_that_waits_for_whatsapp_is_dropped_when_a_person_takes_over(
    lead: Lead, phone: Phone, model: Model
) -> None:
    planned = of_rhythm(lead)
    open_window(lead, at=NOON)
    phone.failure = away()
    run(planned)
    take_over(lead)
    run(planned)
    assert (phone.texts, state(planned)) == ([], (Status.SKIPPED, "a_person_talks"))


def test_what_a_person_planned_goes_out_also_while_a_person_talks(lead: Lead, phone: Phone, model: Model) -> None:
    open_window(lead, at=NOON)
    take_over(lead)
    run(due(lead, text="Bis morgen!"))
    assert len(phone.texts) == 1


def test_who_asks_for_a_person_and_has_one_gets_no_second_promise(lead: Lead) -> None:
    writes(lead, "Hallo")
    take_over(lead)
    with atomic():
        inbox.receive(inbound(lead, "Mensch"), now=NOON)
        assert not Message.objects.filter(lead=lead, why__trigger="hand_over").exists()


def hand_back(lead: Lead) -> None:
    with atomic():
        chat = Conversation.objects.select_related("lead").get(lead=lead)
        handover.give_to(chat, owner=Owner.AI, actor="user:1", now=NOON)


def ordered() -> int:
    """Work on the answers that are due, and count them."""
    with atomic():
        due = list(AutopilotJob.objects.filter(type="coach.reply"))
    for job in due:
        answer(Work(uuid7(), current(), "coach.reply", ReplyDue.model_validate(job.payload), 1, uuid7()))
    return len(due)


@pytest.fixture
def unanswered(lead: Lead, phone: Phone, model: Model) -> Lead:
    """A person took the chat over before the member wrote, and has not answered."""
    open_window(lead, at=NOON)
    take_over(lead)
    writes(lead, "Wann habt ihr offen?")
    with atomic():
        AutopilotJob.objects.all().delete()
    return lead


def test_handed_back_the_ai_answers_what_waits_once(unanswered: Lead, phone: Phone, model: Model) -> None:
    hand_back(unanswered)
    hand_back(unanswered)
    assert (ordered(), [sent["body"] for sent in phone.texts]) == (1, [last_out(unanswered).body])
    ordered()
    take_over(unanswered)
    hand_back(unanswered)
    ordered()
    assert len(phone.texts) == 1


def test_what_a_person_answered_is_not_answered_again(unanswered: Lead, phone: Phone) -> None:
    with atomic():
        chat = Conversation.objects.select_related("lead").get(lead=unanswered)
        chats.write(chat, text="Bis 22 Uhr.", actor="user:1", now=NOON)
    hand_back(unanswered)
    assert ordered() == 0


def test_who_asked_for_a_person_is_not_answered_by_the_ai(unanswered: Lead) -> None:
    with atomic():
        inbox.receive(inbound(unanswered, "Mensch"), now=NOON + timedelta(seconds=1))
    hand_back(unanswered)
    assert ordered() == 0


def test_an_answer_that_was_dropped_for_a_person_is_given_when_they_hand_back(
    lead: Lead, phone: Phone, model: Model
) -> None:
    writes(lead, "Wann habt ihr offen?")
    phone.failure = away()
    reply_now(lead)
    take_over(lead)
    reply_now(lead)
    hand_back(lead)
    ordered()
    assert len(phone.texts) == 1


def test_a_coach_that_is_off_leaves_what_was_handed_back_to_people(unanswered: Lead, phone: Phone) -> None:
    with atomic():
        config.save(changes={"auto_reply": False}, actor="user:1")
        chat = Conversation.objects.select_related("lead").get(lead=unanswered)
        assert handover.outlook(chat, now=NOON) == "silent"
    hand_back(unanswered)
    ordered()
    chat.refresh_from_db()
    assert (phone.texts, chat.owner) == ([], Owner.WAITING)


@pytest.mark.parametrize("closed", [timedelta(hours=25), timedelta(hours=23, minutes=57)])
def test_what_the_window_no_longer_allows_is_not_promised(unanswered: Lead, closed: timedelta) -> None:
    with atomic():
        Conversation.objects.update(last_inbound_at=NOON - closed)
        chat = Conversation.objects.select_related("lead").get(lead=unanswered)
        assert handover.outlook(chat, now=NOON) == ""
    hand_back(unanswered)
    assert ordered() == 0
