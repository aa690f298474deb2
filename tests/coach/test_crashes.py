"""A worker ends at any point around the send: the person gets the message once or not at all, never twice."""

from datetime import timedelta

import pytest

from coach import followups, nudges
from coach.models import Followup, Message
from coach.payloads import FollowupDue
from pilar.backplane import effects
from pilar.backplane.models import Effect
from pilar.backplane.tenancy import atomic, current
from pilar.kernel.errors import ContactFailure, ContactOutcome
from pilar.kernel.ids import uuid7
from pilar.kernel.switchboard import RetryAt, Work
from tests.coach.conftest import Phone
from tests.coach.factories import NOON, willing_lead

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_studio", "noon")]
POINTS = ("before_intent", "after_intent", "before_call", "after_call", "after_commit")


class Killed(BaseException):
    """The process is gone."""


def kill_at(point: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(name: str) -> None:
        if name == f"effect.{point}":
            monkeypatch.setattr(effects, "crash_point", lambda _name: None)
            raise Killed

    monkeypatch.setattr(effects, "crash_point", crash)


def run(followup: Followup) -> None:
    nudges.send_due(Work(uuid7(), current(), "coach.followup", FollowupDue(followup_id=followup.pk), 1, uuid7()))


def let_the_dead_worker_be_noticed() -> None:
    with atomic():
        Effect.objects.update(changed_at=NOON - timedelta(days=365))


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_killed_around_the_send_never_sends_twice(
    point: str, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    with atomic():
        followup = followups.plan(willing_lead(), type="motivation_message", at=NOON, actor="test", now=NOON)
    kill_at(point, monkeypatch)
    with pytest.raises(Killed):
        run(followup)
    let_the_dead_worker_be_noticed()
    run(followup)
    run(followup)
    assert len(phone.texts) == (0 if point == "before_call" else 1)
    assert Message.objects.count() == 1
    with atomic():
        followup.refresh_from_db()
    lost = point in ("before_call", "after_call")
    assert followup.status == (Followup.Status.UNKNOWN if lost else Followup.Status.SENT)


def test_while_another_worker_is_calling_this_one_waits(phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    with atomic():
        followup = followups.plan(willing_lead(), type="motivation_message", at=NOON, actor="test", now=NOON)
    kill_at("before_call", monkeypatch)
    with pytest.raises(Killed):
        run(followup)
    with pytest.raises(RetryAt):
        run(followup)
    assert phone.texts == []


def test_a_worker_killed_before_it_wrote_the_message_leaves_no_trace(
    phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    with atomic():
        followup = followups.plan(willing_lead(), type="motivation_message", at=NOON, actor="test", now=NOON)
    with monkeypatch.context() as patched:
        patched.setattr(nudges, "_put", lambda *_: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            run(followup)
    assert not Message.objects.exists()
    run(followup)
    assert len(phone.texts) == 1


def test_a_worker_killed_after_a_refusal_does_not_call_it_sent(phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    lead = willing_lead()
    with atomic():
        followup = followups.plan(lead, type="motivation_message", at=NOON, actor="test", now=NOON)
    phone.failure = ContactFailure(ContactOutcome.CAPPED, provider="whatsapp", code="131049", message="held back")
    with monkeypatch.context() as patched:
        patched.setattr(nudges, "_after", lambda *_: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            run(followup)
    run(followup)
    with atomic():
        followup.refresh_from_db()
    assert (phone.texts, followup.status, followup.reason) == ([], Followup.Status.FAILED, "whatsapp_131049")
