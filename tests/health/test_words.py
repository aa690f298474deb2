"""The words: one for the public that is right when nothing runs, and the studio's own."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from health import checks, widgets, words
from pilar.backplane.tenancy import atomic, tenant
from tests.health.conftest import ILL, WEAK, WELL, Lamp, a_worker, age, look, platform_check

pytestmark = pytest.mark.django_db


def word() -> str:
    return words.public_word(now=datetime.now(UTC))


def ago(**how_long: int) -> datetime:
    return datetime.now(UTC) - timedelta(**how_long)


def test_a_platform_that_looks_at_itself_and_works_is_ok(db: None) -> None:
    a_worker()
    platform_check()
    assert word() == "ok"


def test_without_any_sign_of_life_it_is_down(db: None) -> None:
    assert word() == "down"


def test_with_old_checks_and_no_living_worker_it_is_down(db: None) -> None:
    a_worker(silent_for=timedelta(minutes=5))
    platform_check(last_check=ago(minutes=4))
    assert word() == "down"


def test_with_old_checks_and_a_living_worker_it_is_degraded(db: None) -> None:
    a_worker()
    platform_check(last_check=ago(minutes=4))
    assert word() == "degraded"


def test_when_the_last_worker_has_just_died_it_is_degraded(db: None) -> None:
    a_worker(silent_for=timedelta(seconds=90))
    platform_check()
    assert word() == "degraded"


def test_a_living_beat_is_no_worker(db: None) -> None:
    a_worker(kind="beat")
    assert word() == "down"


@pytest.mark.parametrize(
    ("probe", "status", "severity", "expected"),
    [
        ("database", "failed", "critical", "down"),
        ("workers", "failed", "critical", "down"),
        ("stripe", "failed", "high", "degraded"),
        ("redis", "degraded", "medium", "degraded"),
        ("dead_letters", "degraded", "low", "ok"),
    ],
)
def test_only_what_stops_everything_is_down(db: None, probe: str, status: str, severity: str, expected: str) -> None:
    a_worker()
    platform_check(probe=probe, status=status, severity=severity)
    assert word() == expected


def test_the_public_word_costs_one_statement(db: None) -> None:
    with atomic(), CaptureQueriesContext(connection) as queries:
        word()
    assert len([query for query in queries if "health_healthcheck" in query["sql"]]) == 1


def alive() -> None:
    a_worker()
    platform_check()


def test_a_studio_is_as_well_as_its_worst_check(studio: UUID, lamp: Lamp) -> None:
    alive()
    checks.run_workspace(studio, now=datetime.now(UTC))
    look(lamp, studio, WEAK)
    found = words.of(studio)
    assert (found.status, [issue.summary for issue in found.issues]) == ("degraded", [WEAK.summary])
    assert 60 < (found.score or 0) < 100


def test_an_issue_says_since_when_what_to_do_and_what_repairs_it(studio: UUID, lamp: Lamp) -> None:
    alive()
    seen = look(lamp, studio, ILL).last_check
    (issue,) = words.of(studio).issues
    assert (issue.fix, issue.detected_at) == (ILL.fix, seen)
    assert (issue.auto_remediable, issue.remediation_action) == (True, "recreate_webhook")


def test_a_studio_hears_that_the_platform_stands_still(studio: UUID, lamp: Lamp) -> None:
    look(lamp, studio, WELL)
    found = words.of(studio)
    assert (found.status, found.issues[0].type) == ("failed", "platform_down")


def test_checks_that_nobody_repeats_are_not_believed(studio: UUID, lamp: Lamp) -> None:
    alive()
    look(lamp, studio, WELL)
    age(studio, timedelta(minutes=16))
    found = words.of(studio)
    assert (found.status, found.issues[0].type) == ("degraded", "checks_late")


def test_before_the_first_check_there_is_no_score(studio: UUID) -> None:
    alive()
    assert words.of(studio).score is None


def test_the_widget_tells_reason_and_fix(studio: UUID, lamp: Lamp) -> None:
    alive()
    look(lamp, studio, ILL)
    with tenant(studio), atomic():
        shown = widgets.health(studio, datetime.now(UTC))["health"]
        assert widgets.incidents(studio, datetime.now(UTC))["incidents"][0]["state"] == "open"
    assert (shown["state"], shown["reasons"]) == ("degraded", [{"text": ILL.summary, "fix": ILL.fix}])


def test_a_studio_s_own_pages_are_red_only_where_the_studio_has_to_act(studio: UUID, lamp: Lamp) -> None:
    alive()
    look(lamp, studio, ILL)
    assert (words.of(studio).status, words.of(studio).told) == ("failed", "degraded")
    look(lamp, studio, replace(ILL, for_studio=True))
    assert words.of(studio).told == "failed"
    look(lamp, studio, WELL)
    assert words.of(studio).told == "healthy"


def test_operators_see_studios_by_their_worst_finding(studio: UUID, lamp: Lamp) -> None:
    look(lamp, studio, ILL)
    platform_check(status="failed")
    assert words.studios() == {"healthy": 0, "degraded": 0, "failed": 1}
    assert words.studios(component="rate_limits") == {"healthy": 0, "degraded": 0, "failed": 0}
    assert [check.workspace_id for check in words.worst_studios()] == [studio]
