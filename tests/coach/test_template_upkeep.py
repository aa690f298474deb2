"""A new wording of a template reaches studios that were set up with an older one, by itself and once."""

from datetime import timedelta
from uuid import UUID

import pytest

from coach import template_upkeep
from coach.models import FollowupTemplate
from pilar.backplane import engine
from pilar.backplane.models import ActivityLog, AutopilotEvent, AutopilotJob
from pilar.backplane.tenancy import all_tenants, atomic, tenant
from pilar.kernel import clock
from pilar.providers.models import MessageTemplate
from tests.coach.conftest import make_studio
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db


def set_back(studio: UUID) -> None:
    """Leave the studio with the French wordings that it was once set up with."""
    with tenant(studio), atomic():
        for model in (FollowupTemplate, MessageTemplate):
            for row in model.objects.filter(language="fr"):
                model.objects.filter(pk=row.pk).update(name=row.name.replace("_v2", "_v1"))


def french(studio: UUID) -> set[str]:
    with tenant(studio), atomic():
        return set(MessageTemplate.objects.filter(language="fr").values_list("name", flat=True))


def test_an_older_studio_gets_the_new_wording_beside_the_old_one(studio: UUID) -> None:
    set_back(studio)
    assert template_upkeep.order_renewals(now=clock.now()) == 1
    engine.work_off(until=clock.now() + timedelta(seconds=5))
    assert {"pilar_nudge_v1", "pilar_nudge_v2", "pilar_welcome_v2", "pilar_checkin_v2"} <= french(studio)


def test_it_is_told_to_the_studio_and_to_who_hands_it_in(studio: UUID) -> None:
    set_back(studio)
    template_upkeep.order_renewals(now=clock.now())
    engine.work_off(until=clock.now() + timedelta(seconds=5))
    with tenant(studio), atomic():
        assert ActivityLog.objects.get(kind="templates.renewed").facts == {"count": 3}
        assert AutopilotEvent.objects.filter(type=template_upkeep.RENEWED).count() == 1


def test_a_studio_of_today_is_left_alone(studio: UUID) -> None:
    assert template_upkeep.order_renewals(now=clock.now()) == 0


def test_the_same_wording_is_ordered_once(studio: UUID) -> None:
    set_back(studio)
    assert [template_upkeep.order_renewals(now=clock.now()) for _round in range(2)] == [1, 0]


def test_a_suspended_studio_waits(studio: UUID) -> None:
    set_back(studio)
    Workspace.objects.filter(pk=studio).update(status=Workspace.Status.SUSPENDED)
    assert template_upkeep.order_renewals(now=clock.now()) == 0


def test_many_studios_are_spread_and_no_more_than_a_round(studio: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(template_upkeep, "A_ROUND", 2)
    for behind in (studio, make_studio(), make_studio()):
        set_back(behind)
    assert template_upkeep.order_renewals(now=clock.now()) == 2
    with all_tenants("a test"), atomic():
        due = AutopilotJob.objects.filter(type=template_upkeep.JOB).order_by("scheduled_at")
        first, second = due.values_list("scheduled_at", flat=True)
    assert second - first == timedelta(minutes=30)
