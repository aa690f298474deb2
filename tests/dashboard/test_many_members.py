"""With 10,000 members the pages of the shell ask no more questions than with one."""

from typing import Any

import pytest
from django.test import Client

from coach.models import Lead
from pilar.backplane.tenancy import atomic, tenant
from tests.workspaces.world import make_world

pytestmark = pytest.mark.django_db

# Half of them open and close the savepoint that keeps one room's failure from the others.
QUESTIONS = {
    "/dashboard": 100,
    "/dashboard/head": 30,
    "/dashboard/parts/messages": 25,
    "/dashboard/parts/followups": 20,
    "/dashboard/search/results?q=nora": 20,
    "/dashboard/messages": 25,
    "/dashboard/settings/autopilot": 25,
    "/dashboard/settings/autopilot/changes": 25,
}


@pytest.fixture
def owner(db: None) -> Client:
    world = make_world()
    with tenant(world.workspace_id), atomic():
        Lead.objects.bulk_create(
            [Lead(name=f"Nora {number}", phone=f"+4917{number:08}") for number in range(10_000)], batch_size=2000
        )
    return world.browser("owner")


def test_no_page_asks_more_the_more_members_there_are(owner: Client, django_assert_max_num_queries: Any) -> None:
    for path, most in QUESTIONS.items():
        with django_assert_max_num_queries(most, info=path):
            assert owner.get(path).status_code == 200, path
