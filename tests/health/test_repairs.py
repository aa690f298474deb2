"""Repairs: proven by the probe, three an hour, then a person."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from health import repairs
from health.models import Incident
from pilar.backplane.engine import work_off
from pilar.backplane.models import AuditLog, AutopilotJob
from pilar.backplane.tenancy import all_tenants, atomic, tenant
from pilar.kernel.errors import ErrorClass, ProviderError
from pilar.kernel.problems import Conflict, NotFound, TooMany
from tests.factories import WorkspaceFactory
from tests.health.conftest import ILL, WEAK, WELL, Lamp, incidents, look
from tests.workspaces.world import World
from workspaces import directory

pytestmark = pytest.mark.django_db


def heal(lamp: Lamp, studio: UUID) -> str:
    return repairs.heal([look(lamp, studio, ILL)])[0].status


def by_hand(studio: UUID) -> tuple[Incident, str]:
    return repairs.by_hand(workspace_id=studio, incident_id=incidents(studio)[0].pk, actor="user:1")


def test_what_has_a_repair_is_repaired_and_the_proof_ends_the_incident(studio: UUID, lamp: Lamp) -> None:
    assert heal(lamp, studio) == "healthy"
    (incident,) = incidents(studio)
    (action,) = incident.remediation_actions
    assert (incident.status, lamp.repairs) == ("resolved", 1)
    assert (action["type"], action["status"], action["result"]) == (
        "recreate_webhook",
        "completed",
        "The bulb was changed.",
    )


def test_a_repair_that_changes_nothing_has_failed_whatever_it_says(studio: UUID, lamp: Lamp) -> None:
    lamp.repair_helps = False
    assert heal(lamp, studio) == "failed"
    (incident,) = incidents(studio)
    assert (incident.status, incident.remediation_actions[0]["status"]) == ("open", "failed")
    assert incident.remediation_actions[0]["error"] == ILL.summary


def test_after_three_attempts_within_an_hour_a_person_has_to_look(studio: UUID, lamp: Lamp) -> None:
    lamp.repair_helps = False
    for _ in range(5):
        heal(lamp, studio)
    (incident,) = incidents(studio)
    assert (lamp.repairs, incident.status, incident.escalated) == (3, "open", True)


def test_an_hour_later_it_is_tried_again(studio: UUID, lamp: Lamp) -> None:
    lamp.repair_helps = False
    for _ in range(3):
        heal(lamp, studio)
    with tenant(studio), atomic():
        incident = Incident.objects.get()
        for action in incident.remediation_actions:
            action["startedAt"] = (datetime.now(UTC) - timedelta(minutes=61)).isoformat()
        incident.save()
    heal(lamp, studio)
    assert lamp.repairs == 4


def test_a_repair_that_the_provider_refuses_is_written_down_without_secrets(
    studio: UUID, lamp: Lamp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_args: object) -> str:
        raise ProviderError("no: sk_live_abcdef123456", provider="x", error_class=ErrorClass.CONFIGURATION_ERROR)

    from pilar.kernel import switchboard

    monkeypatch.setitem(switchboard.remediations, "lamp_out", switchboard.Remediation("lamp_out", "x", refused))
    heal(lamp, studio)
    assert incidents(studio)[0].remediation_actions[0]["error"] == "no: [masked]"


def test_a_repair_under_way_is_not_begun_twice(studio: UUID, lamp: Lamp) -> None:
    look(lamp, studio, ILL)
    with tenant(studio), atomic():
        repairs._begin(Incident.objects.get(), actor="autopilot")
    with pytest.raises(Conflict):
        by_hand(studio)
    assert heal(lamp, studio) == "failed"
    assert lamp.repairs == 0


def test_a_weakness_without_an_incident_is_left_alone(studio: UUID, lamp: Lamp) -> None:
    assert repairs.heal([look(lamp, studio, WEAK)])[0].status == "degraded"
    assert lamp.repairs == 0


def test_a_person_may_order_a_repair_and_it_is_audited(studio: UUID, lamp: Lamp) -> None:
    look(lamp, studio, ILL)
    incident, text = by_hand(studio)
    assert (incident.status, text) == ("resolved", "The bulb was changed.")
    with tenant(studio), atomic():
        entry = AuditLog.objects.get(action="health.recreate_webhook")
    assert (entry.actor, entry.object_id) == ("user:1", str(incident.pk))


def test_the_limit_holds_for_persons_too(studio: UUID, lamp: Lamp) -> None:
    lamp.repair_helps = False
    for _ in range(3):
        heal(lamp, studio)
    with pytest.raises(TooMany) as refused:
        by_hand(studio)
    assert 3500 < (refused.value.retry_after or 0) <= 3601


def test_what_has_no_repair_says_so(studio: UUID, lamp: Lamp) -> None:
    for _ in range(2):
        look(lamp, studio, WEAK)
    with pytest.raises(Conflict):
        by_hand(studio)


def test_an_incident_that_is_over_is_not_repaired(studio: UUID, lamp: Lamp) -> None:
    look(lamp, studio, ILL)
    look(lamp, studio, WELL)
    with pytest.raises(Conflict):
        by_hand(studio)
    assert lamp.repairs == 0


def test_a_foreign_incident_cannot_be_repaired(studio: UUID, lamp: Lamp) -> None:
    look(lamp, studio, ILL)
    with pytest.raises(NotFound):
        repairs.by_hand(workspace_id=WorkspaceFactory().pk, incident_id=incidents(studio)[0].pk, actor="x")
    assert lamp.repairs == 0


def test_operators_see_whom_a_repair_would_reach_and_repair_them_all(client: Any, lamp: Lamp, world: World) -> None:
    for studio in (world.workspace_id, world.foreign_id):
        look(lamp, studio, ILL)
    client.force_login(world.people["operator"])
    asked = client.get("/admin/health/incident/heal/", {"code": ILL.code}).content.decode()
    assert all(name in asked for name in directory.names([world.workspace_id, world.foreign_id]).values())
    client.post("/admin/health/incident/heal/", {"code": ILL.code, "confirmed": "yes", "reason": "ticket 4711"})
    work_off()
    assert [incidents(studio)[0].status for studio in (world.workspace_id, world.foreign_id)] == ["resolved"] * 2


def test_an_order_for_all_is_taken_again_at_the_same_minute_of_another_day(studio: UUID, lamp: Lamp) -> None:
    look(lamp, studio, ILL)
    today = datetime(2026, 11, 2, 10, 15, tzinfo=UTC)
    for moment in (today, today, today + timedelta(days=1)):
        with all_tenants("an operator repairs"):
            repairs.order_all(ILL.code, actor="user:1", now=moment)
    with tenant(studio), atomic():
        assert AutopilotJob.objects.filter(type="health.repair").count() == 2
