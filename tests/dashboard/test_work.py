"""Every number of the work leads to its rows, in words, and each row to its story."""

import pytest
from django.test import Client

from pilar.backplane import jobs
from pilar.backplane.engine import work_off
from pilar.backplane.models import AutopilotJob
from pilar.backplane.models.work import JobStatus
from pilar.backplane.tenancy import atomic, tenant
from pilar.dashboard import happenings, widgets, work
from pilar.kernel import clock, switchboard
from pilar.kernel.switchboard import Empty
from tests.workspaces.world import World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None) -> World:
    """A studio with one job done, two that wait, three that gave up and one that runs."""
    found = make_world()
    with tenant(found.workspace_id), atomic():
        jobs.enqueue("coach.plan", Empty(), key="done")
    work_off()
    with tenant(found.workspace_id), atomic():
        for number, status in enumerate([JobStatus.PENDING] * 2 + [JobStatus.DEAD] * 3 + [JobStatus.RUNNING]):
            job = jobs.enqueue("coach.plan", Empty(), key=str(number))
            AutopilotJob.objects.filter(public_id=job).update(status=status, locked_at=clock.now())
    return found


@pytest.fixture
def owner(world: World) -> Client:
    return world.browser("owner")


def test_every_number_has_as_many_rows(world: World, owner: Client) -> None:
    with tenant(world.workspace_id), atomic():
        counted = widgets.jobs(world.workspace_id, clock.now())["jobs"]
    rows = {state: len(owner.get("/dashboard/work", {"state": state}).context["rows"]) for state in work.ORDERS}
    assert rows == {state: counted[state] for state in work.ORDERS}
    assert (rows["waiting"], rows["dead"], rows["running"]) == (2, 3, 1)


def test_the_numbers_of_today_are_links_to_them(owner: Client) -> None:
    part = owner.get("/dashboard/parts/jobs").content.decode()
    assert [f"/dashboard/work?state={state}" in part for state in work.ORDERS] == [True] * 4


def test_a_row_is_in_words_and_leads_to_its_story(owner: Client) -> None:
    page = owner.get("/dashboard/work", {"state": "done"})
    row = page.context["rows"][0]
    assert "coach.plan" not in page.content.decode()
    assert owner.get(f"/dashboard/settings/activity/{row['story']}").status_code == 200


def test_an_unknown_state_and_a_broken_cursor_are_no_error_of_ours(owner: Client) -> None:
    assert owner.get("/dashboard/work", {"state": "x"}).status_code == 200
    assert owner.get("/dashboard/work", {"cursor": "x"}).status_code == 404


def test_another_studio_has_other_work(owner: Client) -> None:
    outsider = make_world().browser("owner")
    assert outsider.get("/dashboard/work", {"state": "dead"}).context["rows"] == []


def test_all_work_about_something_of_a_studio_has_words() -> None:
    ours = {name: job for name, job in switchboard.jobs.items() if not job.handler.__module__.startswith("tests.")}
    about = {name for name, job in ours.items() if not job.is_subscription and job.payload is not Empty}
    of_the_platform = {"backplane.dispatch_event", "workspaces.plan_changed"}
    assert about - set(happenings.WORK) == of_the_platform
    assert set(happenings.WORK) - set(switchboard.jobs) == set()
