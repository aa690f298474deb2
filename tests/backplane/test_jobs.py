from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError

from pilar.backplane import correlation, jobs
from pilar.backplane.engine import work_off
from pilar.backplane.tenancy import NoTenant, atomic, tenant
from pilar.kernel import clock
from pilar.kernel.errors import ErrorClass, ProviderError
from pilar.kernel.ids import uuid7
from pilar.kernel.problems import Conflict, NotFound
from pilar.kernel.switchboard import Empty, Permanent, Reschedule, RetryAt
from tests.backplane.trade import Task, Trade, enqueue, everything, rows, value

pytestmark = pytest.mark.django_db
SOON = timedelta(minutes=30)


def raising(error: BaseException) -> Any:
    def handler(_work: Any) -> None:
        raise error

    return handler


def status_of(public_id: UUID) -> int | None:
    found = rows("SELECT status FROM autopilot_job WHERE public_id = %s", public_id)
    found += rows("SELECT status FROM autopilot_job_done WHERE public_id = %s", public_id)
    return found[0][0] if found else None


class TestEnqueue:
    def test_a_job_reaches_its_handler_with_its_payload(self, trade: Trade, workspace: UUID) -> None:
        trade.job()
        public_id = enqueue(workspace, n=7)
        assert work_off() == 1
        work = trade.seen[0]
        assert (work.id, work.workspace_id, work.payload, work.attempt) == (public_id, workspace, Task(n=7), 1)

    def test_the_same_key_again_is_the_first_job(self, trade: Trade, workspace: UUID) -> None:
        trade.job()
        assert enqueue(workspace, key="once") == enqueue(workspace, key="once")
        assert work_off() == 1

    def test_the_key_stays_used_after_the_job_has_finished(self, trade: Trade, workspace: UUID) -> None:
        trade.job()
        first = enqueue(workspace, key="once")
        work_off()
        assert enqueue(workspace, key="once") == first
        assert work_off() == 0

    def test_another_workspace_may_use_the_same_key(self, trade: Trade, workspace: UUID) -> None:
        trade.job()
        assert enqueue(workspace, key="once") != enqueue(uuid7(), key="once")

    def test_the_same_key_with_another_request_is_refused_where_asked_for(self, trade: Trade, inside: UUID) -> None:
        trade.job()
        jobs.enqueue("t.job", Task(n=1), key="k", same_request=True)
        jobs.enqueue("t.job", Task(n=1), key="k", same_request=True)
        with pytest.raises(jobs.KeyReused):
            jobs.enqueue("t.job", Task(n=2), key="k", same_request=True)

    def test_an_unknown_type_is_refused(self, inside: UUID) -> None:
        with pytest.raises(jobs.UnknownType):
            jobs.enqueue("t.nobody", Task(), key="k")

    def test_a_payload_of_another_model_is_refused_at_the_door(self, trade: Trade, inside: UUID) -> None:
        trade.job()
        with pytest.raises(TypeError):
            jobs.enqueue("t.job", Empty(), key="k")

    def test_a_priority_outside_0_to_9_is_refused(self, trade: Trade, inside: UUID) -> None:
        trade.job()
        with pytest.raises(IntegrityError), atomic():
            jobs.enqueue("t.job", Task(), key="k", priority=10)

    def test_without_a_workspace_nothing_is_enqueued(self, trade: Trade) -> None:
        trade.job()
        with pytest.raises(NoTenant):
            jobs.enqueue("t.job", Task(), key="k")

    def test_many_rows_of_many_workspaces_go_in_at_once_and_only_once(self, trade: Trade) -> None:
        trade.job()
        new = [jobs.NewJob(uuid7(), Task(n=n), f"k{n}") for n in range(30)]
        with everything():
            assert jobs.enqueue_many("t.job", new) == 30
            assert jobs.enqueue_many("t.job", new) == 0
        assert work_off() == 30

    def test_work_that_is_due_later_waits(self, trade: Trade, workspace: UUID) -> None:
        trade.job()
        enqueue(workspace, at=clock.now() + SOON)
        assert work_off() == 0
        assert work_off(until=clock.now() + SOON) == 1

    def test_the_thread_of_causes_is_handed_on(self, trade: Trade, workspace: UUID) -> None:
        began, seen = uuid7(), []
        trade.job(handler=lambda work: seen.append((correlation.current(), correlation.causation())))
        with correlation.use(began):
            public_id = enqueue(workspace)
        work_off()
        assert seen == [(began, public_id)]


class TestOutcomes:
    def test_what_a_handler_returns_is_kept_as_its_result(self, trade: Trade, workspace: UUID) -> None:
        trade.job(handler=lambda work: {"sent": 3})
        enqueue(workspace)
        work_off()
        assert rows("SELECT status, result::text FROM autopilot_job_done") == [(3, '{"sent": 3}')]

    def test_a_failure_is_tried_again_later(self, trade: Trade, workspace: UUID) -> None:
        trade.job(handler=raising(ValueError("no")))
        public_id = enqueue(workspace)
        work_off(limit=1)
        assert rows("SELECT status, attempts, error FROM autopilot_job") == [(0, 1, "ValueError: no")]
        with tenant(workspace):
            assert [attempt["outcome"] for attempt in jobs.attempts(public_id)] == ["retry"]

    def test_a_job_out_of_attempts_is_dead_and_keeps_each_error(self, trade: Trade, workspace: UUID) -> None:
        trade.job(handler=raising(ValueError("no")), max_attempts=3)
        public_id = enqueue(workspace)
        assert work_off(until=clock.now() + SOON) == 3
        assert status_of(public_id) == 2
        with tenant(workspace):
            assert [attempt["outcome"] for attempt in jobs.attempts(public_id)] == ["retry", "retry", "dead"]

    def test_a_permanent_failure_is_dead_at_once(self, trade: Trade, workspace: UUID) -> None:
        trade.job(handler=raising(Permanent("never")))
        public_id = enqueue(workspace)
        assert work_off(until=clock.now() + SOON) == 1
        assert status_of(public_id) == 2

    def test_a_handler_that_knows_when_decides_the_wait(self, trade: Trade, workspace: UUID) -> None:
        trade.job(handler=raising(RetryAt("busy", after=600)))
        enqueue(workspace)
        work_off()
        assert 590 < value("SELECT extract(epoch FROM scheduled_at - statement_timestamp()) FROM autopilot_job") < 610

    def test_a_provider_that_is_away_costs_no_attempt(self, trade: Trade, workspace: UUID) -> None:
        away = ProviderError("503", provider="x", error_class=ErrorClass.INTEGRATION_OFFLINE, retry_after=60)
        trade.job(handler=raising(away))
        enqueue(workspace)
        for _ in range(5):
            work_off(until=clock.now() + SOON, limit=1)
        assert rows("SELECT status, attempts, deferrals FROM autopilot_job") == [(0, 0, 5)]

    def test_a_provider_that_stays_away_for_a_day_ends_in_the_dead_letters(self, trade: Trade, workspace: UUID) -> None:
        away = ProviderError("503", provider="x", error_class=ErrorClass.INTEGRATION_OFFLINE)
        trade.job(handler=raising(away))
        public_id = enqueue(workspace, at=clock.now() - timedelta(hours=25))
        work_off()
        assert status_of(public_id) == 2

    def test_work_waits_until_refused_credentials_are_set_right(self, trade: Trade, workspace: UUID) -> None:
        denied = ProviderError("401", provider="x", error_class=ErrorClass.THIRD_PARTY_AUTH_FAILED)
        trade.job(handler=raising(denied))
        enqueue(workspace)
        work_off()
        assert rows("SELECT status, attempts, deferrals FROM autopilot_job") == [(0, 0, 1)]
        assert value("SELECT extract(epoch FROM scheduled_at - statement_timestamp()) FROM autopilot_job") > 15

    def test_a_wrong_setting_is_not_tried_again(self, trade: Trade, workspace: UUID) -> None:
        wrong = ProviderError("404", provider="x", error_class=ErrorClass.CONFIGURATION_ERROR)
        trade.job(handler=raising(wrong))
        public_id = enqueue(workspace)
        work_off()
        assert status_of(public_id) == 2

    def test_rescheduling_is_no_failure(self, trade: Trade, workspace: UUID) -> None:
        later = clock.now() + SOON
        trade.job(handler=lambda work: Reschedule(later))
        enqueue(workspace)
        work_off()
        assert rows("SELECT status, attempts, scheduled_at FROM autopilot_job") == [(0, 0, later)]

    def test_a_payload_the_model_no_longer_takes_is_dead_not_looping(self, trade: Trade, workspace: UUID) -> None:
        trade.job()
        public_id = enqueue(workspace)
        with everything():
            rows("UPDATE autopilot_job SET payload = '{\"wrong\": 1}' RETURNING 1")
        work_off()
        assert status_of(public_id) == 2

    def test_work_of_a_newer_release_is_left_for_it(
        self, trade: Trade, workspace: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        trade.job()
        public_id = enqueue(workspace)
        monkeypatch.undo()
        work_off()
        assert status_of(public_id) == 0

    def test_a_handler_that_tries_to_exit_only_fails(self, trade: Trade, workspace: UUID) -> None:
        trade.job(handler=raising(SystemExit(1)))
        enqueue(workspace)
        work_off(limit=1)
        assert value("SELECT error FROM autopilot_job") == "SystemExit: 1"

    def test_personal_data_in_an_error_is_masked(self, trade: Trade, workspace: UUID) -> None:
        trade.job(handler=raising(ValueError("no reply from anna@example.com")))
        enqueue(workspace)
        work_off(limit=1)
        assert "anna" not in value("SELECT error FROM autopilot_job")


class TestHandling:
    def test_a_waiting_job_can_be_cancelled(self, trade: Trade, inside: UUID) -> None:
        trade.job()
        public_id = jobs.enqueue("t.job", Task(), key="k")
        jobs.cancel(public_id)
        assert status_of(public_id) == 4

    def test_a_finished_job_cannot_be_cancelled(self, trade: Trade, workspace: UUID) -> None:
        trade.job()
        public_id = enqueue(workspace)
        work_off()
        with tenant(workspace), pytest.raises(Conflict):
            jobs.cancel(public_id)

    def test_a_dead_job_gets_new_attempts(self, trade: Trade, workspace: UUID) -> None:
        trade.job(handler=raising(Permanent("never")))
        public_id = enqueue(workspace)
        work_off()
        trade.job()
        with tenant(workspace):
            jobs.retry(public_id, payload=Task(n=2))
        work_off()
        assert [work.payload.n for work in trade.seen] == [2]

    def test_only_a_dead_job_is_retried_or_discarded(self, trade: Trade, inside: UUID) -> None:
        trade.job()
        public_id = jobs.enqueue("t.job", Task(), key="k")
        with pytest.raises(Conflict):
            jobs.retry(public_id)
        with pytest.raises(Conflict):
            jobs.discard(public_id)

    def test_a_waiting_job_is_brought_forward(self, trade: Trade, workspace: UUID) -> None:
        trade.job()
        enqueue(workspace, key="k", at=clock.now() + SOON)
        with tenant(workspace):
            assert jobs.wake("t.job", "k")
            assert not jobs.wake("t.job", "unknown")
        assert work_off() == 1

    def test_one_that_runs_looks_again_after_it_was_put_off(self, trade: Trade, workspace: UUID) -> None:
        def handler(work: Any) -> Reschedule | None:
            trade.seen.append(work)
            if len(trade.seen) > 1:
                return None
            jobs.wake("t.job", "k")
            return Reschedule(clock.now() + SOON, "nothing there yet")

        trade.job(handler=handler)
        enqueue(workspace, key="k")
        assert work_off() == 2

    def test_a_wake_counts_for_one_look_only(self, trade: Trade, workspace: UUID) -> None:
        def handler(work: Any) -> Reschedule:
            trade.seen.append(work)
            if len(trade.seen) == 1:
                jobs.wake("t.job", "k")
            return Reschedule(clock.now() + SOON, "nothing there yet")

        trade.job(handler=handler)
        enqueue(workspace, key="k")
        assert work_off() == 2
        assert rows("SELECT status, wake_at FROM autopilot_job") == [(0, None)]

    def test_another_workspaces_job_is_not_there(self, trade: Trade, workspace: UUID) -> None:
        trade.job()
        public_id = enqueue(workspace)
        with tenant(uuid7()), pytest.raises(NotFound):
            jobs.cancel(public_id)
