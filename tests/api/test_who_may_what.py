"""The door ring: one table of method, route, caller and answer. The first status is for the workspace's own callers."""

from collections.abc import Callable
from typing import Any

import pytest

from pilar.kernel.ids import uuid7
from tests.workspaces.world import World
from workspaces import api_keys

pytestmark = [pytest.mark.django_db, pytest.mark.thorough]

CALLERS = ("owner", "admin", "coach", "viewer", "outsider", "system", "nobody")
# What each caller of CALLERS gets; {mine} is the workspace of the first four, {key} one of its keys.
TABLE: list[tuple[str, str, dict[str, Any] | None, tuple[int, ...]]] = [
    ("GET", "/api/api-keys", None, (200, 200, 403, 403, 200, 400, 401)),
    ("GET", "/api/api-keys?workspaceId={mine}", None, (200, 200, 403, 403, 404, 403, 401)),
    ("POST", "/api/api-keys", {"name": "desk"}, (201, 403, 403, 403, 201, 400, 401)),
    ("POST", "/api/api-keys", {"name": "desk", "workspaceId": "{mine}"}, (201, 403, 403, 403, 404, 403, 401)),
    ("DELETE", "/api/api-keys/{key}", None, (204, 403, 403, 403, 404, 400, 401)),
    ("POST", "/api/billing/portal", {}, (409, 403, 403, 403, 409, 400, 401)),
    ("POST", "/api/billing/checkout", {"plan": "NONE"}, (400, 403, 403, 403, 400, 403, 401)),
    ("POST", "/api/onboarding/complete", {}, (400, 400, 403, 403, 400, 400, 401)),
    ("GET", "/api/onboarding/documents", None, (200, 200, 403, 403, 200, 400, 401)),
    ("POST", "/api/onboarding/documents", {}, (400, 400, 403, 403, 400, 400, 401)),
    ("POST", "/api/autopilot/events", {"type": "no.such"}, (400, 400, 403, 403, 400, 400, 401)),
    ("GET", "/api/autopilot/events", None, (200, 200, 200, 200, 200, 400, 401)),
    ("GET", "/api/autopilot/jobs", None, (200, 200, 200, 200, 200, 400, 401)),
    ("GET", "/api/autopilot/events/{mine}", None, (200, 200, 200, 200, 404, 200, 401)),
    ("POST", "/api/autopilot/jobs", {"type": "no.such"}, (400, 400, 403, 403, 400, 400, 401)),
    ("GET", "/api/autopilot/jobs/dead", None, (200, 200, 200, 200, 200, 400, 401)),
    ("POST", "/api/autopilot/jobs/cancel", {"type": "no.such"}, (400, 400, 403, 403, 400, 400, 401)),
    ("GET", "/api/autopilot/jobs/{mine}", None, (200, 200, 200, 200, 404, 200, 401)),
    ("POST", "/api/autopilot/locks/acquire", {"lockKey": "{lock}"}, (201, 201, 201, 403, 201, 400, 401)),
    ("DELETE", "/api/autopilot/locks/{lock}", None, (204, 204, 204, 403, 404, 400, 401)),
    ("GET", "/api/autopilot/budget/{mine}", None, (200, 200, 200, 200, 404, 200, 401)),
    ("PUT", "/api/autopilot/budget/{mine}", {"resource": "none"}, (400, 400, 403, 403, 404, 400, 401)),
    ("POST", "/api/operator/budget/override", {"resource": "none"}, (403, 403, 403, 403, 403, 400, 401)),
    ("POST", "/api/autopilot/budget/reset", {}, (403, 403, 403, 403, 403, 202, 401)),
    ("POST", "/api/autopilot/cleanup", {}, (403, 403, 403, 403, 403, 202, 401)),
    ("GET", "/api/security/audit/{mine}", None, (200, 403, 403, 403, 404, 403, 401)),
    ("GET", "/api/security/csp-report", None, (403, 403, 403, 403, 403, 403, 401)),
    ("POST", "/api/security/csp-report", {}, (204, 204, 204, 204, 204, 204, 204)),
]


@pytest.mark.parametrize(("method", "path", "body", "statuses"), TABLE)
def test_who_gets_what(
    world: World,
    ask: Callable[..., Any],
    method: str,
    path: str,
    body: dict[str, Any] | None,
    statuses: tuple[int, ...],
) -> None:
    def status(who: str) -> int:
        names = {"mine": world.workspace_id, "key": a_key(world), "lock": a_lock(world)}
        filled = body and {name: value.format(**names) for name, value in body.items()}
        return int(ask(method, path.format(**names), who=who, body=filled).status_code)

    assert {who: status(who) for who in CALLERS} == dict(zip(CALLERS, statuses, strict=True))


def a_key(world: World) -> str:
    from pilar.kernel.principal import Role

    key, _text = api_keys.create(workspace_id=world.workspace_id, name="x", role=Role.VIEWER, actor="test")
    return str(key.pk)


def a_lock(world: World) -> str:
    from datetime import timedelta

    from pilar.backplane import locks
    from pilar.backplane.tenancy import tenant

    with tenant(world.workspace_id):
        lock = locks.acquire(str(uuid7()), ttl=timedelta(minutes=1), owner="x", scope="api")
    assert lock
    return str(lock.id)


def test_absent_and_foreign_look_the_same(world: World, ask: Callable[..., Any]) -> None:
    absent = ask("DELETE", "/api/api-keys/01900000-0000-7000-8000-000000000000")
    foreign = ask("DELETE", f"/api/api-keys/{a_key(world)}", who="outsider")
    bodies = [
        {name: value for name, value in answer.json().items() if name not in ("instance", "correlationId")}
        for answer in (absent, foreign)
    ]
    assert bodies[0] == bodies[1]


def test_the_platforms_own_workspace_cannot_be_entered(ask: Callable[..., Any]) -> None:
    answer = ask("GET", "/api/autopilot/jobs/00000000-0000-7000-8000-000000000001", who="system")
    assert answer.status_code == 404


def test_operators_read_what_browsers_blocked(world: World) -> None:
    assert world.browser("operator").get("/api/security/csp-report").status_code == 200


def test_a_signed_in_write_needs_the_csrf_token(world: World) -> None:
    from django.test import Client

    browser = Client(enforce_csrf_checks=True)
    browser.force_login(world.people["owner"], backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = browser.post("/api/api-keys", {"name": "x"}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_a_key_may_do_no_more_than_its_scopes(world: World, ask: Callable[..., Any]) -> None:
    from pilar.kernel.principal import Role

    _key, text = api_keys.create(
        workspace_id=world.workspace_id, name="x", role=Role.OWNER, scopes=["events:read"], actor="test"
    )
    answer = ask("GET", "/api/api-keys", who="nobody", headers={"Authorization": f"Bearer {text}"})
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


def test_a_limited_key_cannot_make_an_unlimited_one(world: World, ask: Callable[..., Any]) -> None:
    from pilar.kernel.principal import Role

    _key, text = api_keys.create(
        workspace_id=world.workspace_id, name="x", role=Role.OWNER, scopes=["keys:write"], actor="test"
    )
    bearer = {"Authorization": f"Bearer {text}"}
    answer = ask("POST", "/api/api-keys", who="nobody", headers=bearer, body={"name": "more"})
    assert answer.status_code == 403


def test_a_revoked_key_ends_with_the_next_request(world: World, ask: Callable[..., Any]) -> None:
    made = ask("POST", "/api/api-keys", body={"name": "desk"}).json()
    bearer = {"Authorization": f"Bearer {made['apiKey']}"}
    assert ask("GET", "/api/api-keys", who="nobody", headers=bearer).status_code == 200
    ask("DELETE", f"/api/api-keys/{made['id']}")
    assert ask("GET", "/api/api-keys", who="nobody", headers=bearer).status_code == 401


def test_the_list_of_keys_tells_no_secret(ask: Callable[..., Any]) -> None:
    made = ask("POST", "/api/api-keys", body={"name": "desk"}).json()
    listed = ask("GET", "/api/api-keys").content.decode()
    assert made["apiKey"].rsplit("_", 1)[1] not in listed
    assert "hash" not in listed


def test_the_platforms_token_finds_no_studio_that_is_not_there(ask: Callable[..., Any]) -> None:
    answer = ask("GET", "/api/autopilot/jobs/01900000-0000-7000-8000-000000000000", who="system")
    assert answer.status_code == 404
