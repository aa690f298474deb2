"""Clocks that are set, and hosts that sleep (reliability P5): nothing is taken from the living, and nothing stands still."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection

from pilar.backplane import running
from pilar.backplane.engine import pulse as pulses
from pilar.backplane.engine import statements, workers
from pilar.backplane.engine.pulse import Pulse
from pilar.kernel import clock
from pilar.kernel.ids import uuid7
from pilar.kernel.switchboard import LANES
from tests.backplane.processes import wait_for
from tests.backplane.trade import Trade, enqueue, everything, limited, rows, value

BULK = LANES.index("bulk")
HOUR = timedelta(hours=1)


def claim() -> int:
    with everything():
        return len(statements.claim(connection.cursor(), lane=BULK, batch=100, turns=256, worker=1)[0])


def sweep() -> None:
    with everything():
        statements.sweep(connection.cursor())


def made_an_hour_ahead() -> None:
    """As if the clock had been set back by an hour since these jobs were made."""
    rows(
        "UPDATE autopilot_job SET created_at = created_at + interval '1 hour', due_at = due_at + interval '1 hour',"
        " scheduled_at = scheduled_at + interval '1 hour' RETURNING 1"
    )


@pytest.mark.django_db
class TestAClockThatWasSetBack:
    @pytest.fixture(autouse=True)
    def _work(self, trade: Trade) -> None:
        trade.job()

    def pull_back(self) -> int:
        with everything():
            return statements.pull_back(connection.cursor())

    def test_what_was_due_is_due_again(self, workspace: UUID) -> None:
        enqueue(workspace)
        made_an_hour_ahead()
        sweep()
        assert claim() == 0
        assert self.pull_back() == 1
        sweep()
        assert claim() == 1

    @pytest.mark.parametrize("ahead", [timedelta(0), HOUR])
    def test_a_time_that_somebody_chose_is_kept(self, workspace: UUID, ahead: timedelta) -> None:
        chosen = clock.now() + timedelta(hours=3)
        enqueue(workspace, at=chosen - ahead)
        if ahead:
            made_an_hour_ahead()
        assert self.pull_back() == 0
        assert value("SELECT scheduled_at FROM autopilot_job") == chosen

    def test_a_throttled_studio_has_its_tokens(self, workspace: UUID) -> None:
        limited(workspace, rate=0.01, burst=3)
        for _ in range(5):
            enqueue(workspace)
        sweep()
        rows("UPDATE autopilot_turn SET refilled_at = refilled_at + interval '1 hour' RETURNING 1")
        assert claim() == 3

    def test_a_last_beat_from_the_future_is_no_sign_of_life(self, workspace: UUID) -> None:
        with everything():
            dead = workers.register(connection.cursor(), kind="worker", lanes=LANES)
        enqueue(workspace)
        sweep()
        with everything():
            assert statements.claim(connection.cursor(), lane=BULK, batch=1, turns=1, worker=dead)[0]
            rows("UPDATE autopilot_worker SET beat_at = beat_at + interval '1 hour' RETURNING 1")
            assert len(workers.rescue(connection.cursor(), by_silence=True)) == 1


@pytest.fixture
def pulse(threads: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pulse]:
    """The heartbeat of a worker, fifty times as quick."""
    monkeypatch.setattr(pulses, "BEAT_EVERY", 0.1)
    found = Pulse(["bulk"], running=lambda: 0)
    found.start()
    found.wait_until_fresh(10)
    yield found
    found.end()


def test_a_worker_notices_by_itself_that_the_clock_was_set_back(
    pulse: Pulse, trade: Trade, workspace: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade.job()
    enqueue(workspace)
    made_an_hour_ahead()
    due = "SELECT count(*) FROM autopilot_turn WHERE next_at <= statement_timestamp()"
    first: datetime = value("SELECT beat_at FROM autopilot_worker")
    wait_for(lambda: value("SELECT beat_at FROM autopilot_worker") > first)
    assert value("SELECT count(*) FROM autopilot_job WHERE scheduled_at <= statement_timestamp()") == 0
    told = workers.clock
    monkeypatch.setattr(workers, "clock", lambda cursor: told(cursor) - HOUR.total_seconds())
    wait_for(lambda: value(due) == 1)


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="its monotonic clock goes on while the host sleeps")
def test_a_worker_whose_host_slept_knows_that_its_leases_may_be_gone(
    pulse: Pulse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulses, "BEAT_EVERY", 60)
    assert pulse.is_fresh()
    assert holds(pulse.worker)
    awake, slept = time.clock_gettime, HOUR.total_seconds()
    monkeypatch.setattr(time, "clock_gettime", lambda one: awake(one) + slept * (one == time.CLOCK_BOOTTIME))
    assert not pulse.is_fresh()
    assert not holds(pulse.worker)


def test_what_was_taken_before_others_took_us_for_dead_holds_no_longer(pulse: Pulse) -> None:
    before = pulse.worker
    assert holds(before)
    rows("UPDATE autopilot_worker SET lost_at = statement_timestamp() RETURNING 1")
    wait_for(lambda: pulse.worker != before)
    wait_for(lambda: holds(pulse.worker))
    assert not holds(before)


def holds(worker: int) -> bool:
    """Whether an attempt that this worker began may still act."""
    with running.during(running.Run(uuid7(), 1, worker)):
        return running.lease_holds()
