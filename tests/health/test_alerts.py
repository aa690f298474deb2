"""The platform's own trouble reaches the mailbox of whoever runs it, once."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from health import checks
from health.models import Incident
from pilar.backplane import jobs
from pilar.backplane.engine import work_off
from pilar.backplane.models import AutopilotJob
from pilar.backplane.tenancy import PLATFORM, atomic, tenant
from pilar.kernel import switchboard
from pilar.kernel.switchboard import Empty, JobType
from tests.health.conftest import ILL, WEAK, Lamp
from tests.mail import letters
from tests.workspaces.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _operators() -> None:
    UserFactory(email="ada@pilar.test", is_staff=True, language="de")
    UserFactory(email="gone@pilar.test", is_staff=True, is_active=False)
    UserFactory(email="owner@studio.test")


def written(workspace_id: UUID = PLATFORM) -> list[tuple[str, str]]:
    work_off(["events", "health"])
    with tenant(workspace_id):
        return [(letter.to, letter.subject) for letter in letters()]


def look(lamp: Lamp, workspace_id: UUID = PLATFORM, times: int = 1) -> None:
    for _ in range(times):
        checks.run([lamp.probe], workspace_id, now=datetime.now(UTC))


def test_each_active_operator_gets_one_letter_for_one_incident(lamp: Lamp) -> None:
    lamp.finding = ILL
    look(lamp, times=3)
    assert written() == [("ada@pilar.test", "PILAR braucht dich: The lamp is out.")]


def test_a_studios_incident_is_no_letter_to_operators(lamp: Lamp, studio: UUID) -> None:
    lamp.finding = ILL
    look(lamp, studio)
    assert written(studio) == written() == []


def test_what_has_passed_when_the_letter_would_be_written_is_no_news(lamp: Lamp) -> None:
    lamp.finding = ILL
    look(lamp)
    with tenant(PLATFORM), atomic():
        Incident.objects.update(status=Incident.State.RESOLVED)
    assert written() == []


@pytest.mark.parametrize(("severity", "letters_written"), [("low", 0), ("medium", 1)])
def test_only_what_is_worth_it_is_a_letter(lamp: Lamp, severity: str, letters_written: int) -> None:
    from dataclasses import replace

    lamp.finding = replace(WEAK, severity=severity)
    look(lamp, times=2)
    assert len(written()) == letters_written


@pytest.mark.parametrize(("dead", "status"), [(19, "healthy"), (20, "degraded")])
def test_work_that_gives_up_in_numbers_is_a_finding(
    studio: UUID, monkeypatch: pytest.MonkeyPatch, dead: int, status: str
) -> None:
    monkeypatch.setitem(switchboard.jobs, "t.work", JobType("t.work", lambda _work: None, Empty, "bulk"))
    with tenant(studio), atomic():
        for number in range(dead):
            jobs.enqueue("t.work", Empty(), key=str(number))
        AutopilotJob.objects.update(status=2, locked_at=datetime.now(UTC))
    (row,) = checks.run([switchboard.probes["dead_letter_growth"]], PLATFORM, now=datetime.now(UTC))
    assert row.status == status
    assert ("t.work" in row.summary) is (status == "degraded")
