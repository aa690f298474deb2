"""Whatever is sent: a problem document that says what to fix, and never a 500 (reliability P10)."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.workspaces.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.thorough]

WRITES = (
    "/api/api-keys",
    "/api/billing/checkout",
    "/api/billing/portal",
    "/api/onboarding/complete",
    "/api/onboarding/documents",
    "/api/autopilot/events",
    "/api/autopilot/jobs",
    "/api/autopilot/locks/acquire",
)
LISTS = ("/api/api-keys", "/api/onboarding/documents", "/api/autopilot/jobs/{mine}", "/api/autopilot/events/{mine}")
BROKEN = {
    "no JSON": b"{",
    "not UTF-8": b"\xff\xfe{}",
    "a list": b"[]",
    "a text": b'"x"',
    "a number": b"1",
    "null": b"null",
    "NaN": b'{"name": NaN}',
    "a huge number": b'{"name": ' + b"9" * 5000 + b"}",
    "a large float": b'{"ttlMs": 1e400}',
    "too deep": b'{"payload": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep": b'{"payload": {"a": ' + b'{"a": ' * 50 + b"1" + b"}" * 50 + b"}}",
    "NUL": b'{"name": "a\\u0000b", "type": "a\\u0000", "lockKey": "\\u0000", "plan": "\\u0000"}',
    "a lone surrogate": b'{"name": "\\ud800", "type": "\\ud800", "plan": "\\ud800", "lockKey": "\\ud800"}',
    "an unknown field": b'{"nonsense": 1}',
    "a field twice": b'{"lockKey": "a", "lock_key": "b"}',
    "a workspace that is none": b'{"workspaceId": 17}',
}


def is_problem(answer: Any) -> bool:
    body = answer.json()
    complete = {"type", "title", "status", "detail", "code", "instance", "correlationId"} <= set(body)
    return complete and body["status"] == answer.status_code and answer["Content-Type"] == "application/problem+json"


def refused(answer: Any) -> bool:
    return 400 <= answer.status_code < 500 and is_problem(answer)


@pytest.mark.parametrize("path", WRITES)
def test_a_broken_body_is_a_problem_of_the_sender(ask: Callable[..., Any], path: str) -> None:
    assert [name for name, body in BROKEN.items() if not refused(ask("POST", path, body=body))] == []


def test_a_field_named_twice_is_refused_and_not_its_last_value_taken(ask: Callable[..., Any]) -> None:
    answer = ask("POST", "/api/api-keys", body=b'{"name": "till", "role": "viewer", "role": "owner"}')
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


@pytest.mark.parametrize("path", WRITES)
def test_another_content_type_is_refused(world: World, path: str) -> None:
    def answer(content_type: str) -> Any:
        return Client().generic("POST", path, b"a=1", content_type=content_type, headers=world.headers("owner"))

    others = ("text/plain", "application/xml", "application/x-www-form-urlencoded", "", "x")
    assert [other for other in others if not refused(answer(other))] == []


QUERIES = (
    "limit=0", "limit=-1", "limit=x", "limit=9999999999999999999999", "limit=%00", "cursor=x", "cursor=%00", "cursor=W10",
    "cursor=WyJhIiwiYiJd", "cursor=eyJhIjoxfQ", "cursor=f.x", "workspaceId=x", "workspaceId=", "type=%00", "type=%F0%28",
    "correlationId=x", "status=x", "status=%00", "cursor=" + "A" * 3000,
)  # fmt: skip


@pytest.mark.parametrize("path", LISTS)
def test_a_broken_query_is_a_problem_of_the_sender(world: World, ask: Callable[..., Any], path: str) -> None:
    answers = {query: ask("GET", f"{path.format(mine=world.workspace_id)}?{query}") for query in QUERIES}
    assert [query for query, answer in answers.items() if answer.status_code != 200 and not refused(answer)] == []


@pytest.mark.parametrize(
    "path", ["/api/api-keys/x", "/api/autopilot/jobs/x", "/api/nothing", "/api/%00", "/api/autopilot/events/1"]
)
def test_an_address_that_is_none_is_not_found(ask: Callable[..., Any], path: str) -> None:
    assert ask("GET", path).status_code == 404


@pytest.mark.parametrize("path", WRITES)
def test_another_method_is_refused(ask: Callable[..., Any], path: str) -> None:
    answers = [ask(method, path) for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(405, "method_not_allowed")}


@pytest.mark.parametrize("token", ["x", "pilar_", "pilar_a_b", "pilar_" + "a" * 9000, "pilar_\xfc_x", "é", ""])
def test_a_token_that_is_none_is_refused(token: str) -> None:
    answer = Client().get("/api/api-keys", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")


def test_a_body_in_chunks_is_refused_with_the_reason_and_not_taken_for_none(ask: Callable[..., Any]) -> None:
    answer = ask("POST", "/api/api-keys", body=b"{}", headers={"Transfer-Encoding": "chunked"})
    assert (answer.status_code, answer.json()["code"]) == (411, "length_required")


def test_a_body_that_is_too_large_is_refused_unread(ask: Callable[..., Any]) -> None:
    answer = ask("POST", "/api/api-keys", body=b"x" * (1024 * 1024 + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_body_just_within_the_limit_is_read(ask: Callable[..., Any]) -> None:
    assert ask("POST", "/api/api-keys", body=b" " * (1024 * 1024)).status_code == 400


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
FIELDS = (
    "name", "role", "scopes", "plan", "studio", "country", "legalName", "street", "postalCode", "city", "vatId", "website",
    "representativeName", "representativeEmail", "openingHours", "timeWindow", "timezone", "language", "kind", "filename",
    "contentType", "content", "type", "payload", "idempotencyKey", "scheduledAt", "aggregateType", "aggregateId", "priority",
    "lockKey", "ttlMs", "owner", "workspaceId",
)  # fmt: skip


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(WRITES), body=st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=6) | JSON)
def test_no_input_at_all_is_a_defect(ask: Callable[..., Any], path: str, body: Any) -> None:
    answer = ask("POST", path, body=json.dumps(body).encode())
    assert answer.status_code < 500, (path, body, answer.content)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_report_at_all_is_a_defect(ask: Callable[..., Any], body: bytes) -> None:
    answer = ask("POST", "/api/security/csp-report", who="nobody", body=body)
    assert answer.status_code < 500, (body, answer.content)
