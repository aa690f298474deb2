"""The question for consent: answered, or after three days a matter for the studio's people."""

from datetime import timedelta

import pytest
import time_machine

from coach import erasure, followups, inbox, nudges, optout, unanswered
from coach.models import Followup, Lead
from coach.payloads import FollowupDue
from pilar.backplane.models import ActivityLog, AutopilotJob
from pilar.backplane.tenancy import atomic, current
from pilar.kernel.ids import uuid7
from pilar.kernel.switchboard import Work
from tests.coach.conftest import Phone
from tests.coach.factories import NOON, inbound, lead_with_consent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_studio")]


@pytest.fixture
def asked(noon: time_machine.Traveller, phone: Phone) -> Lead:
    """A member whom the coach has asked whether it may write."""
    lead = lead_with_consent()
    with atomic():
        followups.plan_first(lead, now=NOON)
        question = Followup.objects.get(lead=lead, type=followups.WELCOME)
    noon.move_to(question.scheduled_at)
    due = FollowupDue(followup_id=question.pk)
    nudges.send_due(Work(uuid7(), current(), "coach.followup", due, 1, uuid7()))
    assert len(phone.texts) == 1
    return lead


def three_days_later() -> object:
    """Run what waits, as the worker does when the wait has ended."""
    with atomic():
        job = AutopilotJob.objects.get(type=unanswered.JOB)
    due = FollowupDue.model_validate(job.payload)
    return unanswered.tell(Work(job.public_id, current(), job.type, due, 1, job.correlation_id))


def told() -> list[str]:
    with atomic():
        return list(ActivityLog.objects.filter(kind="consent.unanswered").values_list("subject_id", flat=True))


def test_who_agrees_in_time_is_nobody_s_business(asked: Lead) -> None:
    with atomic():
        inbox.receive(inbound(asked, "Ja"), now=NOON + timedelta(hours=1))
    assert (three_days_later(), told()) == ({"answer": "yes"}, [])


def test_who_does_not_answer_is_named_to_the_studio_once_and_not_asked_again(asked: Lead, phone: Phone) -> None:
    assert three_days_later() == {"answer": "none"}
    assert told() == [str(asked.pk)]
    assert len(phone.texts) == 1


@pytest.mark.parametrize("how", ["stop", "erasure"])
def test_who_is_not_to_be_written_to_any_more_is_not_named(asked: Lead, how: str) -> None:
    with atomic():
        if how == "stop":
            optout.stop(asked, how="chat", now=NOON)
        else:
            erasure.erase(asked, actor="test", now=NOON)
    assert (three_days_later(), told()) == ({"answer": "no longer wanted"}, [])
