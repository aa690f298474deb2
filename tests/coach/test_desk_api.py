"""The routes beside writing: who has the word, notes, saved replies, planned messages, pause and trial."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from coach import config, followups
from coach.models import ChatNote, Conversation, Followup, Lead, SavedReply
from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel import clock
from pilar.kernel.principal import Role
from tests.coach.conftest import make_studio
from tests.coach.factories import willing_lead
from tests.coach.test_api import Call, caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(studio: UUID) -> Call:
    return caller(studio)


@pytest.fixture
def planned(studio: UUID) -> Followup:
    with tenant(studio), atomic():
        found = followups.plan_next(willing_lead(), now=clock.now())
    assert found
    return found


def test_a_conversation_is_taken_over_and_handed_back(api: Call, chat: Conversation) -> None:
    path = f"/api/conversations/{chat.pk}"
    assert [api("PATCH", path, {"owner": who}).json()["owner"] for who in ("human", "ai")] == ["human", "ai"]
    assert api("PATCH", path, {"owner": "waiting"}).status_code == 400
    assert api("GET", path).json()["owner"] == "ai"


def test_notes_are_added_listed_and_removed(studio: UUID, api: Call, chat: Conversation) -> None:
    path = f"/api/conversations/{chat.pk}/notes"
    made = api("POST", path, {"text": "Knie schonen"})
    assert made.status_code == 201
    assert [row["text"] for row in api("GET", path).json()["items"]] == ["Knie schonen"]
    assert api("DELETE", f"{path}/{made.json()['id']}").status_code == 204
    with tenant(studio), atomic():
        assert not ChatNote.objects.exists()


def test_saved_replies_are_added_changed_and_removed(studio: UUID, api: Call) -> None:
    made = api("POST", "/api/saved-replies", {"title": "Zeiten", "body": "Bis 22 Uhr"}).json()
    path = f"/api/saved-replies/{made['id']}"
    assert api("PATCH", path, {"body": "Bis 23 Uhr"}).json()["body"] == "Bis 23 Uhr"
    again = api("POST", "/api/saved-replies", {"title": "Zeiten", "body": "x"})
    assert (again.status_code, again.json()["code"]) == (409, "title_taken")
    assert api("DELETE", path).status_code == 204
    with tenant(studio), atomic():
        assert not SavedReply.objects.exists()


def test_wishes_are_kept_and_the_next_message_is_planned_by_them(studio: UUID, api: Call, planned: Followup) -> None:
    path = f"/api/leads/{planned.lead_id}/preferences"
    assert api("GET", path).json() == {
        "frequency": "", "weekdays": [], "timeOfDay": "", "motivationStyle": "encouraging",
    }  # fmt: skip
    api("PATCH", path, {"timeOfDay": "10:00"})
    wished = clock.now() + timedelta(days=4)
    kept = api("PATCH", path, {"frequency": "daily", "weekdays": [f"{wished:%A}".lower()]}).json()
    assert (kept["weekdays"], kept["timeOfDay"]) == ([f"{wished:%A}".lower()], "10:00")
    with tenant(studio), atomic():
        coming = Followup.objects.get(lead=planned.lead_id, status="pending", origin="schedule")
        assert coming.scheduled_at.weekday() == wished.weekday()


@pytest.mark.parametrize("wrong", [{"weekdays": ["someday"]}, {"timeOfDay": "25:00"}, {"frequency": "hourly"}])
def test_wishes_that_make_no_sense_are_refused(api: Call, planned: Followup, wrong: dict[str, object]) -> None:
    answer = api("PATCH", f"/api/leads/{planned.lead_id}/preferences", wrong)
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")


def test_a_planned_message_is_left_out_once(api: Call, planned: Followup) -> None:
    path = f"/api/followups/{planned.pk}/skip"
    assert api("POST", path, {}).json()["status"] == "skipped"
    assert (api("POST", path, {}).status_code, api("POST", path, {}).json()["code"]) == (409, "not_waiting")


def test_a_message_that_may_not_go_out_now_names_the_gate(studio: UUID, api: Call, planned: Followup) -> None:
    with tenant(studio), atomic():
        Lead.objects.update(status=Lead.Status.UNREACHABLE)
    answer = api("POST", f"/api/followups/{planned.pk}/send", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "held_back")


def test_the_coach_is_paused_until_an_instant_and_goes_on(studio: UUID, api: Call) -> None:
    path = f"/api/whatsapp-coach/pause/{studio}"
    until = clock.now().replace(microsecond=0, year=clock.now().year + 1, day=1)
    assert api("POST", path, {"paused": True, "until": until.isoformat()}).json()["pausedUntil"]
    assert api("POST", path, {"paused": True, "until": "2020-01-01T00:00:00Z"}).status_code == 400
    assert "pausedUntil" not in api("POST", path, {"paused": False}).json()


def test_a_trial_answers_in_numbers_and_saves_nothing(studio: UUID, api: Call, planned: Followup) -> None:
    found = api("POST", f"/api/whatsapp-coach/simulate/{studio}", {"frequency": "daily", "tone": "ruhig"}).json()
    assert (found["messages"], found["members"], found["isEstimate"]) == (followups.SILENT_AFTER, 1, False)
    with tenant(studio), atomic():
        assert config.current().frequency == "weekly"


def test_a_viewer_changes_nothing(studio: UUID, chat: Conversation, planned: Followup) -> None:
    viewer = caller(studio, Role.VIEWER)
    tries: list[tuple[str, str, Any]] = [
        ("PATCH", f"/api/conversations/{chat.pk}", {"owner": "human"}),
        ("POST", f"/api/conversations/{chat.pk}/notes", {"text": "x"}),
        ("POST", "/api/saved-replies", {"title": "x", "body": "x"}),
        ("POST", f"/api/followups/{planned.pk}/skip", {}),
        ("POST", f"/api/whatsapp-coach/pause/{studio}", {"paused": True}),
    ]
    assert {viewer(*one).status_code for one in tries} == {403}


def test_absent_and_foreign_are_not_there(chat: Conversation, planned: Followup) -> None:
    outsider = caller(make_studio())
    for conversation, followup in ((chat.pk, planned.pk), (uuid4(), uuid4())):
        assert outsider("GET", f"/api/conversations/{conversation}").status_code == 404
        assert outsider("POST", f"/api/conversations/{conversation}/notes", {"text": "x"}).status_code == 404
        assert outsider("POST", f"/api/followups/{followup}/send", {}).status_code == 404
