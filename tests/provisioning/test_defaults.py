"""The defaults that set-up installs: versions, and what a studio may write."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from pilar.backplane.models import AuditLog
from pilar.backplane.tenancy import atomic
from pilar.kernel.problems import Conflict, Problem
from provisioning import defaults
from provisioning.models import WorkspaceDefaults

pytestmark = pytest.mark.django_db


def change(studio: UUID, data: dict[str, Any] | None = None, *, version: int | None = None) -> int:
    return defaults.change_defaults(
        data=data or {}, version=version, actor="user:1", workspace_id=studio, now=datetime.now(UTC)
    )[0]


def test_before_any_change_ours_are_in_force_in_the_studios_language(in_studio: UUID) -> None:
    version, content = defaults.current_defaults(language="fr")
    assert (version, content.ai_agent.policies.language) == (0, "fr")


def test_a_language_we_do_not_speak_becomes_german(in_studio: UUID) -> None:
    assert defaults.current_defaults(language="pt")[1].ai_agent.policies.language == "de"


def test_each_change_is_a_version_and_audited(in_studio: UUID) -> None:
    assert [change(in_studio), change(in_studio, {"calendar": {"buffer_time": 5}})] == [1, 2]
    version, content = defaults.current_defaults(language="de")
    assert (version, content.calendar.buffer_time) == (2, 5)
    with atomic():
        assert AuditLog.objects.filter(action="provisioning.defaults_changed", actor="user:1").count() == 2


def test_a_change_of_an_older_version_conflicts_and_changes_nothing(in_studio: UUID) -> None:
    change(in_studio, version=0)
    with pytest.raises(Conflict):
        change(in_studio, {"calendar": {"buffer_time": 5}}, version=0)
    assert defaults.current_defaults(language="de")[0] == 1


def test_two_first_changes_at_once_conflict_instead_of_failing(
    in_studio: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(in_studio)
    unseen = WorkspaceDefaults.objects.none()
    monkeypatch.setattr(type(unseen), "select_for_update", lambda rows, **_how: rows.none())
    with pytest.raises(Conflict):
        change(in_studio)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"ai_agent": {"policies": {"tone": "rude"}}}, "ai_agent.policies.tone"),
        ({"ai_agent": {"provider": "x"}}, "ai_agent.provider"),
        ({"training_logic": {"schedules": [{"type": "coach.x", "cron": "soon"}]}}, "training_logic.schedules.0.cron"),
        ({"training_logic": {"schedules": [{"type": "rm", "cron": "0 8 * * *"}]}}, "training_logic.schedules.0.type"),
        ({"followups": {"schedule": {"window_start": "25:00"}}}, "followups.schedule.window_start"),
        ({"followups": {"schedule": {"window_start": "18:00", "window_end": "09:00"}}}, "followups.schedule"),
        ({"calendar": {"default_duration": 0}}, "calendar.default_duration"),
        ({"calendar": {"colour": "red"}}, "calendar.colour"),
    ],
)
def test_what_cannot_be_used_is_named_by_field(in_studio: UUID, data: dict[str, Any], field: str) -> None:
    with pytest.raises(Problem) as refused:
        change(in_studio, data)
    assert list(refused.value.fields) == [field]
    assert defaults.current_defaults(language="de")[0] == 0


@pytest.mark.parametrize("cron", ["0 8 * * *", "*/15 6-22 * * 1-5", "0,30 8 1 * *"])
def test_usual_crons_are_taken(in_studio: UUID, cron: str) -> None:
    assert change(in_studio, {"training_logic": {"schedules": [{"type": "coach.x", "cron": cron}]}}) == 1
