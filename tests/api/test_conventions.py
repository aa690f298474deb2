"""What all routes have in common: names, pages, limits, correlation, the answer when the database is away."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db import OperationalError
from django.test import Client, RequestFactory
from rest_framework.exceptions import ParseError

from pilar.api import client, json, middleware, probes
from pilar.api.autopilot import views
from pilar.backplane import events, jobs, locks
from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel import clock, switchboard
from pilar.kernel.ids import uuid7
from pilar.kernel.switchboard import Payload
from tests.workspaces.world import World

pytestmark = pytest.mark.django_db


class Note(Payload):
    text: str


@pytest.fixture
def note(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An event and a job of this test's own, open to callers."""
    monkeypatch.setitem(switchboard.events, "test.note", switchboard.EventType("test.note", Note, external=True))
    job = switchboard.JobType("test.note", lambda work: None, Note, "bulk", external=True)
    monkeypatch.setitem(switchboard.jobs, "test.note", job)
    return "test.note"


@pytest.mark.parametrize(
    ("outside", "inside"),
    [("dueAt", "due_at"), ("workspaceId", "workspace_id"), ("name", "name"), ("+49151", "+49151"), ("DE", "DE")],
)
def test_names_are_camel_outside_and_snake_inside(outside: str, inside: str) -> None:
    assert (json.snake(outside), json.camel(inside)) == (inside, outside)


def test_keys_that_are_data_stay_as_they_are() -> None:
    data = {"01a2_X": 1, "de-DE": {"a_b": 2}}
    assert json.camelized(data) == {"01a2_X": 1, "de-DE": {"aB": 2}}


def test_a_field_cannot_be_named_twice() -> None:
    with pytest.raises(ParseError):
        json.accepted({"dueAt": 1, "due_at": 2})


def test_an_event_is_published_once_for_one_key(ask: Callable[..., Any], note: str) -> None:
    body = {"type": note, "payload": {"text": "hi"}, "idempotencyKey": "k"}
    first, second = (ask("POST", "/api/autopilot/events", body=body) for _ in range(2))
    assert first.status_code == second.status_code == 201
    assert first.json()["id"] == second.json()["id"]


def test_an_event_shows_where_it_stands(ask: Callable[..., Any], note: str) -> None:
    answer = ask("POST", "/api/autopilot/events", body={"type": note, "payload": {"text": "hi"}}).json()
    assert (answer["type"], answer["payload"], answer["status"]) == (note, {"text": "hi"}, "dispatched")


QUEUE_SHAPE = {
    "id", "workspaceId", "type", "payload", "status", "scheduledAt", "attempts", "maxAttempts", "idempotencyKey",
    "processedAt", "createdAt", "updatedAt",
}  # fmt: skip
STORE_SHAPE = {
    "id", "workspaceId", "aggregateId", "aggregateType", "eventType", "eventVersion", "eventData", "metadata",
    "causationId", "correlationId", "streamPosition", "timestamp",
}  # fmt: skip
JOB_SHAPE = {
    "id", "workspaceId", "type", "payload", "status", "priority", "attempts", "maxAttempts", "scheduledAt", "startedAt",
    "completedAt", "idempotencyKey", "lockedAt", "lockedBy", "result", "error", "createdAt", "updatedAt",
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "shape"), [("events", QUEUE_SHAPE), ("events?shape=store", STORE_SHAPE), ("jobs", JOB_SHAPE)]
)
def test_lists_have_the_shapes_of_the_specification(
    ask: Callable[..., Any], note: str, path: str, shape: set[str]
) -> None:
    ask("POST", "/api/autopilot/events", body={"type": note, "payload": {"text": "hi"}})
    ask("POST", "/api/autopilot/jobs", body={"type": note, "payload": {"text": "hi"}})
    (item,) = ask("GET", f"/api/autopilot/{path}").json()["items"]
    assert shape - set(item) == set()


def test_events_are_found_by_whom_they_are_about(ask: Callable[..., Any], note: str) -> None:
    for person in ("anna", "bela"):
        about = {"aggregateType": "lead", "aggregateId": person}
        ask("POST", "/api/autopilot/events", body={"type": note, "payload": {"text": person}, **about})
    found = ask("GET", "/api/autopilot/events?aggregateId=bela").json()["items"]
    assert [item["payload"]["text"] for item in found] == ["bela"]


def test_a_shape_that_is_none_is_refused(ask: Callable[..., Any]) -> None:
    assert list(ask("GET", "/api/autopilot/events?shape=x").json()["fields"]) == ["shape"]


def test_an_event_of_the_future_waits(ask: Callable[..., Any], note: str) -> None:
    at = (clock.now() + timedelta(days=1)).isoformat()
    answer = ask("POST", "/api/autopilot/events", body={"type": note, "payload": {"text": "hi"}, "scheduledAt": at})
    assert answer.json()["status"] == "pending"


def test_a_payload_is_refused_at_the_door(ask: Callable[..., Any], note: str) -> None:
    answer = ask("POST", "/api/autopilot/events", body={"type": note, "payload": {"txt": 1}})
    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == {"text", "txt"}


def test_an_event_of_ours_cannot_be_forged(ask: Callable[..., Any]) -> None:
    answer = ask("POST", "/api/autopilot/events", body={"type": "subscription.changed", "payload": {}})
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_type")


def test_a_jobs_key_with_another_request_is_refused(ask: Callable[..., Any], note: str) -> None:
    bodies = [{"type": note, "payload": {"text": text}, "idempotencyKey": "k"} for text in ("one", "two")]
    assert [ask("POST", "/api/autopilot/jobs", body=body).status_code for body in bodies] == [201, 409]


def test_jobs_are_listed_the_newest_first_and_by_page(world: World, ask: Callable[..., Any], note: str) -> None:
    for number in range(5):
        ask("POST", "/api/autopilot/jobs", body={"type": note, "payload": {"text": str(number)}})
    seen, cursor = [], ""
    while cursor is not None:
        page = ask("GET", f"/api/autopilot/jobs/{world.workspace_id}?type={note}&limit=2&cursor={cursor}").json()
        seen += [job["payload"]["text"] for job in page["items"]]
        cursor = page["nextCursor"]
    assert seen == ["4", "3", "2", "1", "0"]


def test_finished_jobs_follow_those_that_are_not(world: World, ask: Callable[..., Any], note: str) -> None:
    with tenant(world.workspace_id), atomic():
        for number in range(3):
            jobs.cancel(jobs.enqueue(note, Note(text=f"done {number}"), key=f"d{number}"))
        jobs.enqueue(note, Note(text="live"), key="l")
    seen, cursor = [], ""
    while cursor is not None:
        page = ask("GET", f"/api/autopilot/jobs/{world.workspace_id}?limit=1&cursor={cursor}").json()
        seen += [(job["payload"].get("text"), job["status"]) for job in page["items"]]
        cursor = page["nextCursor"]
    assert seen[0] == ("live", "pending")
    assert sorted(seen[1:]) == [(f"done {number}", "cancelled") for number in range(3)]


def test_pages_hold_still_while_rows_are_added(world: World, ask: Callable[..., Any], note: str) -> None:
    def publish(text: str) -> None:
        with tenant(world.workspace_id), atomic():
            events.publish(note, Note(text=text), key=text)

    publish("a"), publish("b")
    path = f"/api/autopilot/events/{world.workspace_id}?type={note}&limit=1"
    first = ask("GET", path).json()
    publish("c")
    second = ask("GET", f"{path}&cursor={first['nextCursor']}").json()
    assert [item["payload"]["text"] for page in (first, second) for item in page["items"]] == ["b", "a"]


def test_a_lock_has_one_holder_and_each_a_larger_token(ask: Callable[..., Any]) -> None:
    first = ask("POST", "/api/autopilot/locks/acquire", body={"lockKey": "desk"}).json()
    assert ask("POST", "/api/autopilot/locks/acquire", body={"lockKey": "desk"}).status_code == 409
    ask("DELETE", f"/api/autopilot/locks/{first['id']}")
    second = ask("POST", "/api/autopilot/locks/acquire", body={"lockKey": "desk"}).json()
    assert second["token"] > first["token"]


def test_callers_cannot_touch_the_engines_locks(world: World, ask: Callable[..., Any]) -> None:
    with tenant(world.workspace_id):
        ours = locks.acquire("provisioning", ttl=timedelta(minutes=1), owner="engine")
    assert ours
    assert ask("POST", "/api/autopilot/locks/acquire", body={"lockKey": "provisioning"}).status_code == 201
    assert ask("DELETE", f"/api/autopilot/locks/{ours.id}").status_code == 404


@pytest.mark.parametrize(
    ("language", "word"), [("de", "Kennung"), ("en", "There is nothing here"), ("fr", "identifiant")]
)
def test_what_is_not_there_is_said_in_the_callers_language(ask: Callable[..., Any], language: str, word: str) -> None:
    answer = ask("DELETE", f"/api/autopilot/locks/{uuid7()}", headers={"Accept-Language": language})
    assert (answer.status_code, word in answer.json()["detail"]) == (404, True)


def test_the_specifications_limits_are_set() -> None:
    limits = (views.NewEvent, views.NewJob, views.AcquireLock)
    assert [view.throttles["POST"] for view in limits] == ["events:1000/hour", "jobs:500/hour", "locks:100/minute"]


@pytest.fixture
def three_a_minute(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The clock stands, or a minute could end between two of the requests."""
    monkeypatch.setattr(views.AcquireLock, "throttles", {"POST": "locks:3/minute"})
    with time_machine.travel(clock.now(), tick=False):
        yield


def acquire(ask: Callable[..., Any], times: int, who: str = "owner") -> list[Any]:
    return [ask("POST", "/api/autopilot/locks/acquire", who=who, body={"lockKey": f"k{n}"}) for n in range(times)]


@pytest.mark.usefixtures("three_a_minute")
def test_over_the_limit_is_429_with_the_seconds_to_wait(ask: Callable[..., Any]) -> None:
    answers = acquire(ask, 4)
    assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
    wait, refusal = answers[3]["Retry-After"], answers[3].json()
    assert 1 <= int(wait) <= 60
    assert refusal["code"] == "rate_limited"
    assert f"{wait} Sekunden noch einmal" in refusal["detail"]


@pytest.mark.usefixtures("three_a_minute")
def test_one_workspaces_limit_is_not_anothers(ask: Callable[..., Any]) -> None:
    acquire(ask, 4)
    assert acquire(ask, 1, who="outsider")[0].status_code == 201


@pytest.mark.usefixtures("three_a_minute")
def test_every_answer_tells_the_limits_and_how_they_stand(ask: Callable[..., Any]) -> None:
    first, *_, refused = acquire(ask, 4)
    assert first["RateLimit-Policy"] == '"api";q=1200;w=60, "locks";q=3;w=60'
    assert re.fullmatch(r'"api";r=1199;t=\d+, "locks";r=2;t=\d+', first["RateLimit"])
    assert '"locks";r=0;t=' in refused["RateLimit"]


class TestSoftLimit:
    """Of five jobs an hour the fifth is queued behind."""

    @pytest.fixture(autouse=True)
    def _five_an_hour(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for view, name in ((views.NewJob, "jobs"), (views.NewEvent, "events")):
            monkeypatch.setattr(view, "throttles", {"POST": f"{name}:5/hour"})

    @pytest.mark.parametrize("what", ["jobs", "events"])
    def test_what_is_above_it_is_taken_and_begins_at_the_limits_pace(
        self, ask: Callable[..., Any], note: str, what: str
    ) -> None:
        body = {"type": note, "payload": {"text": "hi"}}
        *early, fifth, sixth = (ask("POST", f"/api/autopilot/{what}", body=body) for _ in range(6))
        until = fifth.json()["queuedUntil"]
        assert [answer.json()["queuedUntil"] for answer in early] == [None] * 4
        assert (fifth.status_code, fifth.json()["scheduledAt"], sixth.status_code) == (201, until, 429)
        assert timedelta(minutes=11) < datetime.fromisoformat(until) - clock.now() <= timedelta(minutes=12)

    def test_what_was_ordered_for_later_keeps_its_time(self, ask: Callable[..., Any], note: str) -> None:
        tomorrow = (clock.now() + timedelta(days=1)).isoformat()
        body = {"type": note, "payload": {"text": "hi"}, "scheduledAt": tomorrow}
        fifth = [ask("POST", "/api/autopilot/jobs", body=body) for _ in range(5)][-1].json()
        assert (datetime.fromisoformat(fifth["scheduledAt"]), fifth["queuedUntil"]) == (
            datetime.fromisoformat(tomorrow),
            None,
        )

    def test_a_dry_run_tells_it(self, ask: Callable[..., Any], note: str) -> None:
        body = {"type": note, "payload": {"text": "hi"}, "dryRun": True}
        told = [ask("POST", "/api/autopilot/jobs", body=body).json()["queuedUntil"] is None for _ in range(5)]
        assert told == [True] * 4 + [False]


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/api/webhooks/stripe", 4_194_304),
        ("/api/leads/import", 10_485_760),
        ("/api/onboarding/documents", 10_485_760),
        ("/api/leads", 1_048_576),
        ("/accounts/login/", 1_048_576),
    ],
)
def test_each_route_has_its_limit_of_bytes(path: str, limit: int) -> None:
    assert middleware.body_limit(path) == limit


@pytest.mark.parametrize(("proxies", "expected"), [(0, "10.0.0.9"), (1, "3.3.3.3"), (2, "2.2.2.2"), (4, "10.0.0.9")])
def test_as_many_proxies_are_believed_as_are_configured(settings: Any, proxies: int, expected: str) -> None:
    settings.TRUSTED_PROXY_COUNT = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.9", HTTP_X_FORWARDED_FOR="1.1.1.1, 2.2.2.2, 3.3.3.3")
    assert client.address(request) == expected


def test_every_answer_names_its_correlation() -> None:
    given = "01900000-0000-7000-8000-000000000abc"
    answer = Client().get("/api/api-keys", headers={"X-Correlation-Id": given})
    assert answer["X-Correlation-Id"] == answer.json()["correlationId"] == given


@pytest.mark.parametrize("given", ["", "x", "x" * 5000, "\x00"])
def test_a_correlation_that_is_none_is_replaced(given: str) -> None:
    answer = Client().get("/healthz", headers={"X-Correlation-Id": given})
    assert UUID(answer["X-Correlation-Id"]).version == 7


def test_answers_of_the_api_are_not_kept(ask: Callable[..., Any]) -> None:
    assert ask("GET", "/api/api-keys")["Cache-Control"] == "no-store"


def test_without_a_database_the_api_says_when_to_try_again(
    ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr("workspaces.api_keys.recognize", gone)
    answer = ask("GET", "/api/api-keys")
    assert (answer.status_code, answer["Retry-After"], answer.json()["code"]) == (503, "5", "unavailable")
    assert "server closed" not in answer.content.decode()


def test_without_a_database_a_page_says_when_to_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> None:
        raise OperationalError

    monkeypatch.setattr("workspaces.checkout.plans", gone)
    answer = Client().get("/pricing")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_liveness_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "database_state", lambda: pytest.fail("the database was asked"))
    assert Client().get("/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize(("state", "status"), [("ok", 200), ("degraded", 200), ("down", 503)])
def test_readiness_is_the_databases(monkeypatch: pytest.MonkeyPatch, state: str, status: int) -> None:
    monkeypatch.setattr(probes, "database_state", lambda: state)
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()) == (status, {"status": state})


@pytest.mark.parametrize(("writing", "state"), [(probes._WRITE, "ok"), (("SELECT 1 / 0",), "degraded")])
def test_readiness_tells_a_database_that_only_reads(
    threads: str, monkeypatch: pytest.MonkeyPatch, writing: tuple[str, ...], state: str
) -> None:
    monkeypatch.setattr(probes, "_WRITE", writing)
    assert probes.database_state() == state


def test_figures_name_no_workspace(world: World, ask: Callable[..., Any]) -> None:
    ask("GET", f"/api/autopilot/jobs/{world.workspace_id}")
    body = Client().get("/metrics", headers=world.headers("system")).content.decode()
    assert "pilar_http_request_seconds" in body
    assert str(world.workspace_id) not in body


@pytest.mark.parametrize("who", ["owner", "outsider", "nobody"])
def test_figures_are_not_there_for_strangers(world: World, who: str) -> None:
    assert Client().get("/metrics", headers=world.headers(who)).status_code == 404


def test_figures_are_there_for_the_networks_that_were_named(settings: Any, db: None) -> None:
    settings.METRICS_NETWORKS = [ip_network("10.0.0.0/8")]
    statuses = [Client(REMOTE_ADDR=address).get("/metrics").status_code for address in ("10.1.2.3", "11.1.2.3", "")]
    assert statuses == [200, 404, 404]


def test_without_a_secret_no_token_opens_the_figures(settings: Any, db: None) -> None:
    settings.CRON_SECRET = ""
    assert Client().get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404
