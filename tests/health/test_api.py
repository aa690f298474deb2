"""The routes of health: who gets what, and what a wrong request hears."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import OperationalError

from health import words
from tests.health.conftest import ILL, WELL, Lamp, a_worker, incidents, look, platform_check
from tests.workspaces.factories import MembershipFactory
from tests.workspaces.world import World

pytestmark = pytest.mark.django_db
type Ask = Callable[..., Any]


@pytest.fixture(autouse=True)
def living(world: World) -> None:
    a_worker()
    platform_check()


@pytest.fixture
def broken(world: World, lamp: Lamp) -> str:
    """The id of an open incident that can be repaired."""
    look(lamp, world.workspace_id, ILL)
    return str(incidents(world.workspace_id)[0].pk)


CALLERS = ("owner", "admin", "coach", "viewer", "outsider", "system", "nobody")
TABLE = [
    ("GET", "/api/health/autopilot", (200, 200, 200, 200, 200, 200, 200)),
    ("GET", "/api/autopilot/health", (200, 200, 200, 200, 200, 200, 200)),
    ("GET", "/api/autopilot/health?all=true", (403, 403, 403, 403, 403, 200, 401)),
    ("GET", "/api/autopilot/health?workspaceId={mine}", (200, 200, 200, 200, 404, 200, 401)),
    ("GET", "/api/health/workspace/{mine}", (200, 200, 200, 200, 404, 200, 401)),
    ("GET", "/api/health/component/queue_processing", (403, 403, 403, 403, 403, 200, 401)),
    ("GET", "/api/health/incidents", (200, 200, 200, 200, 200, 400, 401)),
    ("GET", "/api/health/incidents?workspaceId={mine}", (200, 200, 200, 200, 404, 200, 401)),
    ("POST", "/api/health/check/rate_limits", (200, 200, 200, 403, 200, 404, 401)),
    ("POST", "/api/health/check/rate_limits?workspaceId={mine}", (200, 200, 200, 403, 404, 200, 401)),
    ("POST", "/api/health/remediate/{incident}", (200, 409, 403, 403, 404, 400, 401)),  # the owner's is under way
    ("POST", "/api/autopilot/health/check", (403, 403, 403, 403, 403, 200, 401)),
]


@pytest.mark.parametrize(("method", "path", "statuses"), TABLE)
def test_who_gets_what(world: World, ask: Ask, broken: str, method: str, path: str, statuses: tuple[int, ...]) -> None:
    filled = path.format(mine=world.workspace_id, incident=broken)
    answers = tuple(ask(method, filled, who=who).status_code for who in CALLERS)
    assert answers == statuses


def test_the_public_hears_one_word_and_nothing_else(ask: Ask) -> None:
    answer = ask("GET", "/api/health/autopilot", who="nobody")
    assert answer.json() == {"status": "ok"}


def test_without_a_database_the_public_word_is_down(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_now: Any) -> str:
        raise OperationalError

    monkeypatch.setattr(words, "public_word", away)
    answer = ask("GET", "/api/health/autopilot", who="nobody")
    assert (answer.status_code, answer.json(), answer["Retry-After"]) == (503, {"status": "down"}, "5")


def test_a_studio_reads_its_issues_with_what_to_do(world: World, ask: Ask, broken: str) -> None:
    body = ask("GET", f"/api/health/workspace/{world.workspace_id}").json()
    (issue,) = body["issues"]
    assert (body["status"], issue["fix"]) == ("failed", ILL.fix)
    assert (issue["autoRemediable"], issue["remediationAction"]) == (True, "recreate_webhook")
    assert {"component", "lastCheck", "nextCheck", "consecutiveFailures", "metrics"} <= set(body["checks"][0])


def test_another_studios_issues_are_not_told(world: World, ask: Ask, broken: str) -> None:
    body = ask("GET", f"/api/health/workspace/{world.foreign_id}", who="outsider").json()
    assert body["issues"] == []
    assert ask("GET", "/api/health/incidents", who="outsider").json()["items"] == []


def test_incidents_come_in_pages_newest_first(world: World, ask: Ask, lamp: Lamp) -> None:
    for finding in (ILL, WELL, ILL):
        look(lamp, world.workspace_id, finding)
    page = ask("GET", "/api/health/incidents?limit=1").json()
    assert [one["status"] for one in page["items"]] == ["open"]
    assert page["nextCursor"]


def test_check_all_runs_every_probe_of_the_studio(world: World, ask: Ask) -> None:
    found = {check["probe"] for check in ask("POST", "/api/health/check/all").json()}
    assert {"own_queue", "own_limits", "own_webhooks", "own_models", "own_mail", "twilio_number"} <= found


def test_one_probe_may_be_named(ask: Ask) -> None:
    assert [check["probe"] for check in ask("POST", "/api/health/check/own_queue").json()] == ["own_queue"]


def test_the_platforms_token_without_a_workspace_checks_the_platform(ask: Ask) -> None:
    found = ask("POST", "/api/health/check/queue_processing", who="system").json()
    assert {check["probe"] for check in found} == {
        "queue", "workers", "beat", "dead_letters", "dead_letter_growth",
    }  # fmt: skip


def test_an_unknown_component_is_not_found(ask: Ask) -> None:
    assert ask("POST", "/api/health/check/plumbing").status_code == 404
    assert ask("GET", "/api/health/component/plumbing", who="system").status_code == 404


def test_checks_on_demand_are_limited(ask: Ask) -> None:
    codes = [ask("POST", "/api/health/check/own_queue").status_code for _ in range(61)]
    assert codes == [200] * 60 + [429]


def test_a_repair_answers_with_its_result_and_the_incident(ask: Ask, broken: str) -> None:
    body = ask("POST", f"/api/health/remediate/{broken}").json()
    assert (body["result"], body["incident"]["status"]) == ("The bulb was changed.", "resolved")


def test_a_repair_that_is_over_conflicts(ask: Ask, broken: str) -> None:
    ask("POST", f"/api/health/remediate/{broken}")
    assert ask("POST", f"/api/health/remediate/{broken}").status_code == 409


def test_a_fourth_attempt_within_an_hour_is_too_many(ask: Ask, broken: str, lamp: Lamp) -> None:
    lamp.repair_helps = False
    codes = [ask("POST", f"/api/health/remediate/{broken}").status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]


@pytest.mark.parametrize("path", ["/api/health/remediate/nonsense", "/api/health/workspace/nonsense"])
def test_an_id_that_is_none_is_not_found(ask: Ask, path: str) -> None:
    assert ask("POST" if "remediate" in path else "GET", path).status_code == 404


@pytest.mark.parametrize("query", ["cursor=nonsense", "limit=0", "limit=x", "workspaceId=nonsense"])
def test_a_wrong_query_is_the_callers_problem(ask: Ask, query: str) -> None:
    answer = ask("GET", f"/api/health/incidents?{query}")
    assert answer.status_code in (400, 404)
    assert answer["Content-Type"].startswith("application/problem+json")


@pytest.mark.parametrize("path", ["/api/autopilot/health?all=true", "/api/health/component/external_apis"])
def test_operators_signed_in_as_staff_see_the_platform(world: World, path: str) -> None:
    assert world.browser("operator").get(path).status_code == 200
    assert world.browser("owner").get(path).status_code == 403


def test_an_operator_who_is_a_member_of_a_studio_is_still_an_operator(world: World) -> None:
    MembershipFactory(workspace_id=world.workspace_id, user=world.people["operator"], role="viewer")
    assert world.browser("operator").get("/api/autopilot/health?all=true").status_code == 200


def test_operators_see_which_studios_fail(world: World, broken: str) -> None:
    body = world.browser("operator").get("/api/autopilot/health?all=true").json()
    assert body["studios"]["failed"] == 1
    assert [check["workspaceId"] for check in body["failing"]] == [str(world.workspace_id)]
    assert body["platform"]["status"] == "healthy"


def test_a_component_tells_the_platforms_checks_and_counts_studios(ask: Ask, broken: str) -> None:
    platform_check(probe="redis", component="external_apis", last_check=datetime.now(UTC))
    body = ask("GET", "/api/health/component/external_apis", who="system").json()
    assert [check["probe"] for check in body["checks"]] == ["redis"]
    assert body["studios"] == {"healthy": 0, "degraded": 0, "failed": 1}


def test_members_signed_in_read_their_health_on_the_older_route_too(world: World) -> None:
    path = f"/api/autopilot/health?workspaceId={world.workspace_id}"
    assert world.browser("viewer").get(path).status_code == 200
    assert world.browser("outsider").get(path).status_code == 404
