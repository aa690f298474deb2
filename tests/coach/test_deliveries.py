"""What WhatsApp says of our messages: states move forward only, whatever the order, and errors have consequences."""

from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach import deliveries, followups, nudges
from coach.deliveries import RANK, may_follow
from coach.models import CoachingState, Conversation, Followup, Lead, Message
from coach.payloads import FollowupDue
from pilar.backplane import effects
from pilar.backplane.tenancy import atomic, current
from pilar.kernel.ids import uuid7
from pilar.kernel.switchboard import Work
from tests.coach.conftest import Phone, lost_answer
from tests.coach.factories import NOON, last_out, status, willing_lead

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_studio", "noon")]
State = Message.State


@pytest.fixture
def lead() -> Lead:
    return willing_lead()


@pytest.fixture
def sent(lead: Lead, phone: Phone) -> Message:
    with atomic():
        due = followups.plan(lead, type="motivation_message", at=NOON, actor="test", now=NOON)
    nudges.send_due(Work(uuid7(), current(), "coach.followup", FollowupDue(followup_id=due.pk), 1, uuid7()))
    return last_out(lead)


def tell(message: Message, word: str, **more: int) -> Message:
    deliveries.apply(status(message, word, **more), now=NOON)
    with atomic():
        message.refresh_from_db()
    return message


def followup() -> Followup:
    with atomic():
        return Followup.objects.get(origin=Followup.Origin.PERSON)


def test_an_accepted_message_is_not_called_sent_before_whatsapp_says_so(sent: Message) -> None:
    assert (sent.state, bool(sent.provider_id)) == (State.QUEUED, True)


@pytest.mark.parametrize("order", list(permutations(["sent", "delivered", "read"])))
def test_the_highest_state_stands_whatever_the_order(sent: Message, order: tuple[str, ...]) -> None:
    for word in order:
        tell(sent, word)
    assert sent.state == State.READ


def test_a_failure_after_delivery_changes_nothing(sent: Message) -> None:
    tell(sent, "delivered")
    assert tell(sent, "failed", code=131000).state == State.DELIVERED


@given(before=st.sampled_from(list(RANK)), after=st.sampled_from(list(RANK)))
def test_no_state_ever_moves_back(before: State, after: State) -> None:
    if may_follow(before, after) and State.FAILED not in (before, after):
        assert RANK[after] > RANK[before]


def test_a_lost_answer_is_settled_by_its_status(lead: Lead, phone: Phone) -> None:
    phone.failure = lost_answer()
    with atomic():
        due = followups.plan(lead, type="motivation_message", at=NOON, actor="test", now=NOON)
    nudges.send_due(Work(uuid7(), current(), "coach.followup", FollowupDue(followup_id=due.pk), 1, uuid7()))
    message = last_out(lead)
    assert message.state == State.UNKNOWN
    tell(message, "delivered")
    assert (message.state, followup().status) == (State.DELIVERED, Followup.Status.SENT)
    assert effects.find(message.effect_key).state == "sent"


def test_a_status_that_overtakes_a_lost_answer_closes_the_follow_up(lead: Lead, phone: Phone) -> None:
    phone.failure = lost_answer()
    phone.before = lambda: deliveries.apply(status(last_out(lead), "delivered"), now=NOON)
    with atomic():
        due = followups.plan(lead, type="motivation_message", at=NOON, actor="test", now=NOON)
    nudges.send_due(Work(uuid7(), current(), "coach.followup", FollowupDue(followup_id=due.pk), 1, uuid7()))
    assert (last_out(lead).state, followup().status) == (State.DELIVERED, Followup.Status.SENT)


def test_a_status_that_overtakes_our_own_note_is_kept(sent: Message) -> None:
    Message.objects.filter(pk=sent.pk).update(provider_id="")
    deliveries.apply(status(sent, "delivered"), now=NOON)
    sent.refresh_from_db()
    assert (sent.state, sent.provider_id) == (State.DELIVERED, status(sent, "x").message_id)


def test_a_first_message_that_failed_has_told_nobody_that_an_ai_writes(sent: Message) -> None:
    assert Conversation.objects.get().ai_disclosed_at
    tell(sent, "failed", code=131026)
    assert Conversation.objects.get().ai_disclosed_at is None


def test_a_status_of_an_unknown_message_is_passed_over(sent: Message) -> None:
    strange = status(Message(pk=uuid7()), "delivered")
    deliveries.apply(strange, now=NOON)
    assert Message.objects.filter(state=State.DELIVERED).count() == 0


def test_a_person_who_stopped_marketing_at_whatsapp_is_opted_out(lead: Lead, sent: Message) -> None:
    tell(sent, "failed", code=131050)
    lead.refresh_from_db()
    assert lead.status == Lead.Status.OPTED_OUT


@pytest.mark.parametrize(("times", "days"), [(0, 1), (1, 2), (2, 3), (7, 3)])
def test_a_person_held_back_by_whatsapp_is_left_alone_for_growing_times(
    lead: Lead, sent: Message, times: int, days: int
) -> None:
    Lead.objects.filter(pk=lead.pk).update(capped_times=times)
    tell(sent, "failed", code=131049)
    lead.refresh_from_db()
    assert lead.nudges_paused_until == NOON + timedelta(days=days)
    assert followup().status == Followup.Status.FAILED


def test_what_did_not_arrive_does_not_let_the_rhythm_rest(lead: Lead, sent: Message) -> None:
    CoachingState.objects.filter(lead=lead).update(unanswered=followups.SILENT_AFTER, nudges_sent=3)
    tell(sent, "failed", code=131049)
    state = CoachingState.objects.get(lead=lead)
    assert (state.unanswered, state.nudges_sent, followups.is_resting(state)) == (2, 2, False)


def test_three_undeliverable_messages_make_a_person_unreachable(lead: Lead, sent: Message) -> None:
    Lead.objects.filter(pk=lead.pk).update(undeliverable_times=2)
    tell(sent, "failed", code=131026)
    lead.refresh_from_db()
    assert lead.status == Lead.Status.UNREACHABLE


def test_a_transient_failure_is_tried_again_under_a_new_intent(sent: Message) -> None:
    tell(sent, "failed", code=131000)
    again = followup()
    assert (again.status, again.attempt) == (Followup.Status.PENDING, 1)
    assert nudges.key_of(again) != sent.effect_key


def test_after_three_attempts_it_is_given_up(sent: Message) -> None:
    Followup.objects.filter(pk=followup().pk).update(attempt=2)
    Message.objects.filter(pk=sent.pk).update(effect_key=nudges.key_of(followup()))
    sent.refresh_from_db()
    tell(sent, "failed", code=131000)
    assert followup().status == Followup.Status.FAILED


def test_a_closed_window_reported_late_is_believed(lead: Lead, sent: Message) -> None:
    Message.objects.filter(pk=sent.pk).update(template=None)
    Conversation.objects.filter(lead=lead).update(last_inbound_at=NOON - timedelta(hours=1))
    tell(sent, "failed", code=131047)
    assert not Conversation.objects.get(lead=lead).is_open(NOON + timedelta(seconds=1))
    assert followup().status == Followup.Status.PENDING
