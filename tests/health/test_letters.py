"""The owner is told of what is serious, once when it begins and once when it is over."""

from typing import Any
from uuid import UUID

import pytest

from health import letters
from health.events import IncidentChanged
from health.models import Incident
from pilar.backplane.tenancy import PLATFORM, atomic, tenant
from pilar.kernel import clock
from pilar.kernel.ids import uuid7
from pilar.kernel.switchboard import Happened
from tests import mail
from tests.workspaces.world import World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def happen(workspace_id: UUID, change: str = "opened", severity: str = "high") -> Any:
    with tenant(workspace_id), atomic():
        incident = Incident.objects.first() or Incident.objects.create(
            probe="lamp",
            component="external_apis",
            code="lamp_out",
            title="The lamp is out.",
            description="Change the bulb.",
            severity=severity,
            detected_at=clock.now(),
        )
    payload = IncidentChanged(incident_id=incident.pk, component="external_apis", severity=severity, change=change)
    event = Happened(uuid7(), workspace_id, "support.incident_created", payload, clock.now(), uuid7(), 1)
    with tenant(workspace_id):
        return letters.tell(event)


def told(world: World) -> list[str]:
    with tenant(world.workspace_id):
        return [letter.to for letter in mail.letters()]


def test_a_serious_incident_is_told_once_and_its_end_too(world: World) -> None:
    for change in ("opened", "opened", "resolved", "resolved"):
        happen(world.workspace_id, change)
    assert told(world) == [world.people["owner"].email] * 2


def test_a_small_one_is_not_worth_a_letter(world: World) -> None:
    assert happen(world.workspace_id, severity="medium") == {"sent": False}


def test_the_platforms_own_has_no_owner_to_write_to(world: World) -> None:
    assert happen(PLATFORM) == {"sent": False}
