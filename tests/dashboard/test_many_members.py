"""With 10,000 members the pages of the shell ask no more questions than with one."""

from typing import Any

import pytest
from django.test import Client

from pilar.backplane.tenancy import atomic, tenant
from tests.factories import LeadFactory, multiply
from tests.workspaces.world import make_world

pytestmark = [pytest.mark.django_db, pytest.mark.thorough]

QUESTIONS = {
    "/dashboard": 43,
    "/dashboard/head": 19,
    "/dashboard/parts/messages": 15,
    "/dashboard/parts/followups": 12,
    "/dashboard/parts/quiet": 11,
    "/dashboard/search/results?q=nora": 10,
    "/dashboard/messages": 15,
    "/dashboard/automation": 37,
    "/dashboard/settings/autopilot": 15,
    "/dashboard/settings/autopilot/changes": 17,
}


@pytest.fixture
def owner(db: None) -> Client:
    world = make_world()
    with tenant(world.workspace_id), atomic():
        multiply(LeadFactory(), 10_000, name="'Nora ' || n", phone="'+4917' || lpad(n::text, 8, '0')")
    return world.browser("owner")


def test_no_page_asks_more_the_more_members_there_are(owner: Client, django_assert_max_num_queries: Any) -> None:
    for path, most in QUESTIONS.items():
        with django_assert_max_num_queries(most, info=path):
            assert owner.get(path).status_code == 200, path
