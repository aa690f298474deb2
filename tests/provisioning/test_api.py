"""The routes of provisioning: who gets what, what a wrong request hears, and what the right one sets going."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from pilar.backplane.models import AutopilotJob
from pilar.backplane.tenancy import all_tenants, atomic, tenant
from pilar.providers import connections, routes
from provisioning import pipeline
from provisioning.models import ProvisioningJob, ProvisioningStep
from tests.providers.conftest import Sandbox
from tests.workspaces.world import World, call, make_world

pytestmark = pytest.mark.django_db
type Ask = Callable[..., Any]


@pytest.fixture
def world(db: None) -> World:
    """A studio whose set-up has begun."""
    cache.clear()
    made = make_world()
    with tenant(made.workspace_id):
        pipeline.start(trigger="stripe", now=datetime.now(UTC))
    return made


@pytest.fixture
def ask(world: World) -> Ask:
    browser = Client(raise_request_exception=True)

    def send(method: str, path: str, *, who: str = "owner", body: Any = None) -> Any:
        return call(browser, method, path.format(mine=world.workspace_id), headers=world.headers(who), body=body)

    return send


def steps(world: World, **wanted: Any) -> list[ProvisioningStep]:
    with tenant(world.workspace_id), atomic():
        return list(ProvisioningStep.objects.filter(**wanted))


def put(world: World, name: str, **changes: Any) -> None:
    with tenant(world.workspace_id), atomic():
        ProvisioningStep.objects.filter(name=name).update(**changes)


CALLERS = ("owner", "admin", "coach", "viewer", "outsider", "system", "nobody")
TABLE: list[tuple[str, str, Any, tuple[int, ...]]] = [
    ("GET", "/api/provisioning/workspace/{mine}/status", None, (200, 200, 200, 200, 404, 200, 401)),
    ("GET", "/api/provisioning/status/{mine}", None, (200, 200, 200, 200, 404, 200, 401)),
    ("GET", "/api/provisioning/twilio/{mine}/status", None, (200, 200, 200, 200, 404, 200, 401)),
    ("GET", "/api/autopilot/status?workspaceId={mine}", None, (200, 200, 200, 200, 404, 200, 401)),
    ("POST", "/api/provisioning/workspace/{mine}/retry", {}, (202, 202, 403, 403, 404, 202, 401)),
    ("POST", "/api/provisioning/workspace/{mine}/from-step", {"step": "x"}, (400, 400, 403, 403, 404, 400, 401)),
    ("POST", "/api/provisioning/twilio/{mine}/retry", {}, (202, 202, 403, 403, 404, 202, 401)),
    ("POST", "/api/autopilot/reprovision?workspaceId={mine}", {}, (202, 202, 403, 403, 404, 202, 401)),
    ("POST", "/api/provisioning/twilio?workspaceId={mine}", {}, (202, 202, 403, 403, 404, 202, 401)),
    ("POST", "/api/provisioning/whatsapp?workspaceId={mine}", {}, (202, 202, 403, 403, 404, 202, 401)),
    ("GET", "/api/provisioning/workspace/{mine}/defaults", None, (200, 200, 200, 200, 404, 200, 401)),
    ("PUT", "/api/provisioning/workspace/{mine}/defaults", {"defaults": {}}, (200, 403, 403, 403, 404, 403, 401)),
    ("GET", "/api/provisioning/whatsapp/{mine}/health", None, (200, 200, 200, 200, 404, 200, 401)),
    ("POST", "/api/provisioning/whatsapp/connect", {}, (400, 400, 403, 403, 400, 400, 401)),
    ("POST", "/api/provisioning/workspace", {}, (403, 403, 403, 403, 403, 400, 401)),
    ("POST", "/api/autopilot/run", None, (403, 403, 403, 403, 403, 200, 401)),
]


@pytest.mark.parametrize(("method", "path", "body", "statuses"), TABLE)
def test_who_gets_what(ask: Ask, method: str, path: str, body: Any, statuses: tuple[int, ...]) -> None:
    answers = tuple(ask(method, path, who=who, body=body).status_code for who in CALLERS)
    assert answers == statuses


def test_from_a_step_on_it_is_first_told_and_then_done(world: World, ask: Ask) -> None:
    path = "/api/provisioning/workspace/{mine}/from-step"
    put(world, "activation", status="completed")
    told = ask("POST", path, body={"step": "smoke_tests", "dryRun": True})
    assert (told.status_code, [one["name"] for one in told.json()["again"]]) == (200, ["smoke_tests", "activation"])
    assert steps(world, name="activation")[0].status == "completed"
    assert ask("POST", path, body={"step": "smoke_tests"}).status_code == 202
    assert steps(world, name="activation")[0].status == "pending"


def test_the_status_tells_each_step_and_how_far_it_is(world: World, ask: Ask) -> None:
    put(world, "customer_validation", status="completed", completed_at=datetime.now(UTC))
    body = ask("GET", "/api/provisioning/status/{mine}").json()
    assert (body["status"], body["trigger"], body["progress"]) == ("running", "stripe", 3)
    first = body["steps"][0]
    assert (first["name"], first["status"]) == ("customer_validation", "completed")
    assert {step["status"] for step in body["steps"]} <= {"completed", "in_progress", "pending", "failed"}


def test_a_studio_without_a_run_has_no_status(ask: Ask, world: World) -> None:
    assert ask("GET", f"/api/provisioning/status/{world.foreign_id}", who="outsider").status_code == 404


def test_retry_orders_failed_steps_and_no_others(world: World, ask: Ask) -> None:
    put(world, "twilio_number", status="failed", round=3)
    put(world, "activation", status="completed", round=1)
    ask("POST", "/api/provisioning/workspace/{mine}/retry", body={})
    assert [(step.status, step.round) for step in steps(world, name="twilio_number")] == [("in_progress", 4)]
    assert [step.round for step in steps(world, name="activation")] == [1]


def test_a_waiting_step_may_be_ordered_by_name(world: World, ask: Ask) -> None:
    put(world, "whatsapp_connection", status="waiting", round=1)
    ask("POST", "/api/provisioning/workspace/{mine}/retry", body={"step": "whatsapp_connection"})
    assert steps(world, name="whatsapp_connection")[0].round == 2


def test_a_step_that_waits_for_another_is_not_run_before_it(world: World, ask: Ask) -> None:
    ask("POST", "/api/provisioning/workspace/{mine}/retry", body={"step": "activation"})
    assert [(step.status, step.round) for step in steps(world, name="activation")] == [("pending", 0)]


def test_a_step_that_does_not_exist_is_named(ask: Ask) -> None:
    answer = ask("POST", "/api/provisioning/workspace/{mine}/retry", body={"step": "moon_landing"})
    assert (answer.status_code, answer.json()["code"], list(answer.json()["fields"])) == (400, "unknown_step", ["step"])


def test_setting_up_again_goes_on_with_the_open_run(world: World, ask: Ask) -> None:
    body = ask("POST", "/api/autopilot/reprovision?workspaceId={mine}", body={}).json()
    with tenant(world.workspace_id), atomic():
        assert str(ProvisioningJob.objects.get().pk) == body["id"]


def test_setting_up_again_after_the_end_opens_a_new_run(world: World, ask: Ask) -> None:
    with tenant(world.workspace_id), atomic():
        ProvisioningJob.objects.update(status="succeeded")
    body = ask("POST", "/api/autopilot/reprovision?workspaceId={mine}", body={}).json()
    assert (body["trigger"], body["status"]) == ("manual", "running")


def test_defaults_answer_with_what_is_stored(ask: Ask) -> None:
    sent = {"version": 0, "defaults": {"calendar": {"bufferTime": 5}}}
    stored = ask("PUT", "/api/provisioning/workspace/{mine}/defaults", body=sent).json()
    assert (stored["version"], stored["defaults"]["calendar"]["bufferTime"]) == (1, 5)
    assert stored == ask("GET", "/api/provisioning/workspace/{mine}/defaults").json()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"version": 7, "defaults": {}}, 409),
        ({"defaults": {"calendar": {"bufferTime": -1}}}, 400),
        ({"defaults": {"aiAgent": {"systemPrompt": "a\x00b"}}}, 400),
        ({"defaults": []}, 400),
        ({"version": "x", "defaults": {}}, 400),
        ({}, 400),
        (b"{", 400),
    ],
)
def test_wrong_defaults_change_nothing(ask: Ask, body: Any, status: int) -> None:
    answer = ask("PUT", "/api/provisioning/workspace/{mine}/defaults", body=body)
    assert answer.status_code == status, answer.content
    assert ask("GET", "/api/provisioning/workspace/{mine}/defaults").json()["version"] == 0


@pytest.mark.parametrize("session", ["", "x", "cs_../../v1/customers", "cs_" + "a" * 300, 7, None])
def test_a_session_id_of_another_shape_is_refused(ask: Ask, session: Any) -> None:
    answer = ask("POST", "/api/provisioning/workspace", who="system", body={"checkoutSessionId": session})
    assert answer.status_code == 400


def test_an_unpaid_session_provisions_nothing(sandbox: Sandbox, ask: Ask) -> None:
    answer = ask("POST", "/api/provisioning/workspace", who="system", body={"checkoutSessionId": "cs_test_unknown"})
    assert 400 <= answer.status_code < 600
    assert answer.status_code != 500


def test_a_paid_session_is_provisioned_once_however_often_it_is_sent(sandbox: Sandbox, ask: Ask) -> None:
    order = {"email": "erika@eisenwerk.test", "name": "Eisenwerk", "plan": "PRO", "country": "DE"}
    body = {"checkoutSessionId": sandbox.post("/_control/checkout", **order)["sessionId"]}
    answers = [ask("POST", "/api/provisioning/workspace", who="system", body=body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert len({answer.json()["workspaceId"] for answer in answers}) == 1


def test_the_cron_route_orders_a_check_for_every_open_run(ask: Ask) -> None:
    assert ask("POST", "/api/autopilot/run", who="system").json() == {"ordered": 1}
    with all_tenants("find the studios whose set-up is not finished"), atomic():
        assert AutopilotJob.objects.filter(type="provisioning.check").count() == 1


def signed_up(sandbox: Sandbox, number: str = "+493012345678") -> dict[str, str]:
    """What Meta's window hands to the browser."""
    made: dict[str, str] = sandbox.post("/_meta/signup", phone_number=number, business_name="Studio Eins")
    return {
        "code": made["code"],
        "wabaId": made["waba_id"],
        "phoneNumberId": made["phone_number_id"],
        "businessId": made.get("business_id", ""),
    }


def connection(world: World) -> Any:
    with tenant(world.workspace_id):
        return connections.get("whatsapp")


def test_a_confirmed_sign_up_connects_the_studio(sandbox: Sandbox, world: World, ask: Ask) -> None:
    given = signed_up(sandbox)
    answer = ask("POST", "/api/provisioning/whatsapp/connect", body=given)
    assert (answer.status_code, answer.json()["next"]) == (200, "/setup")
    assert connection(world).identifiers["phone_number_id"] == given["phoneNumberId"]
    assert routes.find("whatsapp", "waba_id", given["wabaId"]) == world.workspace_id


def test_a_code_works_once(sandbox: Sandbox, ask: Ask) -> None:
    given = signed_up(sandbox)
    ask("POST", "/api/provisioning/whatsapp/connect", body=given)
    again = ask("POST", "/api/provisioning/whatsapp/connect", body=given)
    assert (again.status_code, again.json()["code"]) == (400, "code_refused")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"code": "made-up"}, "code_refused"),
        ({"wabaId": "1"}, "not_confirmed"),
        ({"phoneNumberId": "1"}, "not_confirmed"),
    ],
)
def test_what_meta_does_not_confirm_is_refused(
    sandbox: Sandbox, world: World, ask: Ask, change: dict[str, str], code: str
) -> None:
    answer = ask("POST", "/api/provisioning/whatsapp/connect", body=signed_up(sandbox) | change)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert connection(world) is None


def test_an_account_that_serves_another_studio_is_refused(sandbox: Sandbox, world: World, ask: Ask) -> None:
    given = signed_up(sandbox)
    routes.bind("whatsapp", "waba_id", given["wabaId"], world.foreign_id)
    answer = ask("POST", "/api/provisioning/whatsapp/connect", body=given)
    assert answer.status_code == 409
    assert connection(world) is None
    assert str(world.foreign_id) not in answer.content.decode()


def test_meta_that_does_not_answer_is_tried_later(sandbox: Sandbox, ask: Ask) -> None:
    given = signed_up(sandbox)
    sandbox.fault("whatsapp", "status", status=500)
    answer = ask("POST", "/api/provisioning/whatsapp/connect", body=given)
    assert (answer.status_code, answer.json()["code"]) == (503, "provider_unavailable")


def test_connecting_after_the_end_of_set_up_sets_the_new_number_up(sandbox: Sandbox, world: World, ask: Ask) -> None:
    from pilar.backplane.engine import work_off

    with tenant(world.workspace_id), atomic():
        ProvisioningJob.objects.update(status="succeeded")
        AutopilotJob.objects.all().delete()
    ask("POST", "/api/provisioning/whatsapp/connect", body=signed_up(sandbox))
    work_off(["provisioning"], limit=1)
    with tenant(world.workspace_id), atomic():
        assert ProvisioningJob.objects.filter(status="running").count() == 1


@pytest.mark.parametrize(
    "body", [{}, {"code": "x"}, {"code": "x", "wabaId": "../1", "phoneNumberId": "1"}, [], b"{", {"code": {}}]
)
def test_a_malformed_sign_up_is_refused_before_meta_is_asked(ask: Ask, body: Any) -> None:
    assert ask("POST", "/api/provisioning/whatsapp/connect", body=body).status_code == 400


def test_whatsapp_health_asks_meta(sandbox: Sandbox, ask: Ask) -> None:
    before = ask("GET", "/api/provisioning/whatsapp/{mine}/health").json()
    ask("POST", "/api/provisioning/whatsapp/connect", body=signed_up(sandbox))
    after = ask("GET", "/api/provisioning/whatsapp/{mine}/health").json()
    assert (before["number"], bool(after["number"])) == ("", True)


VERIFY = "/api/provisioning/whatsapp/webhook/verify"


@pytest.mark.parametrize(("token", "status", "content"), [("right", 200, b"42"), ("wrong", 403, b"")])
def test_metas_challenge_is_answered_for_the_right_word_only(
    world: World, settings: Settings, token: str, status: int, content: bytes
) -> None:
    settings.WHATSAPP_VERIFY_TOKENS = ["right"]
    query = {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "42"}
    answer = Client().get(VERIFY, query)
    assert answer.status_code == status
    assert answer.content == content or status == 403


def test_an_unsigned_report_is_refused(world: World, settings: Settings) -> None:
    settings.WHATSAPP_APP_SECRETS = ["secret"]
    assert Client().post(VERIFY, {}, content_type="application/json").status_code == 403
