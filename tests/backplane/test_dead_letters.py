"""Work that gave up, replays and the timeline, through the API as a workspace's admin uses them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.cache import cache
from django.test import Client

from pilar.backplane import activity, correlation, dead_letters, effects, events, jobs, timeline
from pilar.backplane.engine import work_off
from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel import clock
from pilar.kernel.ids import uuid7
from pilar.kernel.switchboard import Permanent
from tests.backplane.trade import Task, Trade, enqueue, rows, value
from tests.workspaces.world import World, call, make_world

pytestmark = pytest.mark.django_db
HANDLER = "on:t.handler0:t.event"


@pytest.fixture
def world(db: None) -> World:
    cache.clear()
    return make_world()


@pytest.fixture
def ask(world: World) -> Callable[..., Any]:
    def send(path: str, body: Any = None, *, who: str = "admin", method: str = "POST") -> Any:
        full = f"/api/autopilot/{path}"
        return call(Client(), method, full, headers=world.headers(who), body={} if body is None else body)

    return send


@pytest.fixture
def dead(world: World, trade: Trade) -> list[UUID]:
    """Three dead jobs, two of one cause."""

    def fail(work: Any) -> None:
        raise Permanent("no such phone" if work.payload.n < 2 else "no such mail")

    trade.job(handler=fail, external=True)
    found = [enqueue(world.workspace_id, n=n) for n in range(3)]
    work_off()
    trade.job(external=True)
    return found


def waiting() -> int:
    return int(value("SELECT count(*) FROM autopilot_job WHERE status = 0"))


class TestOne:
    def test_it_runs_again_with_a_new_payload(self, ask: Callable[..., Any], dead: list[UUID], trade: Trade) -> None:
        answer = ask(f"jobs/{dead[0]}/retry", {"payload": {"n": 7}})
        assert (answer.status_code, answer.json()["status"]) == (200, "pending")
        work_off()
        assert trade.seen[0].payload.n == 7

    def test_a_payload_that_does_not_fit_changes_nothing(self, ask: Callable[..., Any], dead: list[UUID]) -> None:
        assert ask(f"jobs/{dead[0]}/retry", {"payload": {"m": 7}}).status_code == 400
        assert waiting() == 0

    def test_the_payload_of_internal_work_is_not_open(
        self, ask: Callable[..., Any], dead: list[UUID], trade: Trade
    ) -> None:
        trade.job(external=False)
        assert ask(f"jobs/{dead[0]}/retry", {"payload": {"n": 1}}).status_code == 409
        assert ask(f"jobs/{dead[0]}/retry").status_code == 200

    def test_it_is_discarded(self, ask: Callable[..., Any], dead: list[UUID]) -> None:
        assert ask(f"jobs/{dead[0]}/discard").json()["status"] == "discarded"
        assert ask(f"jobs/{dead[0]}/discard").status_code == 409

    def test_its_attempts_are_listed_with_their_errors(self, ask: Callable[..., Any], dead: list[UUID]) -> None:
        found = ask(f"jobs/{dead[0]}/attempts", method="GET").json()
        assert [(one["attempt"], one["outcome"], one["error"]) for one in found] == [
            (1, "dead", "Permanent: no such phone")
        ]

    @pytest.mark.parametrize("path", ["retry", "discard", "attempts"])
    def test_anothers_job_is_not_there(self, ask: Callable[..., Any], dead: list[UUID], path: str) -> None:
        method = "GET" if path == "attempts" else "POST"
        foreign = ask(f"jobs/{dead[0]}/{path}", who="outsider", method=method)
        absent = ask(f"jobs/{uuid7()}/{path}", who="outsider", method=method)
        assert (foreign.status_code, foreign.json()["code"]) == (absent.status_code, absent.json()["code"])
        assert foreign.status_code == 404

    def test_a_coach_may_not(self, ask: Callable[..., Any], dead: list[UUID]) -> None:
        assert ask(f"jobs/{dead[0]}/retry", who="coach").status_code == 403


class TestMany:
    def test_those_of_one_cause_run_again(self, ask: Callable[..., Any], dead: list[UUID]) -> None:
        assert set(ask("jobs/retry", {"error": "phone"}).json()["jobIds"]) == {str(one) for one in dead[:2]}
        assert waiting() == 2

    def test_a_dry_run_only_tells(self, ask: Callable[..., Any], dead: list[UUID]) -> None:
        assert len(ask("jobs/discard", {"dryRun": True}).json()["jobIds"]) == 3
        assert value("SELECT count(*) FROM autopilot_job WHERE status = 2") == 3

    def test_a_dry_run_tells_what_it_takes_as_far_as_it_was_measured(
        self, ask: Callable[..., Any], dead: list[UUID], trade: Trade
    ) -> None:
        trade.job(external=True, uses={"messages": 2})
        unknown = ask("jobs/retry", {"dryRun": True}).json()["estimate"]
        rows("INSERT INTO autopilot_type_time (type, runs, seconds) VALUES ('t.job', 4, 8) RETURNING 1")
        known = ask("jobs/retry", {"dryRun": True}).json()["estimate"]
        assert unknown == {"jobs": 3, "secondsEach": None, "seconds": None, "uses": {"messages": 6}}
        assert known == {"jobs": 3, "secondsEach": 2.0, "seconds": 2.2, "uses": {"messages": 6}}

    def test_they_are_grouped_by_their_cause(self, ask: Callable[..., Any], dead: list[UUID]) -> None:
        found = ask("jobs/dead", method="GET", who="viewer").json()
        assert [(one["cause"], one["count"]) for one in found] == [
            ("Permanent: no such phone", 2),
            ("Permanent: no such mail", 1),
        ]
        assert ask("jobs/dead", method="GET", who="outsider").json() == []

    def test_they_are_discarded_up_to_the_limit(self, ask: Callable[..., Any], dead: list[UUID]) -> None:
        assert len(ask("jobs/discard", {"limit": 2}).json()["jobIds"]) == 2
        assert value("SELECT count(*) FROM autopilot_job") == 1

    def test_others_are_not_touched(self, ask: Callable[..., Any], dead: list[UUID]) -> None:
        assert ask("jobs/retry", who="outsider").json()["jobIds"] == []
        assert waiting() == 0

    def test_what_is_no_longer_dead_is_passed_over(self, world: World, dead: list[UUID]) -> None:
        with tenant(world.workspace_id):
            jobs.retry(dead[0])
            assert dead_letters.retry(dead) == dead[1:]


class TestReplay:
    @pytest.fixture
    def published(self, world: World, trade: Trade) -> list[UUID]:
        trade.event("t.event", trade.seen.append, lambda _fact: None)
        with tenant(world.workspace_id), atomic():
            found = [events.publish("t.event", Task(n=n), key=str(n)) for n in range(3)]
        work_off()
        trade.seen.clear()
        return found

    @pytest.fixture
    def span(self) -> dict[str, Any]:
        now = clock.now()
        return {
            "type": "t.event",
            "handler": HANDLER,
            "since": (now - timedelta(minutes=5)).isoformat(),
            "until": (now + timedelta(minutes=5)).isoformat(),
        }

    def test_a_range_goes_to_one_handler_once_per_key(
        self, ask: Callable[..., Any], published: list[UUID], span: dict[str, Any], trade: Trade
    ) -> None:
        counts = [ask("events/replay", {**span, "idempotencyKey": "fix"}).json()["events"] for _ in range(2)]
        work_off()
        assert counts == [3, 0]
        assert sorted(fact.id for fact in trade.seen) == sorted(published)

    def test_a_dry_run_counts(self, ask: Callable[..., Any], published: list[UUID], span: dict[str, Any]) -> None:
        told = ask("events/replay", {**span, "dryRun": True}).json()
        assert (told["events"], told["dryRun"], told["estimate"]["jobs"]) == (3, True, 3)
        assert waiting() == 0

    def test_what_lies_outside_the_range_is_left(
        self, ask: Callable[..., Any], published: list[UUID], span: dict[str, Any]
    ) -> None:
        assert ask("events/replay", {**span, "until": span["since"]}).json()["events"] == 0

    def test_one_event_is_replayed(self, ask: Callable[..., Any], published: list[UUID], trade: Trade) -> None:
        assert ask(f"events/{published[1]}/replay", {"handler": HANDLER}).json()["events"] == 1
        work_off()
        assert [fact.id for fact in trade.seen] == [published[1]]

    def test_anothers_events_and_unknown_handlers_are_not_there(
        self, ask: Callable[..., Any], published: list[UUID], span: dict[str, Any]
    ) -> None:
        assert ask("events/replay", span, who="outsider").json()["events"] == 0
        assert ask(f"events/{published[0]}/replay", {"handler": HANDLER}, who="outsider").status_code == 404
        assert ask("events/replay", {**span, "handler": "x"}).status_code == 404


def test_the_timeline_tells_from_the_event_to_the_effect_in_order(
    world: World, trade: Trade, ask: Callable[..., Any]
) -> None:
    def act(_fact: Any) -> None:
        effects.perform(key="k", provider="p", operation="send", call=lambda _: effects.EffectResult("ref-1"))
        with atomic():
            activity.log("sent", "Wrote", {})

    trade.event("t.event", act)
    thread = uuid7()
    with tenant(world.workspace_id), atomic(), correlation.use(thread):
        events.publish("t.event", Task(), key="1")
    work_off()
    found = ask(f"timeline/{thread}", method="GET", who="viewer").json()
    assert [entry["kind"] for entry in found if entry["kind"] != "run"] == ["event", "job", "effect", "activity"]
    assert [entry["cause"] for entry in found if entry["kind"] == "job"] == [found[0]["ref"]]
    assert ask(f"timeline/{thread}", method="GET", who="outsider").status_code == 404


def test_the_timeline_has_what_providers_were_asked() -> None:
    assert set(timeline.sources) >= {"event", "job", "effect", "activity", "call"}
