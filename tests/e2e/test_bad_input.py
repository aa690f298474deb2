"""Whatever is sent to any route of the schema: a problem document that says what to fix, and nothing has changed (P10)."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.e2e.documented import JSON_TYPE, Operation, operations
from tests.e2e.installation import Installation, Studio, wait_for
from tests.e2e.test_purchases import signed

pytestmark = [pytest.mark.processes, pytest.mark.drill]
MALFORMED: dict[str, bytes] = {
    "no JSON": b"{",
    "empty": b"",
    "not UTF-8": b"\xff\xfe{}",
    "a list": b"[]",
    "a text": b'"x"',
    "null": b"null",
    "NaN": b'{"name": NaN}',
    "a huge number": b'{"name": ' + b"9" * 5000 + b"}",
    "too deep": b'{"payload": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "ten megabytes": b'{"name": "' + b"x" * 10_000_000 + b'"}',
}
WRONG: tuple[Any, ...] = (
    None,
    True,
    -1,
    10**30,
    1.5,
    "",
    "x",
    "\x00",
    "\ud800",
    "x" * 10_000,
    [],
    [[]],
    {},
    {"a": {"b": []}},
)
BAD_TEXT = ("x", "%00", "%F0%28", "-1", "9" * 40, "", "' OR 1=1 --", "../../etc/passwd", "{}", "A" * 3000)
# Each may be repeated without anything to fix: what they are sent is no input of theirs, or is optional.
NEEDS_NOTHING = {"/api/security/csp-report"}


ALL = operations()
WRITES = [one for one in ALL if one.method in ("POST", "PUT", "PATCH")]


def names(chosen: list[Operation]) -> Any:
    return pytest.mark.parametrize("operation", chosen, ids=[f"{one.method} {one.path}" for one in chosen])


@pytest.fixture(scope="module")
def victim(running: Installation) -> Studio:
    """A studio of its own, so that what others do here at the same time is no change by bad input."""
    found = running.studio("Quiet Corner")
    wait_for(found.received)
    wait_for(lambda: fingerprint(running, found.id) == (time.sleep(0.5), fingerprint(running, found.id))[1])
    return found


@pytest.fixture
def unchanged(product: Installation, victim: Studio) -> Iterator[None]:
    before = fingerprint(product, victim.id)
    yield
    assert fingerprint(product, victim.id) == before


def fingerprint(product: Installation, workspace_id: str) -> dict[str, str]:
    """A digest of what the workspace holds, table by table; notes of the machinery about itself left out."""
    tables = product.sql(
        "SELECT table_name FROM information_schema.columns WHERE column_name = 'workspace_id' AND table_schema = 'public' "
        "AND table_name ~ '^(coach|workspaces|provisioning|providers)_' AND table_name <> 'providers_providercall'"
    )
    row = "to_jsonb(t) - 'last_used_at' - 'checked_at' - 'last_success_at'"
    joined = f"string_agg(({row})::text, ',' ORDER BY ({row})::text)"
    digest = f"SELECT md5(coalesce({joined}, '')) FROM {{}} t WHERE workspace_id = %s"
    return {name: str(product.sql(digest.format(name), workspace_id)[0][0]) for (name,) in tables}


class Door:
    """Asks as the owner of the studio, and as the platform where only that may ask."""

    def __init__(self, product: Installation, victim: Studio) -> None:
        self.product, self.victim = product, victim
        self.client = product.web

    def ask(self, operation: Operation, *, path: str = "", **content: Any) -> httpx.Response:
        address = path or self.filled(operation)
        headers = {**self.victim.headers, **content.pop("headers", {})}
        answer = self.client.request(operation.method, address, headers=headers, **content)
        if answer.status_code == 403 and answer.json().get("code") == "forbidden":
            headers |= self.product.as_system
            answer = self.client.request(operation.method, address, headers=headers, **content)
        return answer

    def filled(self, operation: Operation) -> str:
        known = {
            "workspace_id": self.victim.id,
            "lead_id": self.victim.lead_id,
            "component": "all",
            "name": "database",
            "kind": "sms",
        }
        return operation.path.format(**{name: known.get(name, str(uuid4())) for name in operation.ids})


@pytest.fixture
def door(product: Installation, victim: Studio) -> Door:
    return Door(product, victim)


def is_problem(answer: httpx.Response) -> bool:
    if not 400 <= answer.status_code < 500 or answer.headers["Content-Type"] != "application/problem+json":
        return False
    body = answer.json()
    return body["status"] == answer.status_code and all(body[name] for name in ("type", "title", "detail", "code"))


def test_the_schema_names_every_operation() -> None:
    assert len(ALL) > 55


@names([one for one in WRITES if one.fields])
def test_a_malformed_body_is_a_problem_of_its_sender(door: Door, unchanged: None, operation: Operation) -> None:
    for name, body in MALFORMED.items():
        if name == "empty" and not operation.document["requestBody"].get("required"):
            continue
        answer = door.ask(operation, content=body, headers={"Content-Type": JSON_TYPE})
        assert is_problem(answer), (name, answer.status_code, answer.text[:500])


@names([one for one in WRITES if one.fields])
def test_a_field_of_a_wrong_type_is_never_a_defect(door: Door, unchanged: None, operation: Operation) -> None:
    """Each value in all fields at once, and each field alone with one of the values."""
    bodies = [dict.fromkeys(operation.fields, value) | {"unknownField": 1} for value in WRONG]
    bodies += [{name: WRONG[place % len(WRONG)]} for place, name in enumerate(operation.fields)]
    for body in bodies:
        answer = door.ask(operation, content=json.dumps(body), headers={"Content-Type": JSON_TYPE})
        assert is_problem(answer), (body, answer.status_code, answer.text[:500])


@names([one for one in WRITES if not one.fields and one.path not in NEEDS_NOTHING])
def test_nonsense_is_refused_also_where_no_body_is_needed(door: Door, unchanged: None, operation: Operation) -> None:
    for name, body in MALFORMED.items():
        answer = door.ask(operation, content=body, headers={"Content-Type": JSON_TYPE})
        assert is_problem(answer) or name == "empty", (name, answer.status_code, answer.text[:500])


@names([one for one in ALL if one.ids and "/webhook" not in one.path])
def test_an_id_that_is_none_is_not_found(door: Door, unchanged: None, operation: Operation) -> None:
    for bad in ("x", str(uuid4()), "%00", "0", "a" * 500, "..%2F..", "00000000-0000-0000-0000-000000000000"):
        answer = door.ask(operation, path=operation.path.format(**dict.fromkeys(operation.ids, bad)), json={})
        assert answer.status_code in (400, 404), (bad, answer.status_code, answer.text[:300])
        assert is_problem(answer), (bad, answer.text[:300])


@names([one for one in ALL if one.method == "GET" and one.queries])
def test_a_query_that_makes_no_sense_is_never_a_defect(door: Door, operation: Operation) -> None:
    for name in operation.queries:
        for bad in BAD_TEXT:
            answer = door.ask(operation, path=f"{door.filled(operation)}?{name}={bad}")
            assert answer.status_code == 200 or is_problem(answer), (name, bad, answer.status_code, answer.text[:300])


TOKENS = ("", "Bearer", "Bearer x", "Bearer pilar_000000000000_x", "Basic eDp5", "Bearer é", "Bearer " + "x" * 5000)
OPEN = ("/api/health/autopilot", "/api/autopilot/health")


@names([one for one in ALL if one.path not in {*NEEDS_NOTHING, *OPEN} and "/webhook" not in one.path])
def test_without_a_good_key_there_is_nothing(product: Installation, door: Door, operation: Operation) -> None:
    for token in TOKENS:
        headers = {"Authorization": token.encode()} if token else {}
        answer = product.web.request(operation.method, door.filled(operation), headers=headers)
        assert (answer.status_code, is_problem(answer)) == (401, True), (token, answer.text)


WEBHOOKS = ("stripe", "whatsapp", "twilio/sms/{id}", "twilio/voice/{id}", "twilio/status/{id}")
FORGED: dict[str, dict[str, str]] = {
    "no signature": {},
    "nonsense": {"Stripe-Signature": "x", "X-Hub-Signature-256": "x", "X-Twilio-Signature": "x"},
    "another body's": {
        "Stripe-Signature": signed(b"another"),
        "X-Hub-Signature-256": "sha256=" + hmac.new(b"sandbox-app-secret", b"another", hashlib.sha256).hexdigest(),
        "X-Twilio-Signature": "AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    },
    "an old one": {"Stripe-Signature": signed(b"{}", at=time.time() - 3600)},
    "an empty digest": {"Stripe-Signature": f"t={int(time.time())},v1=", "X-Hub-Signature-256": "sha256="},
}


@pytest.mark.parametrize("kind", FORGED)
@pytest.mark.parametrize("path", WEBHOOKS)
def test_a_webhook_without_its_signature_is_refused(
    product: Installation, victim: Studio, path: str, kind: str
) -> None:
    stored = "SELECT count(*) FROM autopilot_receipt"
    before = product.sql(stored)
    address = f"/api/webhooks/{path.format(id=victim.id)}"
    answer = product.web.post(address, content=b"{}", headers={"Content-Type": JSON_TYPE, **FORGED[kind]})
    refused = 400 if path == "stripe" else 403
    assert (answer.status_code, is_problem(answer)) == (refused, True), answer.text
    assert product.sql(stored) == before


def signatures(body: bytes) -> dict[str, dict[str, str]]:
    digest = hmac.new(b"sandbox-app-secret", body, hashlib.sha256).hexdigest()
    return {"stripe": {"Stripe-Signature": signed(body)}, "whatsapp": {"X-Hub-Signature-256": f"sha256={digest}"}}


GENUINE: dict[str, Callable[[bytes], dict[str, str]]] = {
    "stripe": lambda body: signatures(body)["stripe"],
    "whatsapp": lambda body: signatures(body)["whatsapp"],
}


@pytest.mark.parametrize("provider", GENUINE)
@pytest.mark.parametrize("name", [*MALFORMED, "an empty object", "wrong types"])
def test_a_genuine_webhook_with_nonsense_inside_is_never_a_defect(
    product: Installation, provider: str, name: str
) -> None:
    wrong = {"id": 1, "type": [], "data": "x", "created": {}, "object": None, "entry": [{"changes": "x"}, None, 7]}
    body = MALFORMED.get(name) or (json.dumps(wrong).encode() if name == "wrong types" else b"{}")
    headers = {"Content-Type": JSON_TYPE, **GENUINE[provider](body)}
    answer = product.web.post(f"/api/webhooks/{provider}", content=body, headers=headers)
    assert answer.status_code == 200 or is_problem(answer), answer.text
