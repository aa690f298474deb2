"""The pages of set-up, in every state that a run can have."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.cache import cache
from django.urls import reverse
from pytest_django import Settings

from pilar.backplane.tenancy import atomic, tenant
from pilar.providers import connections
from provisioning import pipeline
from provisioning.models import ProvisioningJob, ProvisioningStep
from tests.workspaces.world import World, make_world
from workspaces.models import StudioProfile

pytestmark = [pytest.mark.django_db, pytest.mark.requests]


@pytest.fixture
def world(db: None) -> World:
    cache.clear()
    return make_world()


def begin(world: World, state: str = "running", /, **step: Any) -> None:
    """A run in this state, in which one step looks like this."""
    with tenant(world.workspace_id):
        pipeline.start(trigger="stripe", now=datetime.now(UTC))
        with atomic():
            ProvisioningJob.objects.update(status=state)
            if step:
                ProvisioningStep.objects.filter(name="twilio_number").update(**step)


def begin_number(world: World, number: str) -> None:
    """The number has been bought."""
    with tenant(world.workspace_id), atomic():
        ProvisioningStep.objects.filter(name="twilio_number").update(status="completed", result={"number": number})


def page(world: World, path: str, who: str = "owner") -> Any:
    return world.browser(who).get(path)


def test_before_the_first_run_the_page_says_so(world: World) -> None:
    assert page(world, "/setup").status_code == 200


STATES: list[tuple[str, dict[str, Any], str]] = [
    ("running", {"status": "in_progress"}, ""),
    ("running", {"status": "retrying", "reason": "Twilio answers late."}, "Twilio answers late."),
    (
        "waiting",
        {
            "status": "waiting",
            "waiting_on": "customer",
            "waiting_code": "papers",
            "reason": "Hand in a paper.",
            "action": "workspaces:papers",
        },
        "Hand in a paper.",
    ),
    (
        "waiting",
        {"status": "waiting", "waiting_on": "review", "waiting_code": "bundle_review", "reason": "In review."},
        "In review.",
    ),
    ("failed", {"status": "failed", "error_class": "CONFIGURATION_ERROR", "error": "The number is barred."}, ""),
    ("running", {"status": "skipped", "reason": "Twilio is not configured."}, "Twilio is not configured."),
    ("succeeded", {"status": "completed"}, ""),
]


@pytest.mark.parametrize(
    ("waiting_on", "who", "is_red"),
    [("customer", "owner", True), ("customer", "coach", False), ("review", "owner", False)],
)
def test_the_dot_is_red_for_who_can_act_while_the_set_up_waits_for_the_studio(
    world: World, waiting_on: str, who: str, is_red: bool
) -> None:
    begin(world, "waiting", status="waiting", waiting_on=waiting_on, reason="Hand in.", action="workspaces:papers")
    assert ("status-dot tone-bad" in page(world, "/dashboard/more", who).content.decode()) == is_red
    step = f'href="{reverse("workspaces:papers")}"'
    assert (step in page(world, "/dashboard/status", who).content.decode()) == is_red


def test_the_dot_is_no_longer_red_when_the_studio_has_acted(world: World) -> None:
    begin(world, "waiting", status="waiting", waiting_on="customer", action="workspaces:papers")
    begin_number(world, "+4922112345678")
    assert "status-dot" not in page(world, "/dashboard/more").content.decode()


@pytest.mark.parametrize(("status", "step", "says"), STATES)
@pytest.mark.parametrize("path", ["/setup", "/setup/progress"])
def test_every_state_is_shown(world: World, path: str, status: str, step: dict[str, Any], says: str) -> None:
    begin(world, status, **step)
    answer = page(world, path, who="viewer")
    assert answer.status_code == 200
    assert says in answer.content.decode()


def test_the_polled_part_is_not_sent_twice(world: World) -> None:
    begin(world, "waiting")
    browser = world.browser("owner")
    etag = browser.get("/setup/progress")["ETag"]
    assert browser.get("/setup/progress", headers={"If-None-Match": etag}).status_code == 304


def test_the_end_of_set_up_loads_the_page_anew(world: World) -> None:
    begin(world, "succeeded")
    assert page(world, "/setup/progress")["HX-Refresh"] == "true"


def test_one_studio_does_not_see_anothers_set_up(world: World) -> None:
    begin(world, "waiting", status="waiting", waiting_on="customer", reason="Hand in a paper.")
    assert "Hand in a paper." not in page(world, "/setup", who="outsider").content.decode()


@pytest.mark.parametrize(("who", "status"), [("owner", 302), ("admin", 302), ("coach", 403), ("viewer", 403)])
def test_only_owner_and_admin_set_up_again(world: World, who: str, status: int) -> None:
    begin(world)
    assert world.browser(who).post("/setup/rerun").status_code == status


def test_a_failed_step_is_ordered_again_by_its_button(world: World) -> None:
    begin(world, "failed", status="failed", round=1)
    world.browser("owner").post("/setup/rerun", {"step": "twilio_number"})
    with tenant(world.workspace_id), atomic():
        assert ProvisioningStep.objects.get(name="twilio_number").round == 2


def test_what_only_the_studio_can_do_is_offered_once(world: World) -> None:
    begin(world, *STATES[2][:1], **STATES[2][1])
    assert page(world, "/setup/progress").content.decode().count('href="/onboarding/papers"') == 1


def test_a_finished_set_up_shows_first_where_to_go(world: World) -> None:
    begin(world, "succeeded")
    shown = page(world, "/setup").content.decode()
    assert shown.index('href="/dashboard" ') < shown.index('id="step-') < shown.index("</details>")


def test_the_phone_beside_it_fills_with_what_the_studio_tells(world: World) -> None:
    begin(world)
    assert page(world, "/setup").context["phone"].saturday == ""
    with tenant(world.workspace_id), atomic():
        StudioProfile.objects.create(
            version=1, name="x", tone="kurz und direkt", opening_hours={"sat": ["09:00", "18:00"]}
        )
    begin_number(world, "+4922112345678")
    phone = page(world, "/setup/progress").context["phone"]
    assert (phone.number, phone.sample) == ("+4922112345678", "Dienstag um sechs?")
    assert phone.saturday == "Samstags haben wir von 09:00 bis 18:00 Uhr offen."


def test_a_step_that_does_not_exist_is_no_defect(world: World) -> None:
    begin(world)
    assert 300 <= world.browser("owner").post("/setup/rerun", {"step": "moon_landing"}).status_code < 500


@pytest.mark.parametrize("path", ["/setup", "/setup/progress", "/onboarding/whatsapp"])
def test_strangers_are_asked_to_sign_in(world: World, path: str) -> None:
    answer = page(world, path, who="nobody")
    assert answer.status_code == 302
    assert "login" in answer["Location"]


@pytest.mark.parametrize("connected", [False, True])
@pytest.mark.parametrize("app_id", ["", "1000000001"])
def test_the_whatsapp_page_stands_in_every_state(
    world: World, settings: Settings, connected: bool, app_id: str
) -> None:
    settings.WHATSAPP_APP_ID, settings.WHATSAPP_CONFIG_ID = app_id, "2"
    settings.WHATSAPP_APP_SECRETS = ["sandbox-app-secret"]
    if connected:
        names = {"phone_number_id": "1", "display_phone_number": "+49 30 1234"}
        with tenant(world.workspace_id):
            connections.put("whatsapp", identifiers=names)
    answer = page(world, "/onboarding/whatsapp")
    assert answer.status_code == 200
    assert "sandbox-app-secret" not in answer.content.decode()


def test_only_the_whatsapp_page_lets_metas_script_in(world: World) -> None:
    policy = page(world, "/onboarding/whatsapp")["Content-Security-Policy"]
    assert "frame-src" in policy
    assert "frame-src" not in page(world, "/setup")["Content-Security-Policy"]
