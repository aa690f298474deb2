"""The coach's routes: shapes, refusals, roles, and that another studio's things do not exist."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from coach import leads
from coach.models import Conversation, Followup, FollowupTemplate, Lead
from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel import clock
from pilar.kernel.principal import Role
from tests.coach.conftest import Model, make_studio
from tests.coach.factories import open_window, willing_lead
from workspaces import api_keys
from workspaces.models import Plan

pytestmark = pytest.mark.django_db
Call = Callable[..., Any]
ANNA = {
    "name": "Anna Berg",
    "phone": "0151 23456789",
    "consent": {"source": "front desk", "wording": "Yes, write to me.", "at": "2026-11-01T10:00:00Z"},
}


def caller(studio: UUID, role: Role = Role.OWNER) -> Call:
    """Return a function that calls the API with a fresh key of the studio."""
    _, text = api_keys.create(workspace_id=studio, name="test", role=role, actor="test")

    def call(method: str, path: str, body: Any = None, **headers: str) -> Any:
        send = getattr(Client(), method.lower())
        extra = {} if body is None else {"data": body, "content_type": "application/json"}
        return send(path, headers={"Authorization": f"Bearer {text}"} | headers, **extra)

    return call


@pytest.fixture
def api(studio: UUID) -> Call:
    return caller(studio)


@pytest.fixture
def lead(studio: UUID) -> Lead:
    with tenant(studio), atomic():
        return willing_lead()


@pytest.fixture
def chat(studio: UUID, lead: Lead) -> Conversation:
    with tenant(studio), atomic():
        Conversation.objects.filter(pk=open_window(lead, at=clock.now()).pk).update(last_message_at=clock.now())
        return leads.conversation_of(lead)


def test_a_lead_is_added_with_its_number_in_one_notation(api: Call) -> None:
    answer = api("POST", "/api/leads", ANNA)
    assert answer.status_code == 201
    assert (answer.json()["phone"], answer.json()["consentState"]) == ("+4915123456789", "given")


def test_adding_somebody_with_proof_plans_the_question_to_confirm(api: Call) -> None:
    lead = api("POST", "/api/leads", ANNA).json()["id"]
    found = api("GET", f"/api/followups?leadId={lead}").json()["items"]
    assert [row["type"] for row in found] == ["welcome"]


def test_a_full_plan_is_refused_with_the_way_to_a_larger_one(api: Call, lead: Lead) -> None:
    Plan.objects.filter(pk="PRO").update(leads=1)
    refusal = api("POST", "/api/leads", ANNA).json()
    assert (refusal["code"], refusal["status"]) == ("plan_limit_reached", 403)
    assert refusal["actionUrl"] == f"{settings.PUBLIC_BASE_URL}/dashboard/settings/billing#plans"


def test_the_same_number_twice_is_a_conflict(api: Call) -> None:
    api("POST", "/api/leads", ANNA)
    answer = api("POST", "/api/leads", ANNA | {"phone": "+49 151 23456789"})
    assert (answer.status_code, answer.json()["code"]) == (409, "lead_exists")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phone", "hello"),
        ("phone", None),
        ("phone", "+49 1"),
        ("name", ""),
        ("name", "x" * 121),
        ("email", "no"),
        ("language", "tlh"),
        ("timezone", "Mars/Base"),
        ("timezone", "localtime"),
        ("tags", "vip"),
        ("tags", ["<b>"]),
        ("consent", {"at": "yesterday"}),
        ("consent", []),
        ("surprise", 1),
    ],
)
def test_bad_input_names_its_field_and_changes_nothing(api: Call, studio: UUID, field: str, value: object) -> None:
    answer = api("POST", "/api/leads", ANNA | {field: value})
    assert answer.status_code == 400
    assert any(name.startswith(field) for name in answer.json()["fields"])
    with tenant(studio), atomic():
        assert not Lead.objects.exists()


def test_a_lead_is_changed_and_erased(api: Call, lead: Lead) -> None:
    assert api("PATCH", f"/api/leads/{lead.pk}", {"tags": ["VIP"]}).json()["tags"] == ["VIP"]
    assert api("DELETE", f"/api/leads/{lead.pk}").status_code == 204
    assert api("GET", f"/api/leads/{lead.pk}").status_code == 404


def test_a_further_consent_is_recorded(api: Call, lead: Lead) -> None:
    answer = api("POST", f"/api/leads/{lead.pk}/consents", {"source": "web", "wording": "ok"})
    assert (answer.status_code, answer.json()["consent"]["source"]) == (201, "web")


def test_a_consent_from_the_future_is_refused(api: Call, lead: Lead) -> None:
    later = (clock.now() + timedelta(days=1)).isoformat()
    assert api("POST", f"/api/leads/{lead.pk}/consents", {"at": later}).status_code == 400


def test_a_followup_is_planned_once_for_a_key(api: Call, lead: Lead) -> None:
    body = {"leadId": str(lead.pk), "scheduledAt": clock.now().isoformat(), "type": "coach.weekly_checkin"}
    first, second = (api("POST", "/api/followups", body, **{"Idempotency-Key": "k1"}) for _ in range(2))
    assert first.status_code == 201
    assert (first.json()["id"], first.json()["type"]) == (second.json()["id"], "weekly_checkin")


@pytest.mark.parametrize("at", ["", "soon", "1999-01-01T00:00:00Z", "2999-01-01T00:00:00Z", 5, None])
def test_a_followup_needs_a_time_that_makes_sense(api: Call, lead: Lead, at: object) -> None:
    answer = api("POST", "/api/followups", {"leadId": str(lead.pk), "scheduledAt": at})
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["scheduledAt"])


def test_a_person_may_write_inside_the_window_and_gets_the_word(api: Call, chat: Conversation, studio: UUID) -> None:
    answer = api("POST", f"/api/conversations/{chat.pk}/messages", {"text": "Hi Anna"})
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert api("GET", "/api/conversations").json()["items"][0]["owner"] == "human"


def test_outside_the_window_only_a_template_is_taken(api: Call, chat: Conversation, studio: UUID) -> None:
    with tenant(studio), atomic():
        Conversation.objects.update(last_inbound_at=clock.now() - timedelta(days=2))
        template = FollowupTemplate.objects.get(name="pilar_nudge_v1", language="de")
    path = f"/api/conversations/{chat.pk}/messages"
    assert api("POST", path, {"text": "Hi"}).json()["code"] == "window_closed"
    assert api("POST", path, {"template": str(template.pk)}).status_code == 202


def test_the_configuration_has_the_shape_of_the_specification(api: Call) -> None:
    assert api("GET", "/api/whatsapp-coach/config").json() == {
        "targetAudience": "Fitnessstudio-Mitglieder",
        "goal": "Regelmäßiges Training und Motivation",
        "frequency": "weekly",
        "timeWindow": {"start": "09:00", "end": "18:00"},
        "tone": "motivierend und freundlich",
        "language": "DE",
        "enabled": True,
        "autoReply": True,
    }


def test_a_part_of_the_configuration_may_be_saved(api: Call, studio: UUID) -> None:
    body = {"workspaceId": str(studio), "timeWindow": {"start": "00:00", "end": "24:00"}, "frequency": "3x/week"}
    saved = api("POST", "/api/whatsapp-coach/config", body).json()
    assert (saved["timeWindow"]["end"], saved["frequency"], saved["language"]) == ("24:00", "3x_week", "DE")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"frequency": "hourly"}, "frequency"),
        ({"timeWindow": {"start": "18:00", "end": "09:00"}}, "timeWindow"),
        ({"timeWindow": {"start": "9", "end": "10"}}, "timeWindow.start"),
        ({"timeWindow": "09:00-18:00"}, "timeWindow"),
        ({"language": "XX"}, "language"),
        ({"enabled": "perhaps"}, "enabled"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(api: Call, body: dict[str, object], field: str) -> None:
    answer = api("POST", "/api/whatsapp-coach/config", body)
    assert answer.status_code == 400
    assert field in answer.json()["fields"]


def test_changing_the_schedule_moves_what_is_planned(api: Call, lead: Lead, studio: UUID) -> None:
    from pilar.backplane import engine

    body = {"frequency": "daily", "timeWindow": {"start": "20:00", "end": "21:00"}}
    assert api("PUT", f"/api/whatsapp-coach/schedule/{studio}", body).status_code == 200
    engine.work_off()
    coming = api("GET", f"/api/whatsapp-coach/schedule/{studio}").json()["upcoming"]
    assert [row["leadId"] for row in coming] == [str(lead.pk)]


def test_a_coach_message_needs_a_key_and_is_planned_once(api: Call, lead: Lead) -> None:
    body = {"leadId": str(lead.pk)}
    assert api("POST", "/api/whatsapp-coach/message", body).json()["code"] == "idempotency_key_missing"
    ids = {api("POST", "/api/whatsapp-coach/message", body | {"idempotencyKey": "1"}).json()["id"] for _ in range(2)}
    assert len(ids) == 1


def test_a_rehearsal_shows_the_words_and_sends_nothing(api: Call, lead: Lead, studio: UUID, model: Model) -> None:
    answer = api("POST", f"/api/whatsapp-coach/test/{studio}", {"leadId": str(lead.pk)}).json()
    assert answer["form"] == "template"
    with tenant(studio), atomic():
        assert not Followup.objects.exists()


def test_the_figures_count_what_was_said(api: Call, chat: Conversation, studio: UUID) -> None:
    api("POST", f"/api/conversations/{chat.pk}/messages", {"text": "Hi"})
    found = api("GET", f"/api/whatsapp-coach/analytics/{studio}?days=7").json()
    assert (found["messages"]["outgoing"], found["leads"]["consented"]) == (1, 1)


@pytest.mark.parametrize("days", ["0", "x", "-1", "9999", "1e3"])
def test_figures_need_a_span_that_makes_sense(api: Call, studio: UUID, days: str) -> None:
    assert api("GET", f"/api/whatsapp-coach/analytics/{studio}?days={days}").status_code == 400


def test_the_scheduler_is_the_platform_s_own(api: Call, settings: Any) -> None:
    assert api("POST", "/api/autopilot/scheduler", {}).status_code == 403
    headers = {"Authorization": f"Bearer {settings.CRON_SECRET}"}
    answer = Client().post("/api/autopilot/scheduler", {}, content_type="application/json", headers=headers)
    assert answer.json() == {"due": 0}


def test_the_agent_s_configuration_is_versioned(api: Call, studio: UUID) -> None:
    path = f"/api/ai-agent/config/{studio}"
    before = api("GET", path).json()
    after = api("PUT", path, {"policies": {"tone": "friendly"}}).json()
    assert after["version"] == before["version"] + 1
    assert (after["policies"]["tone"], after["policies"]["responseLength"]) == ("friendly", "short")


def test_the_model_is_switched_five_times_a_day_at_most(api: Call, studio: UUID) -> None:
    path = f"/api/ai-agent/config/{studio}"
    codes = [api("PUT", path, {"model": f"m{number}"}).status_code for number in range(6)]
    assert codes == [200] * 5 + [429]


def test_a_rule_that_could_run_for_ever_is_refused(api: Call, studio: UUID) -> None:
    rule = {
        "key": "r", "rule_type": "x", "priority": 5, "actions": [{"type": "escalate"}],
        "conditions": [{"type": "keyword_match", "operator": "regex", "value": "(a+)+$"}],
    }  # fmt: skip
    answer = api("PUT", f"/api/ai-agent/config/{studio}", {"fallbackRules": [rule]})
    assert answer.status_code == 400


def routes(lead: UUID, chat: UUID, studio: UUID) -> list[tuple[str, str, Any]]:
    due = {"leadId": str(lead), "scheduledAt": clock.now().isoformat()}
    return [
        ("GET", f"/api/leads/{lead}", None),
        ("PATCH", f"/api/leads/{lead}", {"name": "x"}),
        ("DELETE", f"/api/leads/{lead}", None),
        ("POST", f"/api/leads/{lead}/consents", {}),
        ("GET", f"/api/conversations/{chat}/messages", None),
        ("POST", f"/api/conversations/{chat}/messages", {"text": "x"}),
        ("POST", "/api/followups", due),
        ("POST", "/api/whatsapp-coach/message", {"leadId": str(lead), "idempotencyKey": "1"}),
        ("GET", f"/api/whatsapp-coach/schedule/{studio}", None),
        ("PUT", f"/api/whatsapp-coach/schedule/{studio}", {}),
        ("GET", f"/api/whatsapp-coach/analytics/{studio}", None),
        ("POST", f"/api/whatsapp-coach/test/{studio}", {}),
        ("GET", f"/api/whatsapp-coach/config?workspaceId={studio}", None),
        ("POST", "/api/whatsapp-coach/config", {"workspaceId": str(studio)}),
        ("GET", f"/api/ai-agent/config/{studio}", None),
        ("PUT", f"/api/ai-agent/config/{studio}", {}),
    ]


def test_another_studio_s_things_and_absent_ones_give_the_same_404(studio: UUID, chat: Conversation) -> None:
    outsider, nothing = caller(make_studio()), uuid4()
    foreign = routes(chat.lead_id, chat.pk, studio)
    absent = routes(nothing, nothing, nothing)
    for (method, path, body), (_, other_path, other_body) in zip(foreign, absent, strict=True):
        seen, unseen = outsider(method, path, body), outsider(method, other_path, other_body)
        assert (seen.status_code, seen.json()["detail"]) == (404, unseen.json()["detail"]), path


def test_the_lists_of_another_studio_are_empty(chat: Conversation) -> None:
    outsider = caller(make_studio())
    lists = ("/api/leads", "/api/conversations", "/api/followups", f"/api/followups?leadId={chat.lead_id}")
    assert all(outsider("GET", path).json()["items"] == [] for path in lists)


def test_a_viewer_may_look_and_not_touch(studio: UUID, chat: Conversation) -> None:
    viewer = caller(studio, Role.VIEWER)
    assert viewer("GET", "/api/leads").status_code == 200
    assert viewer("POST", "/api/leads", ANNA).status_code == 403
    assert viewer("POST", f"/api/conversations/{chat.pk}/messages", {"text": "x"}).status_code == 403


@pytest.mark.thorough
@pytest.mark.usefixtures("noon")
@pytest.mark.parametrize("path", ["/api/leads", "/api/conversations", "/api/followups"])
def test_lists_take_as_many_queries_for_thirty_rows_as_for_one(studio: UUID, api: Call, path: str) -> None:
    def queries(rows: int) -> int:
        with tenant(studio), atomic():
            for _ in range(rows):
                conversation = open_window(willing_lead(), at=clock.now())
                Conversation.objects.filter(pk=conversation.pk).update(last_message_at=clock.now())
        with CaptureQueriesContext(connection) as seen:
            assert api("GET", path).status_code == 200
        return len(seen)

    queries(1)
    assert queries(1) == queries(30)
