"""The admin's lists in words: studios by name, lanes and providers in the reader's language, without a query per row."""

from typing import Any
from uuid import UUID

import pytest
from django.contrib import admin
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from pilar.backplane.models import JobHistory
from pilar.backplane.models.work import JobStatus
from pilar.backplane.tenancy import PLATFORM, atomic, tenant
from pilar.kernel import clock
from pilar.kernel.ids import uuid7
from tests.workspaces.test_account import fresh
from tests.workspaces.world import World

pytestmark = pytest.mark.django_db
LIST = "/admin/backplane/jobhistory/"


@pytest.fixture
def operator(world: World) -> Client:
    return fresh(world, "operator")


def finished(workspace_id: UUID, count: int = 1, lane: int = 2) -> None:
    at = dict.fromkeys(("due_at", "finished_at", "created_at"), clock.now())
    zero = dict.fromkeys(("priority", "attempts", "max_attempts", "deferrals", "crashes"), 0)
    same = {"type": "coach.followup", "payload": {}, "lane": lane, "status": JobStatus.SUCCEEDED, **zero, **at}
    rows = [JobHistory(public_id=uuid7(), correlation_id=uuid7(), **same) for _ in range(count)]
    with tenant(workspace_id), atomic():
        JobHistory.objects.bulk_create(rows)


def queries(operator: Client) -> int:
    with CaptureQueriesContext(connections["default"]) as seen:
        assert operator.get(LIST).status_code == 200
    return len(seen)


def test_a_studio_is_called_by_its_name_and_linked(operator: Client, world: World) -> None:
    finished(world.workspace_id)
    address = reverse("workspaces:console_studio", args=[world.workspace_id])
    page = operator.get(LIST).content.decode()
    assert f'<a class="underline" href="{address}">' in page
    assert f"{world.workspace_id}<" not in page


def test_more_rows_of_more_studios_take_no_more_queries(operator: Client, world: World) -> None:
    finished(world.workspace_id)
    one = queries(operator)
    finished(world.workspace_id, 8)
    finished(world.foreign_id, 8)
    finished(PLATFORM, 2)
    assert queries(operator) == one


def test_a_filter_says_what_a_lane_is_and_its_code(operator: Client, world: World) -> None:
    finished(world.workspace_id, lane=2)
    finished(world.workspace_id, lane=5)
    shown: Any = operator.get(f"{LIST}?lane__exact=2", headers={"accept-language": "de"}).context["cl"]
    [words] = [spec for spec in shown.filter_specs if getattr(spec, "lookup_kwarg", "") == "lane__exact"]
    chosen = [one["display"] for one in words.choices(shown) if one["selected"]]
    assert (shown.result_count, chosen) == (1, ["Nachrichten · messages"])


SEARCHED = [page for page in admin.site._registry.values() if page.search_fields]


@pytest.mark.parametrize("page", SEARCHED, ids=lambda page: page.model._meta.label)
def test_every_list_can_be_searched(operator: Client, page: Any) -> None:
    address = reverse(f"admin:{page.opts.app_label}_{page.opts.model_name}_changelist")
    answers = [operator.get(address, {"q": term}) for term in ("Eisenwerk", str(PLATFORM), "9999-12-31", "٣", "%")]
    assert {answer.status_code for answer in answers} == {200}
