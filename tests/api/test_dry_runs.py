"""What callers may try before they do it, and take back before it was done."""

from collections.abc import Callable
from typing import Any

import pytest

from pilar.kernel import switchboard
from pilar.kernel.ids import uuid7
from tests.backplane.trade import Trade, enqueue, rows, value
from tests.workspaces.world import World

Ask = Callable[..., Any]


@pytest.fixture
def known(trade: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
    trade.job(external=True)
    trade.event("t.event", print)
    entry = switchboard.events["t.event"]
    monkeypatch.setitem(switchboard.events, "t.event", switchboard.EventType(entry.name, entry.payload, external=True))


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("what", "name", "made"), [("jobs", "t.job", "t.job"), ("events", "t.event", "on:t.handler0:t.event")]
)
class TestDryRun:
    def test_it_tells_what_would_be_made_and_makes_nothing(self, ask: Ask, what: str, name: str, made: str) -> None:
        body = {"type": name, "payload": {"n": 1}, "dryRun": True, "idempotencyKey": "k"}
        for _ in range(2):
            answer = ask("POST", f"/api/autopilot/{what}", body=body)
            told = answer.json()
            estimate = told.pop("estimate")
            expected = {"dryRun": True, "type": name, "jobs": [made], "isNew": True, "queuedUntil": None}
            assert (answer.status_code, told) == (200, expected)
            assert estimate == {"jobs": 1, "secondsEach": None, "seconds": None, "uses": None}
        assert value("SELECT count(*) FROM autopilot_job WHERE type = %s", made) == 0

    def test_a_key_that_was_used_is_said(self, ask: Ask, what: str, name: str, made: str) -> None:
        body = {"type": name, "payload": {"n": 1}, "idempotencyKey": "k"}
        assert ask("POST", f"/api/autopilot/{what}", body=body).status_code == 201
        assert ask("POST", f"/api/autopilot/{what}", body={**body, "dryRun": True}).json()["isNew"] is False

    def test_a_payload_that_does_not_fit_is_refused(self, ask: Ask, what: str, name: str, made: str) -> None:
        body = {"type": name, "payload": {"m": 1}, "dryRun": True}
        assert ask("POST", f"/api/autopilot/{what}", body=body).status_code == 400


@pytest.mark.usefixtures("known")
class TestCancel:
    def test_a_waiting_job_is_cancelled_and_that_is_noted(self, ask: Ask, world: World) -> None:
        job_id = enqueue(world.workspace_id)
        answer = ask("POST", f"/api/autopilot/jobs/{job_id}/cancel")
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
        assert rows("SELECT action FROM autopilot_audit WHERE object_id = %s", str(job_id)) == [("job.cancelled",)]
        assert ask("POST", f"/api/autopilot/jobs/{job_id}/cancel").status_code == 409

    def test_one_that_runs_is_left(self, ask: Ask, world: World) -> None:
        job_id = enqueue(world.workspace_id)
        rows("UPDATE autopilot_job SET status = 1 RETURNING 1")
        assert ask("POST", f"/api/autopilot/jobs/{job_id}/cancel").status_code == 409

    def test_anothers_is_not_there_and_a_coach_may_not(self, ask: Ask, world: World) -> None:
        assert ask("POST", f"/api/autopilot/jobs/{enqueue(uuid7())}/cancel").status_code == 404
        assert ask("POST", f"/api/autopilot/jobs/{enqueue(world.workspace_id)}/cancel", who="coach").status_code == 403


@pytest.mark.usefixtures("known")
class TestCancelMany:
    def test_the_next_ones_of_a_type_are_cancelled_after_a_look(self, ask: Ask, world: World, trade: Trade) -> None:
        trade.job("t.other", external=True)
        found = [str(enqueue(world.workspace_id)) for _ in range(3)]
        enqueue(world.workspace_id, name="t.other")
        body = {"type": "t.job", "limit": 2}
        assert ask("POST", "/api/autopilot/jobs/cancel", body={**body, "dryRun": True}).json()["jobIds"] == found[:2]
        assert ask("POST", "/api/autopilot/jobs/cancel", body=body).json()["jobIds"] == found[:2]
        assert rows("SELECT type, status FROM autopilot_job ORDER BY id") == [("t.job", 0), ("t.other", 0)]

    def test_others_and_unknown_types_are_not_touched(self, ask: Ask, world: World) -> None:
        enqueue(world.workspace_id)
        assert ask("POST", "/api/autopilot/jobs/cancel", who="outsider", body={"type": "t.job"}).json()["jobIds"] == []
        assert ask("POST", "/api/autopilot/jobs/cancel", who="coach", body={"type": "t.job"}).status_code == 403
        assert ask("POST", "/api/autopilot/jobs/cancel", body={"type": "no.such"}).status_code == 400
        assert value("SELECT count(*) FROM autopilot_job WHERE status = 0") == 1


@pytest.mark.parametrize("name", ["coach.plan", "coach.replan", "provisioning.check"])
def test_what_the_product_opens_to_callers_can_be_ordered(ask: Ask, name: str) -> None:
    answer = ask("POST", "/api/autopilot/jobs", body={"type": name, "payload": {}})
    assert (answer.status_code, answer.json()["status"]) == (201, "pending")
