"""What is given to the system in confidence is in no log line, wherever it comes in (reliability P10, I9)."""

import json
import logging
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
import structlog
from django.conf import settings
from django.test import Client
from structlog.stdlib import ProcessorFormatter

from pilar.backplane.engine import work_off
from pilar.kernel.ids import uuid7
from pilar.kernel.masking import mask_event, mask_text
from tests.backplane.trade import Trade, enqueue
from tests.workspaces.world import World

pytestmark = pytest.mark.django_db

PHONE, MAIL, TOKEN = "+4915223334455", "anna.geheim@example.org", "pilar_0123456789ab_geheimesGeheimnis"
NAME, LINK = "Zauberhaft", "kJ8s-2mQ" * 5
SECRETS = (PHONE, PHONE[1:], MAIL, TOKEN, NAME, LINK)


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Everything that is logged, by the product's own formatter."""
    written = StringIO()
    handler = logging.StreamHandler(written)
    recipe = settings.LOGGING["formatters"]["json"]
    handler.setFormatter(ProcessorFormatter(**{name: value for name, value in recipe.items() if name != "()"}))
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(level)


def told(lines: Callable[[], list[dict[str, Any]]]) -> str:
    found = json.dumps(lines(), ensure_ascii=False)
    assert [secret for secret in SECRETS if secret in found] == []
    return found


def test_a_handler_that_fails_over_a_person_tells_nobody_who_it_was(
    lines: Callable[[], list[dict[str, Any]]], trade: Trade, workspace: UUID
) -> None:
    def fail(_work: Any) -> None:
        raise ValueError(f"cannot reach {PHONE} or {MAIL} with Bearer {TOKEN}")

    trade.job("t.job", fail, max_attempts=1)
    thread = uuid7()
    enqueue(workspace, correlation_id=thread)
    work_off()
    assert "ValueError" in told(lines)
    assert str(thread) in {line.get("correlation_id") for line in lines()}


def test_a_request_tells_neither_its_credential_nor_its_body(
    lines: Callable[[], list[dict[str, Any]]], world: World
) -> None:
    body = {"name": "Anna", "phone": PHONE, "email": MAIL, "language": "de", "consent": {"wording": PHONE}}
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    address = f"/api/leads?token={TOKEN}&email={MAIL}"
    Client().post(address, body, content_type="application/json", headers=bearer)
    Client().post("/api/leads", body, content_type="application/json", headers=world.headers("owner"))
    Client().post("/accounts/login/", {"login": MAIL, "password": TOKEN})
    Client().get(f"/api/leads?cursor=none&q={NAME}&phone=%2B{PHONE[1:]}", headers=world.headers("owner"))
    Client(enforce_csrf_checks=True).post(f"/claim/{LINK}?q={NAME}", {"password": "x"})
    said = told(lines)
    assert "GET /api/leads" in said
    assert "/claim/[masked]" in said


@pytest.mark.parametrize("nested", [{"to": PHONE}, {"contact": {"email": MAIL}}, [f"write to {MAIL}"], TOKEN])
def test_values_of_any_shape_are_masked(lines: Callable[[], list[dict[str, Any]]], nested: Any) -> None:
    structlog.get_logger("test").warning("seen", what=nested, note=f"{PHONE} {MAIL}")
    logging.getLogger("library").error("failed for %s", nested, extra={"who": nested})
    assert "seen" in told(lines)


@pytest.mark.parametrize(
    "kept",
    [
        "01a1ee50-4380-76fc-9353-884978341793",
        "01915512-4380-7612-9353-884978341793",
        "job:01A1EE50-4380-76FC-9353-884978341793:2",
        "/api/jobs/01a1ee50-4380-76fc-9353-884978341793/run",
    ],
)
def test_an_id_of_ours_is_kept_however_many_digits_it_has(kept: str) -> None:
    assert mask_text(kept) == kept


@pytest.mark.parametrize("given", ["4242424242424242", "4242 4242 4242 4242", "4242-4242-4242-4242", "4915223334455"])
@pytest.mark.parametrize("around", ["{}", "card {}.", "/v23.0/{}/messages", "01a1ee50-4380-76fc-9353-884978341793 {}"])
def test_a_card_and_a_member_s_number_are_not(given: str, around: str) -> None:
    assert mask_text(around.format(given)) == around.format("[masked]")


def test_the_mask_is_the_last_thing_before_a_line_is_rendered() -> None:
    assert settings.LOGGING["formatters"]["json"]["processors"][-2] is mask_event
