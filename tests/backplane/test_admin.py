from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client, RequestFactory
from django.urls import reverse, reverse_lazy
from django.utils import timezone

from pilar.backplane import admin, confirmation, dead_letters, events, locks, rates
from pilar.backplane.engine import work_off
from pilar.backplane.engine.tally import snapshot
from pilar.backplane.models import AuditLog, AutopilotEvent, AutopilotJob, DistributedLock
from pilar.backplane.models.work import JobStatus
from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel import clock
from pilar.kernel.ids import uuid7
from pilar.kernel.switchboard import Permanent
from tests.backplane.trade import Task, Trade, enqueue, everything, limited, rows, value

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
YES = {"confirmed": "yes", "reason": "ticket 4711"}
MODELS = [model for model in admin.admin.site._registry if model._meta.app_label == "backplane"]


@pytest.fixture
def operator(client: Client) -> Client:
    user: Any = get_user_model()
    client.force_login(user.objects.create_superuser(email="admin@example.com", password="x" * 12))
    return client


def page(model: type[Any]) -> str:
    return reverse(f"admin:backplane_{model._meta.model_name}_changelist")


def dead_job(trade: Trade, workspace: UUID) -> UUID:
    def fail(_work: Any) -> None:
        raise Permanent("never")

    trade.job(handler=fail)
    public_id = enqueue(workspace)
    work_off()
    return public_id


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_page_opens(operator: Client, model: type[Any]) -> None:
    assert operator.get(page(model)).status_code == 200


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
@pytest.mark.parametrize("what", ["x", "1", "%00", "01900000-0000-7000-8000-000000000000"])
def test_a_row_that_is_none_leads_back(operator: Client, model: type[Any], what: str) -> None:
    assert operator.get(f"{page(model)}{what}/change/").status_code == 302


@pytest.mark.parametrize("name", ["dead", "mend", "autopilotjob_changelist", "auditlog_changelist"])
def test_what_no_column_can_hold_is_the_senders_to_mend(operator: Client, name: str) -> None:
    address, nul = reverse(f"admin:backplane_{name}"), "a\x00"
    given = {"do": "retry", "type": nul, "cause": nul, "before": nul, "q": nul, "action": "retry", **YES}
    assert operator.get(address, given).status_code < 500
    assert operator.post(address, given | {"_selected_action": "1", "reason": f"because {nul}"}).status_code < 500


def test_a_dead_job_is_shown_with_its_error_and_runs_again(operator: Client, trade: Trade, workspace: UUID) -> None:
    dead_job(trade, workspace)
    assert b"Permanent: never" in operator.get(page(AutopilotJob)).content
    with everything():
        chosen = AutopilotJob.objects.get().pk
    operator.post(page(AutopilotJob), {"action": "retry", "_selected_action": [chosen], **YES})
    assert value("SELECT status FROM autopilot_job") == 0
    with tenant(workspace):
        entry = AuditLog.objects.get()
    assert (entry.action, entry.after) == ("job.retried", {"reason": "ticket 4711"})


def test_what_cannot_be_done_is_said_and_the_rest_is_done(operator: Client, trade: Trade, workspace: UUID) -> None:
    dead_job(trade, workspace)
    trade.job()
    enqueue(workspace)
    with everything():
        chosen = list(AutopilotJob.objects.values_list("pk", flat=True))
    answer = operator.post(page(AutopilotJob), {"action": "retry", "_selected_action": chosen, **YES}, follow=True)
    assert [message.level_tag for message in answer.context["messages"]] == ["warning", "success"]
    assert value("SELECT count(*) FROM autopilot_job WHERE status = 0") == 2


def test_a_lock_is_released_and_that_is_noted(operator: Client, workspace: UUID) -> None:
    with tenant(workspace), locks.held("door", MINUTE):
        with everything():
            chosen = DistributedLock.objects.get().pk
        operator.post(page(DistributedLock), {"action": "release", "_selected_action": [chosen], **YES})
        assert locks.acquire("door", ttl=MINUTE, owner="next")
        assert AuditLog.objects.get().action == "lock.released"


def test_before_anything_is_done_it_is_asked(operator: Client, trade: Trade, workspace: UUID) -> None:
    dead_job(trade, workspace)
    with everything():
        chosen = AutopilotJob.objects.get().pk
    answer = operator.post(page(AutopilotJob), {"action": "discard", "_selected_action": [chosen]})
    assert ("action", "discard") in answer.context_data["carried"]
    assert value("SELECT count(*) FROM autopilot_job WHERE status = 2") == 1


@pytest.mark.parametrize("reason", ["", "    ", "x"])
def test_a_yes_without_a_reason_is_none(operator: Client, trade: Trade, workspace: UUID, reason: str) -> None:
    dead_job(trade, workspace)
    with everything():
        chosen = AutopilotJob.objects.get().pk
    wanted = {"action": "discard", "_selected_action": [chosen], "confirmed": "yes", "reason": reason}
    answer = operator.post(page(AutopilotJob), wanted)
    assert answer.context_data["error"]
    assert value("SELECT count(*) FROM autopilot_job WHERE status = 2") == 1


def test_what_a_page_tells_is_not_asked_for_again_with_the_yes(rf: RequestFactory) -> None:
    def about() -> confirmation.About:
        raise AssertionError

    agreed = rf.post("/", YES)
    assert confirmation.ask(agreed, question="?", about=about, carry={}, back="/") is None


class TestQueuePage:
    def count(self) -> None:
        with everything():
            snapshot(connection.cursor(), every=0)

    def test_it_shows_lanes_and_asks_for_its_part_again(self, operator: Client, trade: Trade, workspace: UUID) -> None:
        dead_job(trade, workspace)
        self.count()
        answer = operator.get(reverse("admin:backplane_queue"))
        dead = {lane.name: lane.dead for lane in answer.context["queue"].lanes}
        assert (dead["bulk"], dead["messages"]) == (1, 0)
        assert reverse("admin:backplane_queue_part") in answer.content.decode()

    def test_a_part_that_did_not_change_is_not_sent_again(self, operator: Client) -> None:
        self.count()
        address = reverse("admin:backplane_queue_part")
        etag = operator.get(address)["ETag"]
        assert operator.get(address, headers={"If-None-Match": etag}).status_code == 304

    def test_it_asks_few_questions_however_much_there_is(
        self, operator: Client, trade: Trade, django_assert_max_num_queries: Any
    ) -> None:
        trade.job()
        for _ in range(30):
            enqueue(studio := uuid7())
            limited(studio, max_running=1)
        self.count()
        with django_assert_max_num_queries(24):
            operator.get(reverse("admin:backplane_queue_part"))

    def test_studios_that_wait_and_what_is_held_are_named(
        self, operator: Client, trade: Trade, workspace: UUID
    ) -> None:
        trade.job()
        enqueue(workspace)
        limited(workspace, lane="bulk", max_running=1)
        rows("UPDATE autopilot_turn SET next_at = statement_timestamp() - interval '1 h' RETURNING 1")
        found = operator.get(reverse("admin:backplane_queue")).context["queue"]
        assert [(one.workspace_id, one.lane) for one in found.busiest] == [(workspace, "bulk")]
        assert [(one.what, one.max_running) for one in found.held] == [("bulk", 1)]

    def test_it_says_that_its_figures_are_old(self, operator: Client) -> None:
        assert b'role="alert"' in operator.get(reverse("admin:backplane_queue")).content

    @pytest.mark.parametrize("name", ["queue", "queue_part", "dead", "mend", "replay", "job", "flow", "timeline"])
    def test_it_is_for_operators(self, client: Client, workspace: UUID, name: str) -> None:
        ids = [workspace] * {"timeline": 2, "job": 1, "flow": 1}.get(name, 0)
        assert client.get(reverse(f"admin:backplane_{name}", args=ids)).status_code == 302


class TestJobPage:
    @pytest.fixture
    def address(self, trade: Trade, workspace: UUID) -> str:
        return reverse("admin:backplane_job", args=[dead_job(trade, workspace)])

    def test_it_tells_the_error_and_every_attempt(self, operator: Client, address: str) -> None:
        answer = operator.get(address)
        assert [one["error"] for one in answer.context["attempts"]] == ["Permanent: never"]

    def test_a_payload_is_mended_and_both_are_noted(self, operator: Client, address: str, workspace: UUID) -> None:
        operator.post(address, {"do": "mend", "payload": '{"n": 7}', **YES})
        assert rows("SELECT status, payload FROM autopilot_job") == [(0, '{"n": 7}')]
        with tenant(workspace):
            entry = AuditLog.objects.get(action="job.mended")
        assert entry.before == {"payload": {"n": 0}}
        assert entry.after == {"payload": {"n": 7}, "reason": "ticket 4711"}

    @pytest.mark.parametrize("payload", ["{", "[]", '{"m": 1}', '{"n": "x"}'])
    def test_a_payload_that_does_not_fit_changes_nothing(self, operator: Client, address: str, payload: str) -> None:
        assert operator.post(address, {"do": "mend", "payload": payload, **YES}).status_code == 200
        assert rows("SELECT status, payload FROM autopilot_job") == [(2, '{"n": 0}')]

    def test_a_discarded_job_keeps_its_page(self, operator: Client, address: str) -> None:
        operator.post(address, {"do": "discard", **YES})
        assert operator.get(address).context["state"] is JobStatus.DISCARDED

    def test_the_payload_of_a_subscription_is_its_events(self, operator: Client, trade: Trade, workspace: UUID) -> None:
        def fail(_fact: Any) -> None:
            raise Permanent("never")

        trade.event("t.event", fail)
        with tenant(workspace), atomic():
            events.publish("t.event", Task(n=1), key="1")
        work_off()
        address = reverse("admin:backplane_job", args=[value("SELECT public_id FROM autopilot_job")])
        operator.post(address, {"do": "mend", "payload": '{"n": 7}', **YES})
        assert rows("SELECT status, payload FROM autopilot_job") == [(0, '{"n": 7}')]


class TestDeadByCause:
    address = reverse_lazy("admin:backplane_dead")

    @pytest.fixture(autouse=True)
    def _two_causes(self, trade: Trade) -> None:
        def fail(work: Any) -> None:
            raise Permanent("no phone" if work.payload.n else "no mail")

        trade.job(handler=fail)
        for n in (0, 1, 1):
            enqueue(uuid7(), n=n)
        work_off()

    def test_they_are_counted_over_all_studios(self, operator: Client) -> None:
        causes = operator.get(self.address).context["causes"]
        assert [(one["cause"], one["count"], one["studios"]) for one in causes] == [
            ("Permanent: no phone", 2, 2),
            ("Permanent: no mail", 1, 1),
        ]

    @pytest.mark.parametrize(("what", "left"), [("retry", 3), ("discard", 1)])
    def test_those_of_one_cause_are_changed_together_and_each_studio_is_told(
        self, operator: Client, what: str, left: int
    ) -> None:
        operator.post(self.address, {"do": what, "type": "t.job", "cause": "Permanent: no phone", **YES})
        assert value("SELECT count(*) FROM autopilot_job WHERE status = 2") == 1
        assert value("SELECT count(*) FROM autopilot_job") == left
        assert (
            value(
                "SELECT count(*) FROM autopilot_audit WHERE action = %s",
                {"retry": "job.retried", "discard": "job.discarded"}[what],
            )
            == 2
        )

    def test_before_they_run_again_it_is_said_which_they_are_and_what_that_takes(self, operator: Client) -> None:
        rows("INSERT INTO autopilot_type_time (type, runs, seconds) VALUES ('t.job', 1, 30) RETURNING 1")
        wanted = {"do": "retry", "type": "t.job", "cause": "Permanent: no phone"}
        asked = operator.post(self.address, wanted).context_data
        assert ["2" in fact for fact in asked["facts"][:1]] == [True]
        assert "30 s" in asked["facts"][1]
        assert [thing.partition(": ")[2] for thing in asked["things"]] == ['{"n": 1}', '{"n": 1}']

    def test_those_of_all_studios_come_back_one_after_the_other(self, operator: Client) -> None:
        operator.post(self.address, {"do": "retry", "type": "t.job", "cause": "Permanent: no phone", **YES})
        waits = "SELECT round(extract(epoch FROM scheduled_at - statement_timestamp())::numeric, 1) FROM autopilot_job"
        assert value(f"SELECT count(DISTINCT w) FROM ({waits} WHERE status = 0) AS t(w)") == 2


class TestMendMany:
    """The same field of all payloads of one cause, set anew."""

    address = f"{reverse_lazy('admin:backplane_mend')}?type=t.job&cause=Permanent"

    @pytest.fixture(autouse=True)
    def _three(self, trade: Trade) -> None:
        def fail(_work: Any) -> None:
            raise Permanent("no")

        trade.job(handler=fail)
        for n in range(3):
            enqueue(uuid7(), n=n)
        work_off()

    def test_what_changes_is_shown_before_it_is_done(self, operator: Client) -> None:
        asked = operator.post(self.address, {"changes": '{"n": 2}'}).context_data
        assert {thing.partition(": ")[2] for thing in asked["things"]} >= {"n: 0 → 2", "n: 1 → 2"}
        assert value("SELECT count(*) FROM autopilot_job WHERE status = 2") == 3

    def test_all_are_run_again_with_it_and_each_is_noted(self, operator: Client) -> None:
        operator.post(self.address, {"changes": '{"n": 2}', **YES})
        assert rows("SELECT status, payload->>'n' FROM autopilot_job") == [(0, "2")] * 3
        assert value("SELECT count(*) FROM autopilot_audit WHERE action = 'job.mended'") == 3

    def test_what_does_not_fit_is_said_and_stays_dead(self, operator: Client) -> None:
        asked = operator.post(self.address, {"changes": '{"m": 2}'}).context_data
        assert (asked["things"], any("3" in fact for fact in asked["facts"])) == ([], True)
        operator.post(self.address, {"changes": '{"m": 2}', **YES})
        assert value("SELECT count(*) FROM autopilot_job WHERE status = 2") == 3

    def test_those_that_do_not_fit_never_stand_before_the_others(
        self, operator: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The first in the row lacks a field that the changes do not set."""
        monkeypatch.setattr(dead_letters, "MOST", 1)
        first = "SELECT id FROM autopilot_job ORDER BY workspace_id, id LIMIT 1"
        rows(f"UPDATE autopilot_job SET payload = '{{\"m\": 1}}' WHERE id = ({first}) RETURNING id")
        for _round in range(3):
            operator.post(self.address, {"changes": '{"n": 2}', **YES})
        assert rows("SELECT status FROM autopilot_job ORDER BY workspace_id, id") == [(2,), (0,), (0,)]

    @pytest.mark.parametrize("changes", ["", "{}", "[1]", "x"])
    def test_nonsense_changes_nothing(self, operator: Client, changes: str) -> None:
        assert operator.post(self.address, {"changes": changes, **YES}).context["form"].errors
        assert value("SELECT count(*) FROM autopilot_job WHERE status = 2") == 3


class TestReplayPage:
    address = reverse_lazy("admin:backplane_replay")
    wanted: ClassVar = {"handler": "on:t.handler0:t.event", "since": "2020-01-01T00:00", "until": "2090-01-01T00:00"}

    @pytest.fixture(autouse=True)
    def _two_events(self, trade: Trade, workspace: UUID) -> None:
        trade.event("t.event", trade.seen.append)
        with tenant(workspace), atomic():
            for n in range(2):
                events.publish("t.event", Task(n=n), key=str(n))
        work_off()
        trade.seen.clear()

    def test_a_span_is_counted_and_then_replayed_once(self, operator: Client, trade: Trade, workspace: UUID) -> None:
        asked = operator.post(self.address, {"workspace_id": str(workspace), **self.wanted})
        carried = dict(asked.context_data["carried"])
        for _ in range(2):
            operator.post(self.address, {**carried, **YES})
        work_off()
        assert "2" in asked.context_data["title"]
        assert [fact.payload.n for fact in trade.seen] == [0, 1]

    def test_without_an_event_or_a_span_nothing_happens(self, operator: Client, workspace: UUID) -> None:
        answer = operator.post(self.address, {"workspace_id": str(workspace), "handler": self.wanted["handler"], **YES})
        assert answer.context["form"].non_field_errors()

    def test_each_event_links_to_it(self, operator: Client, workspace: UUID) -> None:
        assert f"{self.address}?workspace_id={workspace}" in operator.get(page(AutopilotEvent)).content.decode()


class TestFlowPage:
    @pytest.fixture
    def address(self, workspace: UUID) -> str:
        limited(workspace)
        return reverse("admin:backplane_flow", args=[workspace])

    def test_limits_of_one_lane_are_set(self, operator: Client, address: str) -> None:
        operator.post(address, {"do": "limits", "lane": "messages", "weight": 3, "max_running": 2, **YES})
        lanes = operator.get(address).context["lanes"]
        assert (lanes["messages"].weight, lanes["messages"].max_running, lanes["bulk"].weight) == (3, 2, 1)

    def test_a_pause_is_asked_about_and_noted(self, operator: Client, address: str, workspace: UUID) -> None:
        assert operator.post(address, {"do": "pause"}).context_data["carried"]
        assert not operator.get(address).context["profile"].paused
        operator.post(address, {"do": "pause", **YES})
        assert operator.get(address).context["profile"].paused
        with tenant(workspace):
            assert AuditLog.objects.filter(action="workspace.paused").exists()

    def test_an_exception_from_a_budget_is_made_and_ended(self, operator: Client, address: str) -> None:
        until = timezone.localtime(clock.now() + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M")
        wanted = {"do": "override", "resource": "messages", "daily": "50", "until": until}
        assert dict(operator.post(address, wanted).context_data["carried"]) == wanted
        operator.post(address, {**wanted, **YES})
        found = {one.resource: one for one in operator.get(address).context["budgets"]}
        assert found["messages"].daily_limit == 50
        operator.post(address, {"do": "end_override", "resource": "messages", **YES})
        assert operator.get(address).context["budgets"][0].override_until is None

    def test_it_tells_what_the_studios_programs_ordered(self, operator: Client, address: str, workspace: UUID) -> None:
        for _ in range(401):
            rates.count(rates.Limit.parse(rates.JOBS), rates.of_workspace(workspace), clock.now())
        found = {use.limit.name: use for use in operator.get(address).context["uses"]}
        assert (found["jobs"].used, found["events"].used, found["jobs"].queued_until is None) == (401, 0, False)

    def test_a_provider_is_limited_and_released(self, operator: Client, address: str, workspace: UUID) -> None:
        operator.post(address, {"do": "provider", "provider": "whatsapp", "max_running": 4, **YES})
        rows("UPDATE autopilot_throttle SET held_until = statement_timestamp() + interval '1 h' RETURNING 1")
        operator.post(address, {"do": "release", "provider": "whatsapp", **YES})
        assert rows("SELECT max_running, held_until FROM autopilot_throttle") == [(4, None)]

    def test_nonsense_is_said_to_be_wrong(self, operator: Client, address: str) -> None:
        answer = operator.post(address, {"do": "limits", "weight": 0})
        assert answer.context["forms"]["limits"].errors
        assert operator.post(address, {"do": "explode"}).status_code == 404


def test_the_timeline_of_a_job_is_one_click_away(operator: Client, trade: Trade, workspace: UUID) -> None:
    dead_job(trade, workspace)
    with everything():
        job = AutopilotJob.objects.get()
    address = reverse("admin:backplane_timeline", args=[workspace, job.correlation_id])
    assert address in operator.get(page(AutopilotJob)).content.decode()
    assert b"Permanent: never" in operator.get(address).content
    foreign = reverse("admin:backplane_timeline", args=[uuid7(), job.correlation_id])
    assert operator.get(foreign).status_code == 404
