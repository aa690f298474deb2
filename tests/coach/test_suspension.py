"""A studio that has stopped paying: its coach falls silent, and a member's STOP is obeyed all the same."""

from datetime import timedelta
from uuid import UUID

import pytest

from coach import chats, followups, inbox
from coach.models import Conversation, Followup, Lead
from pilar.backplane.engine import work_off
from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel import clock
from pilar.kernel.problems import Conflict
from tests.coach.conftest import Model, Phone
from tests.coach.factories import inbound, last_out, open_window, willing_lead
from workspaces import directory


@pytest.fixture
def lead(studio: UUID) -> Lead:
    """A member of a studio that is suspended now."""
    with tenant(studio):
        member = willing_lead()
    directory.suspend(workspace_id=studio, reason="subscription_unpaid", actor="test", now=clock.now())
    return member


def writes(lead: Lead, text: str) -> None:
    with tenant(lead.workspace_id):
        inbox.receive(inbound(lead, text, at=clock.now()), now=clock.now())
    work_off(until=clock.now() + timedelta(seconds=5))


def test_a_stop_is_obeyed_and_confirmed(lead: Lead, phone: Phone, model: Model) -> None:
    writes(lead, "STOP")
    with tenant(lead.workspace_id), atomic():
        lead.refresh_from_db()
        assert lead.status == Lead.Status.OPTED_OUT
        assert last_out(lead).why["trigger"] == "opt_out"
    assert len(phone.texts) == 1


def test_anything_else_waits_for_a_person(lead: Lead, phone: Phone, model: Model) -> None:
    writes(lead, "Wann hast du heute Zeit?")
    with tenant(lead.workspace_id), atomic():
        assert Conversation.objects.get(lead=lead).owner == Conversation.Owner.WAITING
    assert (phone.texts, model.asked) == ([], [])


def test_follow_ups_stay_unsent(lead: Lead, phone: Phone, model: Model) -> None:
    with tenant(lead.workspace_id), atomic():
        planned = followups.plan(lead, type="motivation_message", at=clock.now(), actor="test", now=clock.now())
    work_off(until=clock.now() + timedelta(minutes=10))
    with tenant(lead.workspace_id), atomic():
        planned.refresh_from_db()
        assert planned.status in (Followup.Status.PENDING, Followup.Status.PROCESSING)
    assert phone.texts == []


def test_nobody_of_the_studio_writes_by_hand(lead: Lead, phone: Phone) -> None:
    with tenant(lead.workspace_id), atomic():
        chat = open_window(lead, at=clock.now())
        with pytest.raises(Conflict) as refused:
            chats.write(chat, text="Hallo", actor="user:1", now=clock.now())
    assert refused.value.code == "suspended"


def test_who_paid_again_is_answered_again(lead: Lead, phone: Phone, model: Model) -> None:
    directory.resume(workspace_id=lead.workspace_id, actor="test", now=clock.now())
    writes(lead, "Wann hast du heute Zeit?")
    assert len(phone.texts) == 1
