"""The worker's loop on a real database: what would stop it, does not."""

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connections

from pilar.backplane.engine import coordinator, pulse, statements, workers
from pilar.backplane.engine.coordinator import Coordinator
from pilar.backplane.engine.link import Link
from pilar.backplane.tenancy import alias
from pilar.kernel.switchboard import RetryAt, Work
from tests.backplane.processes import PATIENCE, wait_for
from tests.backplane.trade import Task, Trade, enqueue, everything, rows

pytestmark = pytest.mark.usefixtures("threads")


@pytest.fixture
def loop() -> Iterator[Coordinator]:
    found = Coordinator(["bulk"])
    yield found
    found.end(5)


def start(loop: Coordinator) -> None:
    loop.pulse.start()
    loop.pulse.wait_until_fresh(10)
    loop.start()


def state(name: str) -> tuple[Any, ...]:
    live = "SELECT status, error FROM autopilot_job WHERE type = %s UNION ALL "
    (found,) = rows(live + "SELECT status, error FROM autopilot_job_done WHERE type = %s", name, name)
    return found


def test_results_that_cannot_be_stored_together_or_at_all_hold_nobody_up(
    loop: Coordinator, trade: Trade, workspace: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    # pytest-xdist cannot carry half an emoji from one process to another, not even in a captured line.
    caplog.set_level(logging.CRITICAL, logger="pilar.backplane.engine")

    def raises(error: Exception) -> Any:
        def handler(_work: Work[Task]) -> None:
            raise error

        return handler

    trade.job("t.at_once", raises(RetryAt("at once", after=0)), max_attempts=1)
    trade.job("t.whole", raises(RetryAt("an integer", after=7)))
    trade.job("t.part", raises(RetryAt("a float", after=7.5)))
    trade.job("t.nul", raises(ValueError("a NUL \x00")), max_attempts=1)
    trade.job("t.half", raises(ValueError("half an emoji \ud83d")), max_attempts=1)
    trade.job("t.nan", lambda _work: {"value": float("nan")})
    trade.job("t.fine", lambda _work: {"value": 1})
    for name in ("t.at_once", "t.whole", "t.part", "t.nul", "t.half", "t.nan", "t.fine"):
        enqueue(workspace, name=name)
    start(loop)
    wait_for(lambda: not rows("SELECT 1 FROM autopilot_job WHERE status = 1 OR attempts = 0"))
    assert state("t.whole") == (0, "RetryAt: an integer")
    assert state("t.part") == (0, "RetryAt: a float")
    assert state("t.nul") == (2, "ValueError: a NUL  ")
    assert state("t.half") == (2, "What it said cannot be stored")
    assert state("t.nan") == state("t.fine") == (3, "")
    assert loop.is_alive()


def test_bulk_gives_way_while_messages_cannot_all_be_taken(
    trade: Trade, workspace: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    gates = {"t.message": Event(), "t.bulk": Event()}
    begun: list[str] = []  # a count that several threads raise would now and then lose one

    def wait(work: Work[Task]) -> None:
        begun.append(work.type)
        gates[work.type].wait(PATIENCE)

    monkeypatch.setattr(coordinator, "SLOTS", {"messages": 1, "bulk": 20})
    trade.job("t.message", wait, lane="messages")
    trade.job("t.bulk", wait)
    for _ in range(3):
        enqueue(workspace, name="t.message")
    loop = Coordinator(["messages", "bulk"])
    try:
        start(loop)
        wait_for(lambda: len(rows("SELECT 1 FROM autopilot_job WHERE status = 1")) == 3)
        for _ in range(20):
            enqueue(workspace, name="t.bulk")
        wait_for(lambda: begun.count("t.bulk") >= 2)
        claimed = rows("SELECT count(*) FROM autopilot_job WHERE type = 't.bulk' AND status = 1")
        gates["t.message"].set()
        wait_for(lambda: Counter(begun) == {"t.message": 3, "t.bulk": 20})
    finally:
        gates["t.bulk"].set()
        loop.end(5)
    assert claimed == [(2,)]


def test_a_heart_that_stumbles_over_the_others_goes_on(
    loop: Coordinator, trade: Trade, workspace: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(_cursor: Any, *, by_silence: bool) -> None:
        raise KeyError("of whatever kind")

    monkeypatch.setattr(pulse, "BEAT_EVERY", 0.1)
    monkeypatch.setattr(workers, "rescue", stumble)
    trade.job()
    start(loop)
    first = rows("SELECT beat_at FROM autopilot_worker")
    wait_for(lambda: rows("SELECT beat_at FROM autopilot_worker") > first)
    enqueue(workspace)
    with everything():
        statements.sweep(connections[alias()].cursor())
    wait_for(lambda: trade.seen)


def test_a_claim_whose_commit_nobody_answered_is_given_back_and_claimed_again(
    loop: Coordinator, trade: Trade, workspace: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade.job()
    enqueue(workspace)
    answered = Link.transaction
    lost: list[str] = []

    @contextmanager
    def transaction(link: Link) -> Iterator[Any]:
        with answered(link) as cursor:
            yield cursor
        if not lost and rows("SELECT 1 FROM autopilot_job WHERE status = 1"):
            lost.append("the answer")
            raise psycopg.OperationalError("the connection was lost")

    monkeypatch.setattr(Link, "transaction", transaction)
    start(loop)
    wait_for(lambda: trade.seen)
    assert lost
    wait_for(lambda: state("t.job") == (3, ""))
    assert (len(trade.seen), trade.seen[0].attempt) == (1, 1)
