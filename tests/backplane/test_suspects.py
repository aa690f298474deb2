"""Jobs whose workers died: who is to blame is found out without harm to those that were merely there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from pilar.backplane import jobs
from pilar.backplane.engine import execute, statements, work_off, workers
from pilar.backplane.engine.results import Claimed, NotDone
from pilar.backplane.tenancy import tenant
from pilar.kernel import switchboard
from pilar.kernel.ids import uuid7
from pilar.kernel.switchboard import LANES, RetryAt
from tests import database
from tests.backplane.labour.autopilot import Task
from tests.backplane.processes import Site, site, wait_for
from tests.backplane.trade import Trade, enqueue, everything, limited, rows, value

BULK = LANES.index("bulk")


class Workers:
    """Workers that claim and die."""

    def claim(self, *, alone: bool = False) -> list[Claimed]:
        rows("UPDATE autopilot_turn SET next_at = statement_timestamp() RETURNING 1")
        with everything():
            cursor = connection.cursor()
            self.last = workers.register(cursor, kind="worker", lanes=LANES)
            if alone:
                found = statements.claim_suspect(cursor, worker=self.last)
                return [found] if found else []
            statements.sweep(cursor)
            return statements.claim(cursor, lane=BULK, batch=100, turns=100, worker=self.last)[0]

    def die(self) -> None:
        rows("UPDATE autopilot_worker SET birth = 'another' WHERE id = %s RETURNING 1", self.last)
        with everything():
            workers.rescue(connection.cursor(), by_silence=False)

    def lose(self, times: int) -> None:
        for _ in range(times):
            assert self.claim()
            self.die()


@pytest.fixture
def mortal(db: None, trade: Trade, workspace: UUID) -> Workers:
    trade.job(max_attempts=1)
    enqueue(workspace)
    return Workers()


def state() -> list[tuple[Any, ...]]:
    return rows("SELECT status, attempts, crashes FROM autopilot_job")


def test_a_job_that_was_there_once_runs_on_as_before(mortal: Workers) -> None:
    mortal.lose(1)
    assert state() == [(0, 1, 1)]
    assert len(mortal.claim()) == 1


def test_a_job_that_was_there_twice_waits_to_run_alone(mortal: Workers) -> None:
    mortal.lose(2)
    assert state() == [(6, 2, 2)]
    assert mortal.claim() == []
    assert len(mortal.claim(alone=True)) == 1


def test_a_job_that_kills_alone_ends_in_the_dead_letters_with_every_attempt(mortal: Workers) -> None:
    mortal.lose(2)
    mortal.claim(alone=True)
    mortal.die()
    assert state() == [(2, 3, 3)]
    assert rows("SELECT outcome FROM autopilot_job_attempt") == [("crashed",)] * 3


def test_a_worker_that_dies_costs_no_attempt(mortal: Workers) -> None:
    mortal.lose(1)
    row = mortal.claim()[0]
    assert (row.attempts, row.max_attempts, row.is_last_attempt) == (2, 1, True)
    assert not row._replace(attempts=1, crashes=1).is_last_attempt


def test_suspects_are_run_one_at_a_time_and_the_innocent_succeed(
    mortal: Workers, workspace: UUID, trade: Trade
) -> None:
    enqueue(workspace)
    mortal.lose(2)
    first, second = mortal.claim(alone=True), mortal.claim(alone=True)
    assert len({row.id for row in first + second}) == 2
    rows("UPDATE autopilot_job SET status = 6 RETURNING 1")
    assert work_off() == 2
    assert (len(trade.seen), state()) == (2, [])


def test_a_suspect_that_fails_properly_runs_alone_again(mortal: Workers) -> None:
    mortal.lose(2)
    row = mortal.claim(alone=True)[0]
    with everything():
        statements.put_back(connection.cursor(), [NotDone(row.id, row.lease, delay=0)], worker=1)
    assert state()[0][0] == 6


def test_a_paused_workspaces_suspects_wait(mortal: Workers, workspace: UUID) -> None:
    mortal.lose(2)
    limited(workspace, paused=True)
    assert mortal.claim(alone=True) == []


def test_a_suspect_can_be_cancelled(mortal: Workers, workspace: UUID) -> None:
    mortal.lose(2)
    with tenant(workspace):
        jobs.cancel(value("SELECT public_id FROM autopilot_job"))
    assert state() == []


def test_a_failure_after_a_crash_still_has_its_retries(trade: Trade) -> None:
    def fail(_work: Any) -> None:
        raise RetryAt("later", after=1)

    trade.job("t.fail", fail, max_attempts=2)
    row = Claimed(1, uuid7(), uuid7(), BULK, "t.fail", "{}", 2, 2, 0, 1, 1, *[None] * 2, uuid7(), None, None)  # type: ignore[arg-type]
    result = execute.execute(row, worker=1)
    assert isinstance(result, NotDone)
    assert not result.is_dead
    assert switchboard.jobs["t.fail"].max_attempts == 2


@pytest.mark.processes
class TestRealWorkers:
    @pytest.fixture
    def here(self, committed: str, tmp_path: Path) -> Iterator[Site]:
        with site(database.login_urls(committed), tmp_path) as started:
            yield started

    @pytest.mark.drill
    def test_beside_a_killer_nothing_is_lost_and_the_killer_ends_alone(self, here: Site) -> None:
        with tenant(uuid7()):
            for number in range(8):
                task = Task(name=f"good-{number}", folder=str(here.folder), seconds=3)
                jobs.enqueue("labour.do", task, key=task.name)
            jobs.enqueue("labour.kill", Task(name="bad", folder=str(here.folder)), key="bad")
        for _ in range(2):
            worker = here.worker()
            wait_for(lambda: worker.ended)  # noqa: B023 - waited for within its round
        survivor = here.worker()
        wait_for(lambda: state() == [(2, 3, 3)])
        assert not survivor.ended
        assert set(here.lines("done")) == {f"good-{number}" for number in range(8)}
        assert value("SELECT count(*) FROM autopilot_job_done WHERE type = 'labour.do'") == 8
