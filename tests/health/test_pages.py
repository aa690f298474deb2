"""The page of incidents and the bar of ninety days."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from health import history
from health.models import Incident
from pilar.backplane.tenancy import atomic, tenant
from tests.workspaces.world import World, make_world
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db
NOW = datetime.fromisoformat("2026-11-28T12:00:00+01:00")


@pytest.fixture
def world(db: None) -> World:
    found = make_world()
    Workspace.objects.filter(pk=found.workspace_id).update(created_at=NOW - timedelta(days=50))
    return found


@pytest.fixture
def owner(world: World) -> Client:
    return world.browser("owner")


def broken(
    world: World, *, days_ago: int, for_days: int | None = 0, severity: str = "medium", title: str = "Aus"
) -> None:
    at = NOW - timedelta(days=days_ago)
    ended: dict[str, Any] = {}
    if for_days is not None:
        ended = {"status": "resolved", "resolved_at": at + timedelta(days=for_days)}
    with tenant(world.workspace_id), atomic():
        Incident.objects.create(
            probe=f"p{days_ago}", component="twilio_integration", title=title, description="Wir sind dran.",
            severity=severity, detected_at=at, **ended,
        )  # fmt: skip


def bar(world: World) -> list[str]:
    with tenant(world.workspace_id), atomic():
        return history.days(world.workspace_id, NOW)


def test_each_day_is_as_its_worst_incident(world: World) -> None:
    broken(world, days_ago=10, for_days=2)
    broken(world, days_ago=9, severity="critical")
    assert bar(world)[-11:-6] == ["degraded", "down", "degraded", "ok", "ok"]


def test_days_before_the_studio_are_empty_and_what_goes_on_reaches_today(world: World) -> None:
    broken(world, days_ago=1, for_days=None)
    days = bar(world)
    assert (len(days), days[:39], days[39], days[-3:]) == (90, [""] * 39, "ok", ["ok", "degraded", "degraded"])


def test_what_ended_before_the_bar_begins_is_not_in_it(world: World) -> None:
    broken(world, days_ago=95, for_days=3)
    broken(world, days_ago=95 - 1, for_days=10, severity="high")
    assert bar(world)[:8] == ["down"] * 6 + ["", ""]


def test_the_incidents_of_today_lead_to_their_rows(world: World, owner: Client) -> None:
    broken(world, days_ago=1, title="Twilio antwortet nicht")
    part = owner.get("/dashboard/parts/incidents").content.decode()
    page = owner.get("/dashboard/incidents")
    row = page.context["incidents"][0]
    assert f"/dashboard/incidents#incident-{row['id']}" in part
    assert f'id="incident-{row["id"]}"' in page.content.decode()


def test_only_those_that_go_on_are_left_by_the_filter(world: World, owner: Client) -> None:
    broken(world, days_ago=1, title="Vorbei")
    broken(world, days_ago=2, for_days=None, title="Noch da")
    assert [row["title"] for row in owner.get("/dashboard/incidents?open").context["incidents"]] == ["Noch da"]


def test_many_are_read_page_by_page_in_few_queries(
    world: World, owner: Client, django_assert_max_num_queries: Any
) -> None:
    for days in range(40):
        broken(world, days_ago=days)
    with django_assert_max_num_queries(20):
        first = owner.get("/dashboard/incidents")
    second = owner.get("/dashboard/incidents", {"cursor": first.context["following"]})
    assert (len(first.context["incidents"]), len(second.context["incidents"])) == (30, 10)


def test_another_studio_sees_none_of_them(world: World) -> None:
    broken(world, days_ago=1)
    with time_machine.travel(NOW):
        assert make_world().browser("owner").get("/dashboard/incidents").context["incidents"] == []
