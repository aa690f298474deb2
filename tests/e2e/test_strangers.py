"""To another studio nothing of ours exists: on every route that takes an id it gets what an unknown id gets (P4)."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api.test_every_route import ALL, API, Route
from tests.e2e.documented import example_of, operation_at
from tests.e2e.installation import Installation, Studio, utc_now

pytestmark = [pytest.mark.processes, pytest.mark.drill]
DEMO = "owner@demo.pilar.test"
METHODS = ("get", "post", "put", "patch", "delete")
NEW_LEAD = {
    "name": "Bea Beispiel",
    "language": "de",
    "timezone": "Europe/Berlin",
    "tags": [],
    "consent": {"source": "front desk", "wording": "Ja, bitte.", "at": "2026-01-01T10:00:00Z"},
}
WELL_FORMED: dict[str, dict[str, Any]] = {
    "PATCH api/leads/<uuid:lead_id>": {"name": "Stolen"},
    "POST api/leads/<uuid:lead_id>/consents": {"source": "x", "wording": "y", "at": "2026-01-01T10:00:00Z"},
    "POST api/conversations/<uuid:conversation_id>/messages": {"text": "Hello from next door"},
    "PATCH api/conversations/<uuid:conversation_id>": {"owner": "human"},
    "PUT api/whatsapp-coach/schedule/<uuid:workspace_id>": {"timeWindow": {"start": "08:00", "end": "20:00"}},
    "POST api/whatsapp-coach/test/<uuid:workspace_id>": {"text": "Hallo"},
}
"""Bodies that would do the most harm; every other route gets one that the description makes."""


@pytest.fixture(scope="module")
def stranger(running: Installation) -> dict[str, str]:
    """The key of another studio's owner."""
    made = json.loads(running.manage("api_key", DEMO).splitlines()[-1])
    return {"Authorization": f"Bearer {made['apiKey']}"}


def made_by_hand(running: Installation, studio: Studio, conversation_id: str) -> dict[str, str]:
    """Objects that only pages make."""
    rows = {
        "segment_id": ("segment", {"name": "s", "filter": "{}", "created_by": "u", "created_at": "now"}),
        "goal_id": (
            "goal",
            {"lead_id": studio.lead_id, "type": "habit", "target": "t", "progress": 0, "created_at": "now"},
        ),
        "reply_id": ("savedreply", {"title": "t", "body": "b", "created_by": "u", "created_at": "now"}),
        "action_id": (
            "bulkaction",
            {"kind": "tag", "params": '{"value": "x"}', "targets": "[]", "before": "[]", "done": 0, "changed": 0}
            | {"status": "done", "created_by": "u", "created_at": "now"},
        ),
        "note_id": (
            "chatnote",
            {"conversation_id": conversation_id, "body": "b", "author": "u", "created_at": "now"},
        ),
        "import_id": (
            "memberimport",
            {"file_name": "f", "content": "Name;Nummer\na;0151 23456789", "delimiter": ";", "rows": 1, "mapping": "{}"}
            | {
                "consent": "{}",
                "status": "uploaded",
                "done": 0,
                "report": "[]",
                "created_by": "u",
                "created_at": "now",
            },
        ),
        "export_id": (
            "memberexport",
            {"lead_refs": "[]", "session": "x", "created_by": "u", "created_at": "now", "expires_at": "tomorrow"},
        ),
        "erasure_id": (
            "erasure",
            {"lead_ref": str(uuid4()), "report": "{}", "traces": b"", "requested_by": "u", "requested_at": "now"},
        ),
    }
    return {name: _insert(running, f"coach_{table}", studio.id, values) for name, (table, values) in rows.items()}


def _insert(running: Installation, table: str, workspace_id: str, values: dict[str, Any]) -> str:
    filled = {"id": str(uuid4()), "workspace_id": workspace_id} | values
    columns, places = ", ".join(f'"{name}"' for name in filled), ", ".join(["%s"] * len(filled))
    found = running.sql(f"INSERT INTO {table} ({columns}) VALUES ({places}) RETURNING id", *filled.values())
    return str(found[0][0])


@pytest.fixture(scope="module")
def ours(running: Installation, studio: Studio) -> dict[str, str]:
    """One object of ours for each id that a route may take."""

    def first(table: str, column: str = "id") -> str:
        return str(running.sql(f"SELECT {column} FROM {table} WHERE workspace_id = %s LIMIT 1", studio.id)[0][0])

    lock = studio.ask("POST", "/api/autopilot/locks/acquire", json={"lockKey": "desk", "ttlMs": 60_000}).json()
    running.sandbox.fault("whatsapp", "status", status=401)
    studio.ask("POST", "/api/health/check/all").raise_for_status()
    running.sandbox.heal()
    made = made_by_hand(running, studio, first("coach_conversation"))
    colleague = {"email": "colleague@kraftraum.test", "role": "coach"}
    studio.ask("POST", "/api/invitations", json=colleague).raise_for_status()
    return {
        "workspace_id": studio.id,
        "invitation_id": first("workspaces_invitation"),
        "job_id": first("autopilot_job_done", "public_id"),
        "event_id": first("autopilot_event"),
        "correlation_id": first("autopilot_event", "correlation_id"),
        "lead_id": studio.lead_id,
        "lock_id": lock["id"],
        "key_id": first("workspaces_apikey"),
        "conversation_id": first("coach_conversation"),
        "incident_id": first("health_incident"),
        "consent_id": first("coach_consent"),
        "followup_id": first("coach_followup"),
        "message_id": first("coach_message"),
        "membership_id": first("workspaces_membership"),
        **made,
    }


def routes_with_ids() -> Iterator[tuple[str, Route]]:
    for route in API:
        if "<uuid:" in route.path:
            for method in METHODS:
                if hasattr(route.rules, method):
                    yield method.upper(), route


def filled(path: str, ids: dict[str, str]) -> str:
    for name, value in ids.items():
        path = path.replace(f"<uuid:{name}>", value)
    assert "<" not in path, f"{path}: the test knows no object for this id"
    return "/" + path


def content(answer: httpx.Response) -> dict[str, Any]:
    """The problem without what differs between any two requests."""
    return {name: value for name, value in answer.json().items() if name not in ("correlationId", "instance")}


@pytest.mark.parametrize(
    ("method", "route"), [pytest.param(*pair, id=f"{pair[0]} {pair[1].path}") for pair in routes_with_ids()]
)
def test_a_stranger_s_key_finds_nothing_of_ours(
    product: Installation, stranger: dict[str, str], ours: dict[str, str], method: str, route: Route
) -> None:
    body = WELL_FORMED.get(f"{method} {route.path}") or example_of(operation_at(method, route.path))
    sent = {} if method in ("GET", "DELETE") else {"json": body}
    theirs = product.web.request(method, filled(route.path, ours), headers=stranger, **sent)
    unknown = dict.fromkeys(ours, str(uuid4()))
    nobody_s = product.web.request(method, filled(route.path, unknown), headers=stranger, **sent)
    assert theirs.status_code == 404, theirs.text
    assert content(theirs) == content(nobody_s)


def test_nothing_of_ours_was_touched(studio: Studio, ours: dict[str, str]) -> None:
    lead = studio.ask("GET", f"/api/leads/{ours['lead_id']}").json()
    assert lead["name"] == "Anna Beispiel"
    assert studio.ask("GET", "/api/api-keys").status_code == 200, "our key still works"
    assert studio.ask("DELETE", f"/api/autopilot/locks/{ours['lock_id']}").status_code == 204, "our lock was still held"


@pytest.mark.parametrize(
    "path", sorted({route.path for route in API if hasattr(route.rules, "get") and "<" not in route.path})
)
def test_a_workspace_named_in_the_query_is_not_entered(
    product: Installation, stranger: dict[str, str], studio: Studio, path: str
) -> None:
    answer = product.web.get(f"/{path}", params={"workspaceId": studio.id}, headers=stranger)
    assert studio.facts["leadPhone"] not in answer.text
    assert studio.facts["email"] not in answer.text
    assert answer.status_code in (403, 404) or path == "api/health/autopilot", answer.text


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("api/followups", {"leadId": "{lead}", "scheduledAt": "{now}", "type": "motivation"}),
        ("api/followups", {"leadId": "{lead}", "scheduledAt": "{now}", "type": "motivation", "workspaceId": "{mine}"}),
        ("api/whatsapp-coach/message", {"leadId": "{lead}", "idempotencyKey": "k"}),
        ("api/whatsapp-coach/message", {"leadId": "{lead}", "workspaceId": "{mine}", "idempotencyKey": "k"}),
        ("api/whatsapp-coach/config", {"workspaceId": "{mine}", "enabled": False}),
        ("api/autopilot/reprovision", {"workspaceId": "{mine}"}),
        ("api/provisioning/twilio", {"workspaceId": "{mine}"}),
        ("api/autopilot/events", {"workspaceId": "{mine}", "type": "coach.checkin", "payload": {}}),
        ("api/autopilot/jobs", {"workspaceId": "{mine}", "type": "coach.replan", "payload": {}}),
        ("api/leads", {"workspaceId": "{mine}", "phone": "+4915100000000", **NEW_LEAD}),
    ],
)
def test_an_id_of_ours_in_a_body_is_nobody_s(
    product: Installation, stranger: dict[str, str], studio: Studio, path: str, body: dict[str, Any]
) -> None:
    names = {"{lead}": studio.lead_id, "{mine}": studio.id, "{now}": utc_now()}
    sent = {name: names.get(value, value) if isinstance(value, str) else value for name, value in body.items()}
    before = len(studio.received())
    answer = product.web.post(f"/{path}", json=sent, headers=stranger)
    assert answer.status_code == 404, answer.text
    assert len(studio.received()) == before


def test_the_same_phone_and_the_same_lock_belong_to_each_studio_by_itself(
    product: Installation, stranger: dict[str, str], studio: Studio
) -> None:
    lock = {"lockKey": "shared-name", "ttlMs": 60_000}
    assert studio.ask("POST", "/api/autopilot/locks/acquire", json=lock).status_code == 201
    assert product.web.post("/api/autopilot/locks/acquire", json=lock, headers=stranger).status_code == 201
    lead = {**NEW_LEAD, "phone": studio.phone}
    assert product.web.post("/api/leads", json=lead, headers=stranger).status_code == 201


PAGES = [route for route in ALL if hasattr(route.view, "page_role")]


@pytest.fixture(scope="module")
def browser(running: Installation) -> Iterator[httpx.Client]:
    """The other studio's owner, signed in."""
    with httpx.Client(base_url=running.product, follow_redirects=False, timeout=30, trust_env=False) as client:
        client.get("/accounts/login/")
        form = {"login": DEMO, "password": running.secrets["PILAR_DEMO_PASSWORD"]}
        answer = client.post("/accounts/login/", data=form, headers=csrf(client))
        assert answer.status_code == 302, answer.text
        shown = {"password": form["password"]}
        answer = client.post("/accounts/reauthenticate/", data=shown, headers=csrf(client))
        assert answer.status_code == 302, answer.text
        yield client


def csrf(client: httpx.Client) -> dict[str, str]:
    return {"X-CSRFToken": client.cookies.get("csrf", ""), "Referer": str(client.base_url)}


@pytest.mark.parametrize("path", sorted(route.path for route in PAGES if "<uuid:" in route.path))
def test_a_page_about_something_of_ours_does_not_exist_for_a_stranger(
    browser: httpx.Client, ours: dict[str, str], path: str
) -> None:
    answers = {browser.get(filled(path, ours)).status_code}
    answers.add(
        browser.post(filled(path, ours), data={"text": "x", "owner": "human"}, headers=csrf(browser)).status_code
    )
    assert answers <= {404, 405}
    assert 404 in answers


@pytest.mark.parametrize("path", sorted(route.path for route in PAGES if "<" not in route.path))
def test_no_page_of_a_stranger_shows_anything_of_ours(browser: httpx.Client, studio: Studio, path: str) -> None:
    answer = browser.get(f"/{path}")
    assert answer.status_code < 500
    assert studio.id not in answer.text
    assert studio.facts["email"] not in answer.text
    assert "Kraftraum" not in answer.text


def test_a_stranger_cannot_switch_to_our_studio(browser: httpx.Client, studio: Studio) -> None:
    form = {"workspace": studio.id, "workspace_id": studio.id}
    answer = browser.post("/workspaces/switch", data=form, headers=csrf(browser))
    assert answer.status_code in (302, 400, 403, 404)
    assert "Kraftraum" not in browser.get("/dashboard").text
