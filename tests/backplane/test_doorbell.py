"""After a commit the workers are told, and nobody waits for that."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from pilar.backplane import doorbell, jobs, tasks
from pilar.backplane.doorbell import Doorbell
from pilar.backplane.tenancy import all_tenants, atomic, tenant
from pilar.kernel.clock import now
from pilar.kernel.ids import uuid7
from pilar.kernel.switchboard import LANES
from tests.backplane.processes import wait_for
from tests.backplane.trade import Task, Trade, enqueue, rows

BULK = LANES.index("bulk")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch, settings: Any, threads: str) -> Iterator[list[str]]:
    """The lanes whose doorbell reached the broker."""
    settings.DOORBELL = True
    lanes: list[str] = []
    bell = Doorbell()
    monkeypatch.setattr(tasks, "send_doorbell", lanes.append)
    monkeypatch.setattr(doorbell, "_bell", bell)
    yield lanes
    calm(bell, monkeypatch)


def calm(bell: Doorbell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Return when the ringing thread touches the database no more, which is about to go."""
    reached = threading.Event()
    monkeypatch.setattr(bell, "_wake", lambda _rings: reached.set())
    bell.ring({(BULK, uuid7()): None})
    assert reached.wait(5)


def test_a_commit_wakes_the_turn_and_rings_the_lane(sent: list[str], trade: Trade, workspace: UUID) -> None:
    trade.job()
    enqueue(workspace)
    wait_for(lambda: sent == ["bulk"])
    assert rows("SELECT lane, workspace_id FROM autopilot_turn") == [(BULK, workspace)]


def test_nothing_rings_before_the_commit_or_after_a_rollback(sent: list[str], trade: Trade, workspace: UUID) -> None:
    trade.job()
    with pytest.raises(ZeroDivisionError), tenant(workspace), atomic():
        raise_after_enqueueing(workspace)
    time.sleep(0.1)
    assert sent == []


def test_a_time_gone_by_is_now_so_that_nothing_looks_as_if_it_had_waited(threads: str, workspace: UUID) -> None:
    with all_tenants("a test rings"), atomic():
        doorbell.wake({(BULK, workspace): now() - timedelta(hours=1)})
    assert rows("SELECT next_at > statement_timestamp() - interval '1 minute' FROM autopilot_turn") == [(True,)]


def test_what_is_there_already_rings_for_nobody(
    trade: Trade, workspace: UUID, monkeypatch: pytest.MonkeyPatch, threads: str
) -> None:
    trade.job()
    rung: list[Any] = []
    monkeypatch.setattr(doorbell, "ring_many", lambda rings, *, is_burst: rung.append(rings))
    order = jobs.NewJob(workspace_id=workspace, payload=Task(), key="k", at=now() - timedelta(hours=1))
    with tenant(workspace), atomic():
        assert [jobs.enqueue_many("t.job", [order]) for _ in range(2)] == [1, 0]
    assert len(rung) == 1


def raise_after_enqueueing(workspace: UUID) -> None:
    enqueue(workspace)
    raise ZeroDivisionError


def test_much_work_at_once_calls_two_workers(sent: list[str], trade: Trade, workspace: UUID) -> None:
    trade.job()
    with tenant(workspace):
        jobs.enqueue_many("t.job", [jobs.NewJob(workspace, Task(), str(n)) for n in range(jobs.BURST)])
    wait_for(lambda: sent == ["bulk", "bulk"])


def test_many_commits_ring_few_times(sent: list[str], trade: Trade, workspace: UUID) -> None:
    trade.job()
    with tenant(workspace), atomic():
        for _ in range(50):
            enqueue(workspace)
    wait_for(lambda: sent)
    assert len(sent) < 5


def test_a_hanging_broker_holds_up_nobody(
    sent: list[str], trade: Trade, workspace: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = threading.Event()
    monkeypatch.setattr(tasks, "send_doorbell", lambda lane: hangs.wait(30))
    trade.job()
    began = time.monotonic()
    for _ in range(5):
        enqueue(workspace)
    assert time.monotonic() - began < 1
    hangs.set()


def test_after_a_failure_the_broker_is_left_alone_for_a_while(
    sent: list[str], trade: Trade, workspace: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def fail(lane: str) -> None:
        tried.append(lane)
        raise OSError("gone")

    monkeypatch.setattr(tasks, "send_doorbell", fail)
    trade.job()
    enqueue(workspace)
    wait_for(lambda: tried)
    enqueue(workspace)
    time.sleep(0.1)
    assert len(tried) == 1
