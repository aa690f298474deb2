from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import pytest

from pilar.backplane import events
from pilar.backplane.engine import work_off
from pilar.backplane.jobs import UnknownType
from pilar.backplane.tenancy import PLATFORM, atomic, tenant
from pilar.kernel import clock
from pilar.kernel.ids import uuid7
from pilar.kernel.problems import NotFound
from tests.backplane.trade import Task, Trade, rows, value

pytestmark = pytest.mark.django_db


def test_each_subscriber_gets_the_fact_as_work_of_its_own(trade: Trade, workspace: UUID) -> None:
    trade.event("t.event", trade.seen.append, trade.seen.append)
    with tenant(workspace):
        event_id = events.publish("t.event", Task(n=3), key="k")
    assert work_off() == 2
    fact = trade.seen[0]
    assert (fact.id, fact.workspace_id, fact.type, fact.payload) == (event_id, workspace, "t.event", Task(n=3))


def test_a_failing_subscriber_blocks_no_other(trade: Trade, workspace: UUID) -> None:
    trade.event("t.event", lambda fact: 1 / 0, trade.seen.append)
    with tenant(workspace):
        events.publish("t.event", Task(), key="k")
    work_off(limit=2)
    assert len(trade.seen) == 1


def test_the_same_key_again_is_the_first_event(trade: Trade, inside: UUID) -> None:
    trade.event("t.event", trade.seen.append)
    first = events.publish("t.event", Task(n=1), key="k")
    assert events.publish("t.event", Task(n=2), key="k") == first
    assert value("SELECT count(*) FROM autopilot_job") == 1


def test_an_event_and_a_job_may_have_the_same_key(trade: Trade, inside: UUID) -> None:
    from pilar.backplane import jobs

    trade.event("t.event")
    trade.job()
    assert events.publish("t.event", Task(), key="k") != jobs.enqueue("t.job", Task(), key="k")


def test_what_is_rolled_back_never_happened(trade: Trade, inside: UUID) -> None:
    trade.event("t.event", trade.seen.append)
    with suppress(ZeroDivisionError), atomic():
        events.publish("t.event", Task(), key="k")
        raise ZeroDivisionError
    assert value("SELECT count(*) FROM autopilot_event") == value("SELECT count(*) FROM autopilot_job") == 0


def test_a_future_event_is_handed_out_when_it_is_due(trade: Trade, workspace: UUID) -> None:
    trade.event("t.event", trade.seen.append)
    at = clock.now() + timedelta(hours=1)
    with tenant(workspace):
        events.publish("t.event", Task(), key="k", at=at)
    assert work_off() == 0
    assert work_off(until=at + timedelta(seconds=1)) == 2
    assert trade.seen[0].occurred_at == at


def test_dispatching_twice_hands_out_once(trade: Trade, inside: UUID) -> None:
    trade.event("t.event", trade.seen.append)
    event_id = events.publish("t.event", Task(), key="k")
    assert events.dispatch(event_id, "t.event") == 0
    assert value("SELECT count(*) FROM autopilot_job") == 1


def test_events_of_one_aggregate_are_counted_from_one(trade: Trade, inside: UUID) -> None:
    trade.event("t.event")
    for key in ("a", "b"):
        events.publish("t.event", Task(), key=key, aggregate=("lead", "1"))
    events.publish("t.event", Task(), key="c", aggregate=("lead", "2"))
    found = rows("SELECT aggregate_id, position FROM autopilot_event ORDER BY 1, 2")
    assert found == [("1", 1), ("1", 2), ("2", 1)]


def test_an_event_can_be_replayed_to_one_handler(trade: Trade, workspace: UUID) -> None:
    trade.event("t.event", trade.seen.append, lambda fact: None)
    with tenant(workspace):
        event_id = events.publish("t.event", Task(), key="k")
    work_off()
    with tenant(workspace):
        events.replay(event_id, "on:t.handler0:t.event", key="again")
    work_off()
    assert [fact.id for fact in trade.seen] == [event_id, event_id]


def test_replaying_what_is_not_there_or_not_subscribed_is_refused(trade: Trade, inside: UUID) -> None:
    trade.event("t.event", trade.seen.append)
    with pytest.raises(NotFound):
        events.replay(uuid7(), "on:t.handler0:t.event", key="k")
    event_id = events.publish("t.event", Task(), key="k")
    with pytest.raises(NotFound):
        events.replay(event_id, "on:somebody.else:t.event", key="k")


def test_an_unknown_event_is_refused(inside: UUID) -> None:
    with pytest.raises(UnknownType):
        events.publish("t.nothing", Task(), key="k")


def test_events_without_a_studio_belong_to_the_platform(trade: Trade, db: None) -> None:
    trade.event("t.event", trade.seen.append)
    with tenant(PLATFORM):
        events.publish("t.event", Task(), key="k")
    work_off()
    assert trade.seen[0].workspace_id == PLATFORM


def test_the_database_puts_an_event_into_the_partition_of_its_day(trade: Trade, inside: UUID) -> None:
    trade.event("t.event")
    events.publish("t.event", Task(), key="k")
    name = value("SELECT tableoid::regclass::text FROM autopilot_event")
    assert name == f"autopilot_event_p{clock.now():%Y%m%d}"
