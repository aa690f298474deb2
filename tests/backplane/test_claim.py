"""The claim and what is written afterwards: order between workspaces, limits, and fences."""

from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection

from pilar.backplane import jobs, tenants
from pilar.backplane.engine import statements, workers
from pilar.backplane.engine.results import Claimed, Done, NotDone, unstarted
from pilar.backplane.tenancy import tenant
from pilar.kernel import clock
from pilar.kernel.ids import uuid7
from pilar.kernel.switchboard import LANES
from tests.backplane.trade import Task, Trade, everything, limited, rows, value

pytestmark = pytest.mark.django_db
BULK = LANES.index("bulk")


@pytest.fixture(autouse=True)
def _work(trade: Trade) -> None:
    trade.job()


def backlog(workspace: UUID, count: int, *, priority: int | None = None) -> None:
    with everything():
        tag = uuid7()
        new = [jobs.NewJob(workspace, Task(n=n), f"{tag}{n}") for n in range(count)]
        jobs.enqueue_many("t.job", new, priority=priority)
        statements.sweep(connection.cursor())


def claim(batch: int = 100, *, turns: int = 256, worker: int = 1) -> list[Claimed]:
    with everything():
        found, _ = statements.claim(connection.cursor(), lane=BULK, batch=batch, turns=turns, worker=worker)
    return found


def complete(*results: Done) -> int:
    with everything():
        return statements.complete(connection.cursor(), results)


def put_back(*results: NotDone) -> int:
    with everything():
        return len(statements.put_back(connection.cursor(), results, worker=1))


def shares(found: list[Claimed]) -> Counter[UUID]:
    return Counter(row.workspace_id for row in found)


class TestFairness:
    def test_a_small_workspace_is_served_beside_a_great_backlog(self, workspace: UUID) -> None:
        backlog(workspace, 500)
        backlog(small := uuid7(), 1)
        assert shares(claim(100))[small] == 1

    def test_workspaces_share_a_batch_evenly(self) -> None:
        studios = [uuid7() for _ in range(5)]
        for studio in studios:
            backlog(studio, 100)
        assert set(shares(claim(100)).values()) == {20}

    def test_a_heavier_workspace_gets_more(self, workspace: UUID) -> None:
        tenants.put(workspace, weight=3)
        backlog(workspace, 300)
        backlog(uuid7(), 300)
        assert shares(claim(100))[workspace] == 75

    def test_a_lone_workspace_gets_the_whole_batch(self, workspace: UUID) -> None:
        backlog(workspace, 300)
        assert len(claim(100)) == 100

    def test_whoever_was_not_reached_comes_first_next_time(self) -> None:
        studios = [uuid7() for _ in range(30)]
        for studio in studios:
            backlog(studio, 20)
        served = shares(claim(100)) + shares(claim(100)) + shares(claim(100))
        assert set(served) == set(studios)

    def test_within_a_workspace_the_priority_decides(self, workspace: UUID) -> None:
        backlog(workspace, 3, priority=9)
        backlog(workspace, 1, priority=0)
        first = value("SELECT id FROM autopilot_job WHERE priority = 0")
        assert claim(1)[0].id == first


class TestLimits:
    def test_a_paused_workspace_waits_and_then_goes_on(self, workspace: UUID) -> None:
        backlog(workspace, 1)
        limited(workspace, paused=True)
        assert claim() == []
        tenants.resume(workspace, actor="test")
        assert len(claim()) == 1

    def test_no_more_run_at_once_than_allowed(self, workspace: UUID) -> None:
        limited(workspace, max_running=3)
        backlog(workspace, 10)
        assert len(claim()) == 3
        rows("UPDATE autopilot_turn SET next_at = statement_timestamp() RETURNING 1")
        assert claim() == []

    def test_a_rate_lets_its_burst_through_and_then_one_at_a_time(self, workspace: UUID) -> None:
        limited(workspace, rate=1, burst=2)
        backlog(workspace, 10)
        assert len(claim()) == 2
        assert claim() == []
        assert 0 < value("SELECT extract(epoch FROM next_at - statement_timestamp()) FROM autopilot_turn") <= 1

    def test_a_limit_of_one_lane_leaves_the_other_lanes_alone(self, workspace: UUID) -> None:
        limited(workspace, lane="messages", max_running=1)
        backlog(workspace, 5)
        assert len(claim()) == 5

    def test_what_operators_set_stays_when_the_plan_changes(self, workspace: UUID) -> None:
        limited(workspace, max_running=3)
        limited(workspace, lane="bulk", weight=7, max_running=2)
        tenants.put(workspace, weight=2)
        with tenant(workspace):
            found = tenants.limits_by_lane()
        assert (found["bulk"].weight, found["bulk"].max_running) == (7, 2)

    def test_a_throttled_workspace_does_not_slow_the_others(self, workspace: UUID) -> None:
        limited(workspace, rate=1, burst=1)
        backlog(workspace, 10)
        backlog(other := uuid7(), 10)
        assert shares(claim())[other] == 10


class TestFences:
    def test_a_finished_job_moves_to_the_history(self, workspace: UUID) -> None:
        backlog(workspace, 1)
        row = claim()[0]
        assert complete(Done(row.id, row.lease)) == 1
        assert rows("SELECT public_id, status FROM autopilot_job_done") == [(row.public_id, 3)]
        assert value("SELECT count(*) FROM autopilot_job") == 0

    def test_two_claims_never_get_the_same_job(self, workspace: UUID) -> None:
        backlog(workspace, 50)
        claimed = [row.id for _ in range(5) for row in claim(20)]
        assert len(claimed) == len(set(claimed)) == 50

    def test_results_under_a_lease_that_was_taken_away_write_nothing(self, workspace: UUID) -> None:
        backlog(workspace, 1)
        late = claim()[0]
        put_back(unstarted(late))
        with everything():
            statements.sweep(connection.cursor())
        present = claim()[0]
        assert complete(Done(late.id, late.lease)) == 0
        assert put_back(NotDone(late.id, late.lease, is_dead=True)) == 0
        assert complete(Done(present.id, present.lease)) == 1

    def test_a_job_completes_once(self, workspace: UUID) -> None:
        backlog(workspace, 1)
        row = claim()[0]
        assert (complete(Done(row.id, row.lease)), complete(Done(row.id, row.lease))) == (1, 0)

    def test_what_was_not_started_goes_back_as_if_never_claimed(self, workspace: UUID) -> None:
        backlog(workspace, 1)
        put_back(unstarted(claim()[0]))
        assert rows("SELECT status, attempts, locked_by FROM autopilot_job") == [(0, 0, None)]


class TestTurns:
    def test_a_turn_without_work_sleeps_and_a_job_committed_meanwhile_wakes_it(self, workspace: UUID) -> None:
        backlog(workspace, 1)
        claim()
        with everything():
            new = [jobs.NewJob(workspace, Task(), "late")]
            jobs.enqueue_many("t.job", new)
        assert claim() == []
        with everything():
            statements.settle_turns(connection.cursor(), [(BULK, workspace)])
        assert len(claim()) == 1

    def test_a_turn_waits_for_its_earliest_job(self, workspace: UUID) -> None:
        at = clock.now() + timedelta(minutes=5)
        with everything():
            new = [
                jobs.NewJob(workspace, Task(), "b", at + timedelta(hours=1)),
                jobs.NewJob(workspace, Task(), "a", at),
            ]
            jobs.enqueue_many("t.job", new)
            statements.sweep(connection.cursor())
        assert value("SELECT next_at FROM autopilot_turn") == at

    def test_the_lanes_with_due_work_are_found_at_once(self, workspace: UUID) -> None:
        backlog(workspace, 1)
        with everything():
            assert statements.lanes_with_work(connection.cursor(), range(len(LANES))) == [BULK]


class TestRescue:
    @pytest.fixture
    def worker(self) -> int:
        with everything():
            return workers.register(connection.cursor(), kind="worker", lanes=LANES)

    def rescue(self, *, by_silence: bool = True) -> int:
        with everything():
            return len(workers.rescue(connection.cursor(), by_silence=by_silence))

    def crash(self, worker: int) -> None:
        """As if the process had been another one, which is gone."""
        rows("UPDATE autopilot_worker SET birth = 'another', lost_at = NULL WHERE id = %s RETURNING 1", worker)

    def make_due(self) -> None:
        rows("UPDATE autopilot_turn SET next_at = statement_timestamp() RETURNING 1")
        rows("UPDATE autopilot_job SET scheduled_at = statement_timestamp() WHERE status = 0 RETURNING 1")

    def test_the_jobs_of_a_living_worker_are_left_alone(self, workspace: UUID, worker: int) -> None:
        backlog(workspace, 1)
        claim(worker=worker)
        assert self.rescue() == 0

    def test_the_jobs_of_a_process_that_ended_are_due_again_at_once(self, workspace: UUID, worker: int) -> None:
        backlog(workspace, 1)
        claim(worker=worker)
        self.crash(worker)
        assert self.rescue() == 1
        assert rows("SELECT status, attempts, crashes FROM autopilot_job") == [(0, 1, 1)]
        assert value("SELECT outcome FROM autopilot_job_attempt") == "crashed"

    def test_the_jobs_of_a_silent_worker_are_taken_away(self, workspace: UUID, worker: int) -> None:
        backlog(workspace, 1)
        claim(worker=worker)
        rows("UPDATE autopilot_worker SET beat_at = statement_timestamp() - interval '26 seconds' RETURNING 1")
        assert self.rescue(by_silence=False) == 0
        assert self.rescue(by_silence=True) == 1

    def test_a_worker_whose_jobs_were_taken_away_is_told(self, worker: int) -> None:
        self.crash(worker)
        self.rescue()
        with everything():
            assert not workers.beat(connection.cursor(), worker)

    def test_jobs_whose_workers_row_is_gone_are_rescued_too(self, workspace: UUID) -> None:
        backlog(workspace, 1)
        claim(worker=987654)
        assert self.rescue() == 1
