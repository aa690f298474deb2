"""What a newcomer finds soon after `make up`: a studio that works, with members who write, and logins that fit."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from provisioning.demo_studio import MEMBERS
from provisioning.scripted_customer import Forms
from tests.e2e.installation import Installation, installed, wait_for
from workspaces import demo

pytestmark = [pytest.mark.processes, pytest.mark.drill]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """As `make up` starts it; the other tests do without the demo's life."""
    with installed(tmp_path_factory.mktemp("demo")) as found:
        yield found


@pytest.fixture(scope="module")
def owner(running: Installation) -> httpx.Client:
    """The demo's owner with a key of their own, once the studio has come to life."""
    key = json.loads(running.manage("api_key", demo.OWNER).splitlines()[-1])["apiKey"]
    client = httpx.Client(base_url=running.product, headers={"Authorization": f"Bearer {key}"}, trust_env=False)
    said = running.folder / "log" / "demo.log"
    wait_for(lambda: said.exists() and "is alive" in said.read_text(), seconds=120, every=0.5)
    return client


def listed(owner: httpx.Client, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = owner.get(path).raise_for_status().json()["items"]
    return found


def test_the_demo_studio_is_ready(owner: httpx.Client) -> None:
    run = owner.get("/api/autopilot/status").json()
    assert (run["status"], run["progress"]) == ("ready", 100)


def test_its_members_are_in_every_situation(owner: httpx.Client) -> None:
    members = listed(owner, "/api/leads")
    assert len(members) == len(MEMBERS)
    assert {"de", "en", "es", "fr", "it"} == {member["language"] for member in members}
    assert {"given", "withdrawn"} == {member["consentState"] for member in members}
    owners = {chat["name"]: chat["owner"] for chat in listed(owner, "/api/conversations")}
    assert (owners["Jonas Keller"], owners["Anna Berg"]) == ("waiting", "ai")


def test_messages_are_planned_for_today_and_the_next_days(owner: httpx.Client) -> None:
    by_hand = [plan for plan in listed(owner, "/api/followups") if plan["origin"] == "person"]
    assert len({plan["scheduledAt"][:10] for plan in by_hand}) >= 3
    zones = {member["id"]: ZoneInfo(member["timezone"]) for member in listed(owner, "/api/leads")}
    due = [datetime.fromisoformat(plan["scheduledAt"]).astimezone(zones[plan["leadId"]]) for plan in by_hand]
    assert {moment.hour for moment in due if moment - datetime.now(UTC) > timedelta(hours=23)} <= {10}


def test_a_second_start_finds_it_alive(running: Installation, owner: httpx.Client) -> None:
    assert "was alive already" in running.manage("play_demo")
    assert len(listed(owner, "/api/leads")) == len(MEMBERS)


@pytest.mark.parametrize(("who", "place"), [(demo.OWNER, "/dashboard"), (demo.OPERATOR, "/admin/"), (demo.PARTNER, "")])
def test_each_login_of_the_demo_fits(running: Installation, who: str, place: str) -> None:
    with httpx.Client(base_url=running.product, follow_redirects=True, trust_env=False) as browser:
        page = browser.get("/accounts/login/")
        hidden = {name: value for name, (kind, value) in Forms.of(page.text).fields.items() if kind == "hidden"}
        given = hidden | {"login": who, "password": running.secrets["PILAR_DEMO_PASSWORD"]}
        landed = browser.post("/accounts/login/", data=given, headers={"Referer": str(page.url)})
    assert landed.is_success
    assert landed.url.path != "/accounts/login/"
    assert place in landed.url.path
