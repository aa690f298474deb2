"""What holds work back and what lets it through first, and the figures that tell of it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client

from pilar.backplane import jobs, metrics
from pilar.backplane.engine import execute, statements, work_off
from pilar.backplane.engine.coordinator import Coordinator
from pilar.backplane.engine.crew import Lane
from pilar.backplane.engine.results import Claimed, Hold, NotDone
from pilar.backplane.engine.tally import Tally, snapshot
from pilar.backplane.engine.throttles import Throttles
from pilar.backplane.models import Throttle
from pilar.backplane.tenancy import PLATFORM, tenant
from pilar.kernel import clock
from pilar.kernel.errors import ErrorClass, ProviderError
from pilar.kernel.ids import uuid7
from pilar.kernel.switchboard import LANES, Permanent
from tests.backplane.trade import Task, Trade, enqueue, everything, limited, rows, value

pytestmark = pytest.mark.django_db
BULK = LANES.index("bulk")
BEARER = {"Authorization": "Bearer tests-cron-secret"}
START = UUID(int=0)


def put_in(workspace: UUID, count: int, *, name: str = "t.job", priority: int | None = None) -> None:
    with everything():
        tag = uuid7()
        new = [jobs.NewJob(workspace, Task(n=n), f"{tag}{n}") for n in range(count)]
        jobs.enqueue_many(name, new, priority=priority)
        statements.sweep(connection.cursor())


def claim(batch: int = 100) -> list[Claimed]:
    with everything():
        return statements.claim(connection.cursor(), lane=BULK, batch=batch, turns=256, worker=1)[0]


class TestThrottles:
    @pytest.fixture(autouse=True)
    def _work(self, trade: Trade) -> None:
        trade.job("t.wa", provider="whatsapp")
        trade.job("t.job")

    def sift(self, found: list[Claimed]) -> tuple[list[Claimed], list[NotDone]]:
        with everything():
            return Throttles().sift(connection.cursor(), found)

    def hold(self, workspace: UUID, seconds: float) -> None:
        with everything():
            statements.hold(connection.cursor(), [Hold("whatsapp", workspace, seconds)])

    def limit(self, workspace: UUID, most: int) -> None:
        with tenant(workspace):
            Throttle.objects.create(provider="whatsapp", max_running=most)

    def test_a_provider_that_says_wait_holds_all_its_jobs_of_that_workspace(self, workspace: UUID) -> None:
        put_in(workspace, 3, name="t.wa")
        self.hold(workspace, 60)
        free, back = self.sift(claim())
        assert (free, len(back)) == ([], 3)
        assert all(one.at and one.at > clock.now() + timedelta(seconds=50) and not one.counted for one in back)

    def test_other_workspaces_and_other_work_go_on(self, workspace: UUID) -> None:
        put_in(workspace, 1)
        put_in(uuid7(), 1, name="t.wa")
        self.hold(workspace, 60)
        assert len(self.sift(claim())[0]) == 2

    def test_a_held_job_loses_no_attempt_and_comes_back_when_the_wait_is_over(self, workspace: UUID) -> None:
        put_in(workspace, 1, name="t.wa")
        self.hold(workspace, 60)
        back = self.sift(claim())[1]
        with everything():
            statements.write(connection.cursor(), [*back], worker=1)
        found = rows("SELECT status, attempts, deferrals, scheduled_at > statement_timestamp() FROM autopilot_job")
        assert found == [(0, 0, 0, True)]
        assert value("SELECT count(*) FROM autopilot_job_attempt") == 0

    def test_a_shorter_wait_does_not_take_back_a_longer_one(self, workspace: UUID) -> None:
        self.hold(workspace, 600)
        self.hold(workspace, 1)
        assert value("SELECT extract(epoch FROM held_until - statement_timestamp()) FROM autopilot_throttle") > 500

    def test_a_wait_that_is_over_holds_nothing(self, workspace: UUID) -> None:
        self.hold(workspace, -1)
        put_in(workspace, 1, name="t.wa")
        assert len(self.sift(claim())[0]) == 1

    def test_a_rate_limited_run_holds_its_provider(self, workspace: UUID, trade: Trade) -> None:
        def refuse(_work: Any) -> None:
            raise ProviderError("slow", provider="whatsapp", error_class=ErrorClass.RATE_LIMITED, retry_after=30)

        trade.job("t.wa", refuse, provider="whatsapp")
        enqueue(workspace, name="t.wa")
        work_off()
        assert rows("SELECT workspace_id, provider FROM autopilot_throttle") == [(workspace, "whatsapp")]

    def test_no_more_of_a_workspaces_calls_run_at_once_than_allowed(self, workspace: UUID) -> None:
        self.limit(workspace, 2)
        put_in(workspace, 5, name="t.wa")
        free, back = self.sift(claim(3))
        assert (len(free), len(back)) == (2, 1)

    def test_what_other_workers_run_counts(self, workspace: UUID) -> None:
        self.limit(workspace, 2)
        put_in(workspace, 3, name="t.wa")
        claim(1)
        rows("UPDATE autopilot_turn SET next_at = statement_timestamp() RETURNING 1")
        assert len(self.sift(claim(2))[0]) == 1

    def test_a_limit_of_the_platform_holds_for_all_workspaces_together(self) -> None:
        self.limit(PLATFORM, 3)
        for _ in range(5):
            put_in(uuid7(), 1, name="t.wa")
        assert len(self.sift(claim())[0]) == 3

    def test_a_hold_is_bounded(self) -> None:
        error = ProviderError("slow", provider="x", error_class=ErrorClass.RATE_LIMITED, retry_after=1e9)
        held = execute._hold(Claimed(*[None] * 16), error)  # type: ignore[arg-type]
        assert held
        assert held.seconds == execute.LONGEST_HOLD


class TestFirstPass:
    @pytest.fixture(autouse=True)
    def _work(self, trade: Trade) -> None:
        trade.job()

    def urgent(self, batch: int = 10, after: UUID = START) -> list[Claimed]:
        with everything():
            return statements.claim_urgent(connection.cursor(), lane=BULK, batch=batch, worker=1, after=after)

    def test_each_workspace_gets_its_oldest_interactive_job(self, workspace: UUID) -> None:
        put_in(workspace, 50, priority=0)
        put_in(uuid7(), 1, priority=0)
        put_in(uuid7(), 9, priority=5)
        found = self.urgent()
        assert len(found) == len({row.workspace_id for row in found}) == 2

    def test_the_next_pass_goes_on_with_the_next_workspaces(self) -> None:
        studios = sorted(uuid7() for _ in range(5))
        for studio in studios:
            put_in(studio, 3, priority=0)
        first = self.urgent(2)
        second = self.urgent(2, max(row.workspace_id for row in first))
        assert sorted(row.workspace_id for row in first + second) == studios[:4]

    @pytest.mark.parametrize("limit", [{"paused": True}, {"rate": 1.0}, {"max_running": 1}])
    def test_workspaces_with_limits_of_their_own_wait_for_their_turn(self, workspace: UUID, limit: Any) -> None:
        limited(workspace, **limit)
        put_in(workspace, 1, priority=0)
        assert self.urgent() == []

    def test_what_is_due_later_is_left(self, workspace: UUID) -> None:
        enqueue(workspace, priority=0, at=clock.now() + timedelta(hours=1))
        assert self.urgent() == []

    def test_in_a_full_lane_an_interactive_job_passes_a_thousand_turns(self, workspace: UUID) -> None:
        for _ in range(40):
            put_in(uuid7(), 20)
        put_in(workspace, 1, priority=0)
        rows("UPDATE autopilot_turn SET next_at = statement_timestamp() WHERE workspace_id = %s RETURNING 1", workspace)
        coordinator, lane = Coordinator(["bulk"]), Lane(BULK, 8)
        with everything():
            cursor = connection.cursor()
            first = coordinator._claim(cursor, lane, 1)
            second = coordinator._claim(cursor, lane, 1)
        assert workspace not in {row.workspace_id for row in first}
        assert workspace in {row.workspace_id for row in second}

    def test_ordinary_work_is_not_starved_by_interactive_work(self) -> None:
        for _ in range(30):
            put_in(uuid7(), 5, priority=0)
        put_in(ordinary := uuid7(), 5, priority=9)
        rows(
            "UPDATE autopilot_turn SET next_at = next_at - interval '1 h' WHERE workspace_id = %s RETURNING 1", ordinary
        )
        coordinator, lane = Coordinator(["bulk"]), Lane(BULK, 1)
        lane.average, lane.is_full = 10, True
        with everything():
            found = [row for _ in range(4) for row in coordinator._claim(connection.cursor(), lane, 1)]
        assert sum(row.workspace_id == ordinary for row in found) == 3


class TestFigures:
    @pytest.fixture(autouse=True)
    def _work(self, trade: Trade) -> None:
        trade.job()

    def lines(self, client: Client) -> dict[str, float]:
        text = client.get("/metrics", headers=BEARER).content.decode()
        found = [line.rpartition(" ") for line in text.splitlines() if line.startswith("pilar_queue")]
        return {name: float(number) for name, _, number in found}

    def tell(self, tally: Tally) -> None:
        with everything():
            tally.tell(connection.cursor())

    def test_a_lane_shows_what_waits_runs_and_is_dead(self, workspace: UUID, client: Client, trade: Trade) -> None:
        def fail(_work: Any) -> None:
            raise Permanent("never")

        trade.job("t.fail", fail)
        enqueue(workspace, name="t.fail")
        work_off()
        put_in(workspace, 5)
        claim(2)
        self.tell(Tally([]))
        found = self.lines(client)
        names = ("depth", "due", "running", "dead")
        assert [found[f'pilar_queue_{name}{{lane="bulk"}}'] for name in names] == [3, 3, 2, 1]

    def test_the_age_of_the_oldest_grows_between_two_counts(self, workspace: UUID, client: Client) -> None:
        put_in(workspace, 1)
        rows("UPDATE autopilot_job SET scheduled_at = statement_timestamp() - interval '90 seconds' RETURNING 1")
        self.tell(Tally([]))
        assert 90 <= self.lines(client)['pilar_queue_oldest_due_seconds{lane="bulk"}'] < 120

    def test_the_counts_of_all_processes_add_up(self, client: Client) -> None:
        for outcomes in (["done", "done"], ["done", "dead"]):
            lane = Lane(BULK, 1)
            lane.times.extend(("t.job", 0.05, word) for word in outcomes)
            self.tell(Tally([lane]))
        found = self.lines(client)
        assert found['pilar_queue_runs_total{lane="bulk",outcome="done"}'] == 3
        assert found['pilar_queue_runs_total{lane="bulk",outcome="dead"}'] == 1
        assert found['pilar_queue_run_seconds_bucket{lane="bulk",le="0.025"}'] == 0
        assert found['pilar_queue_run_seconds_bucket{lane="bulk",le="0.1"}'] == 4
        assert found['pilar_queue_run_seconds_count{lane="bulk"}'] == 4
        assert found['pilar_queue_run_seconds_sum{lane="bulk"}'] == pytest.approx(0.2)

    def test_claims_are_counted_with_how_long_they_waited(self, workspace: UUID, client: Client) -> None:
        put_in(workspace, 2)
        tally = Tally([])
        tally.claimed(Lane(BULK, 1), claim())
        self.tell(tally)
        found = self.lines(client)
        assert found['pilar_queue_claims_total{lane="bulk"}'] == 2
        assert found['pilar_queue_wait_seconds_count{lane="bulk"}'] == 2

    def test_the_queue_is_counted_once_in_ten_seconds_however_many_workers_there_are(self) -> None:
        with everything():
            assert [snapshot(connection.cursor()) for _ in range(3)] == [True, False, False]

    def test_a_scrape_never_counts_the_queue(self) -> None:
        assert "autopilot_job " not in metrics._FIGURES + metrics._PROCESSES

    def test_no_figure_names_a_workspace(self, workspace: UUID, client: Client) -> None:
        put_in(workspace, 1)
        self.tell(Tally([]))
        assert str(workspace) not in client.get("/metrics", headers=BEARER).content.decode()
