"""What becomes of findings: rows, incidents, and when they are looked at again."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from health import checks, incidents
from health.models import Component, HealthCheck
from pilar.backplane.models import ActivityLog, AutopilotEvent
from pilar.backplane.tenancy import PLATFORM, atomic, tenant
from pilar.kernel import switchboard
from pilar.kernel.problems import NotFound
from pilar.kernel.switchboard import Finding
from tests.factories import WorkspaceFactory
from tests.health.conftest import ILL, WEAK, WELL, Lamp, look, stored
from tests.health.conftest import incidents as incidents_of

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)


def test_every_registered_probe_names_a_component_of_the_specification() -> None:
    assert {probe.component for probe in switchboard.probes.values()} <= set(Component.values)


def test_every_component_is_looked_at() -> None:
    assert {probe.component for probe in switchboard.probes.values()} == set(Component.values)


def test_checking_a_studio_leaves_a_row_for_each_probe(studio: UUID) -> None:
    checks.run_workspace(studio, now=NOW)
    assert set(stored(studio)) == {name for name, probe in switchboard.probes.items() if probe.per_workspace}


def test_checking_again_changes_the_row_and_adds_none(studio: UUID, lamp: Lamp) -> None:
    look(lamp, studio, WELL, at=NOW)
    look(lamp, studio, ILL, at=NOW + timedelta(seconds=1))
    assert [(row.status, row.code) for row in stored(studio).values()] == [("failed", "lamp_out")]


def test_the_next_check_comes_within_the_period_and_at_most_a_fifth_early(studio: UUID, lamp: Lamp) -> None:
    row = look(lamp, studio, WELL, at=NOW)
    assert timedelta(minutes=4) <= row.next_check - NOW <= timedelta(minutes=5)


def test_what_fails_is_looked_at_again_within_a_minute(studio: UUID, lamp: Lamp) -> None:
    assert look(lamp, studio, ILL, at=NOW).next_check - NOW <= timedelta(minutes=1)


def test_what_fails_for_long_is_looked_at_in_its_usual_period(studio: UUID, lamp: Lamp) -> None:
    rows = [look(lamp, studio, ILL, at=NOW + timedelta(minutes=n)) for n in range(16)]
    assert rows[-1].next_check - rows[-1].last_check > timedelta(minutes=3)


def test_a_look_that_began_earlier_does_not_replace_a_newer_one(studio: UUID, lamp: Lamp) -> None:
    look(lamp, studio, ILL, at=NOW)
    look(lamp, studio, WELL, at=NOW - timedelta(seconds=5))
    assert stored(studio)["lamp"].status == "failed"
    assert [one.status for one in incidents_of(studio)] == ["open"]


def test_a_probe_that_breaks_is_a_finding_with_a_fix(studio: UUID, lamp: Lamp, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_finding: Finding) -> Finding:
        raise KeyError("secret")

    monkeypatch.setattr(Lamp, "finding", property(broken, lambda *_: None), raising=False)
    row = checks.run([lamp.probe], studio, now=NOW)[0]
    assert (row.status, row.code, bool(row.fix)) == ("degraded", "probe_failed", True)
    assert "secret" not in row.summary


def test_a_failure_opens_one_incident_however_often_it_is_seen(studio: UUID, lamp: Lamp) -> None:
    for n in range(3):
        look(lamp, studio, ILL, at=NOW + timedelta(minutes=n))
    assert [(one.status, one.title, one.description) for one in incidents_of(studio)] == [
        ("open", ILL.summary, ILL.fix)
    ]


def test_a_weakness_opens_an_incident_only_when_it_stays(studio: UUID, lamp: Lamp) -> None:
    look(lamp, studio, WEAK, at=NOW)
    assert incidents_of(studio) == []
    look(lamp, studio, WEAK, at=NOW + timedelta(minutes=1))
    assert len(incidents_of(studio)) == 1


def test_newer_evidence_ends_an_incident(studio: UUID, lamp: Lamp) -> None:
    look(lamp, studio, ILL, at=NOW)
    look(lamp, studio, WELL, at=NOW + timedelta(seconds=1))
    (incident,) = incidents_of(studio)
    assert (incident.status, incident.resolved_at) == ("resolved", NOW + timedelta(seconds=1))
    assert stored(studio)["lamp"].failing_since is None


def test_an_incident_that_shows_its_cause_is_told_anew_and_not_twice(studio: UUID, lamp: Lamp) -> None:
    look(lamp, studio, ILL, at=NOW)
    cause = Finding("failed", "The fuse is gone.", "Put in a fuse.", "fuse_gone", "critical")
    look(lamp, studio, cause, at=NOW + timedelta(minutes=1))
    assert [(one.title, one.code, one.severity) for one in incidents_of(studio)] == [
        ("The fuse is gone.", "fuse_gone", "critical")
    ]


def test_an_incident_is_told_to_the_studio_and_to_subscribers_when_it_opens_and_ends(studio: UUID, lamp: Lamp) -> None:
    look(lamp, studio, ILL, at=NOW)
    look(lamp, studio, WELL, at=NOW + timedelta(seconds=1))
    with tenant(studio), atomic():
        told = list(ActivityLog.objects.order_by("id").values_list("kind", flat=True))
        events = AutopilotEvent.objects.filter(type="support.incident_created").order_by("id")
        assert [event.payload["change"] for event in events] == ["opened", "resolved"]
    assert told == ["incident.opened", "incident.resolved"]


def test_findings_hold_no_personal_data(studio: UUID, lamp: Lamp) -> None:
    said = Finding("failed", "anna@example.com with sk_live_abcdef123456", "Ask.", "lamp_out", "high")
    assert "anna" not in look(lamp, studio, said).summary
    assert "sk_live" not in incidents_of(studio)[0].title


def test_findings_speak_the_studios_language(lamp: Lamp, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.utils import translation

    said: list[str] = []
    monkeypatch.setattr(Lamp, "look", lambda *_: said.append(translation.get_language()) or WELL)
    english = WorkspaceFactory(language="en").pk
    checks.run([switchboard.Probe("lamp", "external_apis", lamp.look, per_workspace=True)], english, now=NOW)
    assert said == ["en"]


def test_the_platforms_own_checks_are_no_studios(lamp: Lamp) -> None:
    checks.run([lamp.probe], PLATFORM, now=NOW)
    assert lamp.looks == [None]
    assert [row.workspace_id for row in stored(PLATFORM).values()] == [PLATFORM]


def test_an_unknown_component_is_not_found(studio: UUID) -> None:
    with pytest.raises(NotFound):
        checks.run_workspace(studio, now=NOW, component="plumbing")


def test_a_foreign_incident_is_not_found(studio: UUID, lamp: Lamp) -> None:
    look(lamp, studio, ILL)
    foreign = incidents_of(studio)[0].pk
    with tenant(WorkspaceFactory().pk), atomic(), pytest.raises(NotFound):
        incidents.locked(foreign)


def test_one_studio_is_not_seen_by_another(studio: UUID, lamp: Lamp) -> None:
    look(lamp, studio, ILL)
    with tenant(WorkspaceFactory().pk), atomic():
        assert HealthCheck.objects.count() == 0
