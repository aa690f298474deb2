"""The budgets as programs of a studio and operators use them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from pilar.backplane import budgets, tenants
from pilar.backplane.models import AuditLog
from pilar.backplane.tenancy import tenant
from pilar.kernel import clock
from tests.workspaces.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _ten_messages(world: World) -> None:
    tenants.put(world.workspace_id)
    with tenant(world.workspace_id):
        budgets.allow("messages", daily=10, policy="queue")
        budgets.reserve("messages", 4, key="k", now=clock.now())


@pytest.fixture
def override(ask: Callable[..., Any], world: World) -> Callable[..., Any]:
    def send(who: str = "system", **body: Any) -> Any:
        wanted = {"workspaceId": str(world.workspace_id), "resource": "messages", "daily": 50, **body}
        return ask("POST", "/api/operator/budget/override", who=who, body=wanted)

    return send


def messages(ask: Callable[..., Any], world: World) -> dict[str, Any]:
    found: list[dict[str, Any]] = ask("GET", f"/api/autopilot/budget/{world.workspace_id}", who="viewer").json()
    return next(one for one in found if one["resource"] == "messages")


def test_what_was_used_and_what_is_allowed_is_told(ask: Callable[..., Any], world: World) -> None:
    found = messages(ask, world)
    assert (found["dailyUsed"], found["daily"], found["hourly"], found["overagePolicy"]) == (4, 10, None, "queue")
    assert clock.now().isoformat() < found["resetAt"]


def test_an_admin_chooses_what_becomes_of_work_over_the_limit(ask: Callable[..., Any], world: World) -> None:
    body = {"resource": "messages", "overagePolicy": "drop", "hourly": 3}
    answer = ask("PUT", f"/api/autopilot/budget/{world.workspace_id}", who="admin", body=body)
    assert (answer.json()["overagePolicy"], answer.json()["hourly"]) == ("drop", 3)


def test_a_program_caps_the_month_in_micro_euro_and_takes_it_back(ask: Callable[..., Any], world: World) -> None:
    path, body = f"/api/autopilot/budget/{world.workspace_id}", {"resource": "euro", "overagePolicy": "queue"}
    capped = ask("PUT", path, who="admin", body={**body, "monthly": 5_000_000}).json()
    assert (capped["unit"], capped["monthly"], capped["monthlyUsed"]) == ("micro_euro", 5_000_000, 0)
    assert ask("PUT", path, who="admin", body={**body, "daily": 1}).json()["monthly"] == 5_000_000
    assert ask("PUT", path, who="admin", body={**body, "monthly": None}).json()["monthly"] is None


def test_messages_have_no_month(ask: Callable[..., Any], world: World) -> None:
    body = {"resource": "messages", "overagePolicy": "queue", "monthly": 5}
    answer = ask("PUT", f"/api/autopilot/budget/{world.workspace_id}", who="admin", body=body)
    assert (answer.status_code, "monthly" in answer.json()["fields"]) == (400, True)


def test_an_operators_exception_holds_for_a_day_and_is_noted(
    ask: Callable[..., Any], world: World, override: Callable[..., Any]
) -> None:
    assert override(reason="opening party").status_code == 200
    assert messages(ask, world)["daily"] == 50
    with tenant(world.workspace_id):
        entry = AuditLog.objects.get(action="budget.overridden")
    assert (entry.actor, entry.after["reason"]) == ("system", "opening party")


def test_an_exception_is_ended(ask: Callable[..., Any], world: World, override: Callable[..., Any]) -> None:
    override()
    override(daily=None)
    assert (messages(ask, world)["daily"], messages(ask, world)["overrideUntil"]) == (10, None)


@pytest.mark.parametrize("days", [-1, 32])
def test_an_exception_needs_a_near_end(override: Callable[..., Any], days: int) -> None:
    answer = override(until=(clock.now() + timedelta(days=days)).isoformat())
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["until"])


def test_an_exception_for_nobody_is_not_found(override: Callable[..., Any]) -> None:
    assert override(workspaceId="01900000-0000-7000-8000-000000000000").status_code == 404


def test_an_operator_may_do_it_in_the_browser(world: World) -> None:
    body = {"workspaceId": str(world.workspace_id), "resource": "messages", "daily": 50}
    answer = world.browser("operator").post("/api/operator/budget/override", body, content_type="application/json")
    assert answer.status_code == 200
