"""Work that begins when something happens or when its time is over: once, and knowing which of the two it was."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from pilar.backplane import events, jobs, sql, timeline, waits
from pilar.backplane.engine import work_off
from pilar.backplane.models import JobHistory, Wait
from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel import clock, switchboard
from pilar.kernel.ids import uuid7
from pilar.kernel.switchboard import Happened, Payload, Work
from tests.backplane.trade import BEHIND_US

ANNA, BEA = uuid7(), uuid7()
LATER = timedelta(days=3)


class Replied(Payload):
    words: str


class Look(Payload):
    lead_id: UUID


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Happened[Any] | None]:
    """What each run of the waiting work was told."""
    found: list[Happened[Any] | None] = []
    for name in ("events", "jobs", "subscriptions"):
        monkeypatch.setattr(switchboard, name, dict(getattr(switchboard, name)))
    switchboard.event("lead.replied", Replied)
    switchboard.job("trade.look", lambda work: found.append(waits.ended_by(work)), payload=Look, lane="events")
    return found


def wait(lead: UUID = ANNA, **more: Any) -> UUID:
    until = clock.now() + LATER
    payload = Look(lead_id=lead)
    return waits.begin(
        "lead.replied",
        about=("lead", lead),
        until=until,
        then="trade.look",
        payload=payload,
        key=f"look:{lead}",
        **more,
    )


def reply(lead: UUID = ANNA, words: str = "hello", **more: Any) -> None:
    events.publish("lead.replied", Replied(words=words), key=f"reply:{uuid7()}", aggregate=("lead", lead), **more)


def outcome(workspace: UUID) -> str:
    with tenant(workspace), atomic():
        return Wait.objects.get().outcome


@pytest.mark.django_db
class TestOneOfTheTwo:
    @pytest.fixture(autouse=True)
    def _seen(self, seen: list[Happened[Any] | None]) -> None:
        self.seen = seen

    def begin(self, workspace: UUID, **more: Any) -> UUID:
        with tenant(workspace):
            return wait(**more)

    def words(self) -> list[str | None]:
        return [None if one is None else one.payload.words for one in self.seen]

    def test_nothing_begins_before_either(self, workspace: UUID) -> None:
        self.begin(workspace)
        work_off()
        assert self.seen == []

    def test_the_event_begins_the_work_and_is_handed_over(self, workspace: UUID) -> None:
        self.begin(workspace)
        with tenant(workspace):
            reply(words="first")
            reply(words="second")
        work_off()
        work_off(until=clock.now() + 2 * LATER)
        assert self.words() == ["first"]

    def test_without_an_event_the_time_begins_it_and_an_event_comes_too_late(self, workspace: UUID) -> None:
        self.begin(workspace)
        work_off(until=clock.now() + LATER)
        with tenant(workspace):
            reply()
        work_off(until=clock.now() + 2 * LATER)
        assert (self.words(), outcome(workspace)) == ([None], "time")

    @pytest.mark.parametrize("other", ["another lead", "another studio", "another event"])
    def test_what_happens_elsewhere_ends_no_wait(self, workspace: UUID, other: str) -> None:
        switchboard.event("lead.left", Replied)
        self.begin(workspace)
        with tenant(uuid7() if other == "another studio" else workspace):
            name = "lead.left" if other == "another event" else "lead.replied"
            lead = BEA if other == "another lead" else ANNA
            events.publish(name, Replied(words="x"), key="x", aggregate=("lead", lead))
        work_off()
        assert self.seen == []

    def test_what_happened_before_counts_only_when_it_is_asked_for(self, workspace: UUID) -> None:
        with tenant(workspace):
            reply(words="just now")
        self.begin(workspace)
        self.begin(workspace, since=clock.now() - timedelta(minutes=5))
        work_off()
        assert self.seen == [], "the same key changes nothing"
        with tenant(workspace):
            wait(BEA, since=clock.now() - timedelta(minutes=5))
            reply(BEA, words="now")
        work_off()
        assert self.words() == ["now"]

    def test_an_event_since_then_ends_the_wait_at_once(self, workspace: UUID) -> None:
        with tenant(workspace):
            reply(words="just now")
        self.begin(workspace, since=clock.now() - timedelta(minutes=5))
        work_off()
        assert self.words() == ["just now"]

    def test_an_event_of_the_future_ends_it_when_it_is_due(self, workspace: UUID) -> None:
        self.begin(workspace)
        with tenant(workspace):
            reply(at=clock.now() + timedelta(hours=1))
        work_off()
        assert self.seen == []
        work_off(until=clock.now() + timedelta(hours=2))
        assert self.words() == ["hello"]

    def test_what_is_rolled_back_never_happened(self, workspace: UUID) -> None:
        self.begin(workspace)
        with pytest.raises(TypeError), tenant(workspace):
            _reply_and_fail()
        assert outcome(workspace) == ""

    def test_a_cancelled_wait_begins_nothing(self, workspace: UUID) -> None:
        job = self.begin(workspace)
        with tenant(workspace):
            jobs.cancel(job)
            reply()
        work_off(until=clock.now() + 2 * LATER)
        assert (self.seen, outcome(workspace)) == ([], "cancelled")

    def test_the_timeline_shows_what_was_waited_for(self, workspace: UUID) -> None:
        self.begin(workspace)
        with tenant(workspace):
            reply()
            thread = Wait.objects.get().correlation_id
            told = [(entry.what, entry.state) for entry in timeline.read(thread) if entry.kind == "wait"]
        assert told == [("lead.replied", ""), ("lead.replied", "event")]

    def test_a_work_that_dies_and_is_tried_again_gets_the_same_answer(self, workspace: UUID) -> None:
        """The answer is decided by its first asking, not by when the work ends."""
        job = self.begin(workspace)
        with tenant(workspace):
            run = Work(job, workspace, "trade.look", Look(lead_id=ANNA), 1, uuid7())
            assert waits.ended_by(run) is None
            reply()
            assert waits.ended_by(run._replace(attempt=2)) is None


def test_an_event_and_the_deadline_at_once_begin_the_work_once(
    threads: str, workspace: UUID, seen: list[Happened[Any] | None]
) -> None:
    """Twelve leads; for each, a reply is published while a worker takes what is due by its time."""
    leads = [uuid7() for _ in range(12)]
    with tenant(workspace):
        for lead in leads:
            wait(lead)
    start = Barrier(2)
    actions: list[Callable[[], object]] = [
        lambda: _publish(workspace, leads),
        lambda: work_off(until=clock.now() + 2 * LATER),
    ]

    def at_once(act: Callable[[], object]) -> None:
        try:
            start.wait()
            act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(at_once, actions))
    work_off(until=clock.now() + 2 * LATER)
    with tenant(workspace), atomic():
        done = JobHistory.objects.filter(type="trade.look").count()
        outcomes = list(Wait.objects.values_list("outcome", flat=True))
    assert (done, len(seen)) == (12, 12)
    assert sorted("event" if one else "time" for one in seen) == sorted(outcomes)


def _reply_and_fail() -> None:
    with atomic():
        reply()
        events.publish("lead.replied", Look(lead_id=ANNA), key="a defect")


def _publish(workspace: UUID, leads: list[UUID]) -> None:
    with tenant(workspace):
        for lead in reversed(leads):
            reply(lead)


def test_whoever_begins_to_wait_while_the_event_is_published_does_not_miss_it(
    threads: str, workspace: UUID, seen: list[Happened[Any] | None]
) -> None:
    """The publisher commits once the wait stands behind it (or, were there no such order, once the wait has begun)."""
    published, begun = Event(), Event()

    def publish() -> None:
        try:
            with tenant(workspace), atomic():
                reply()
                published.set()
                while not (begun.is_set() or sql.value(BEHIND_US)):
                    begun.wait(0.01)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        publishing = pool.submit(publish)
        published.wait()
        with tenant(workspace):
            wait(since=clock.now() - timedelta(minutes=1))
        begun.set()
        publishing.result()
    work_off()
    assert [one is not None for one in seen] == [True]
