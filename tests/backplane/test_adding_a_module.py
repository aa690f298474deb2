"""docs/adding-a-module.md is run as it stands there."""

import re
import sys
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from uuid import UUID

import pytest

from pilar.backplane.engine import work_off
from pilar.backplane.models import ActivityLog, JobHistory
from pilar.backplane.tenancy import tenant
from pilar.kernel import clock, switchboard
from pilar.kernel.ids import uuid7

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-module.md"
REGISTRIES = ("events", "jobs", "subscriptions", "schedules")


@pytest.fixture
def birthdays(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    """Each block of the page as the module its first line names, registered for one test."""
    for name in REGISTRIES:
        monkeypatch.setattr(switchboard, name, dict(getattr(switchboard, name)))
    made = {"birthdays": ModuleType("birthdays")}
    monkeypatch.setitem(sys.modules, "birthdays", made["birthdays"])
    for path, block in re.findall(r"```python\n# (\S+)\.py\n(.*?)```", PAGE.read_text(), re.DOTALL):
        name = path.replace("/", ".")
        made[name] = ModuleType(name)
        monkeypatch.setitem(sys.modules, name, made[name])
        exec(compile(block, str(PAGE), "exec"), made[name].__dict__)
    return made


@pytest.mark.django_db
def test_the_example_does_what_the_page_says(birthdays: dict[str, ModuleType], workspace: UUID) -> None:
    birthdays["birthdays.tests"].test_a_birthday_is_congratulated_once(workspace, uuid7())
    with tenant(workspace):
        assert JobHistory.objects.get(type="birthdays.greet").result["ref"].startswith("pilar-")
        assert ActivityLog.objects.get().facts == {"name": "Anna"}


@pytest.mark.django_db
@pytest.mark.parametrize("thanks", [True, False])
def test_the_example_waits_for_thanks_or_three_days(
    birthdays: dict[str, ModuleType], workspace: UUID, thanks: bool
) -> None:
    lead = uuid7()
    if thanks:
        birthdays["birthdays.tests"].test_thanks_end_the_wait(workspace, lead)
    else:
        birthdays["birthdays.tests"].test_a_birthday_is_congratulated_once(workspace, lead)
        work_off(until=clock.now() + timedelta(days=4))
    with tenant(workspace):
        assert JobHistory.objects.get(type="birthdays.look_back").result == {"thanked": thanks}


def test_the_example_leaves_no_loose_ends(birthdays: dict[str, ModuleType]) -> None:
    assert switchboard.check_wiring() == []
    assert switchboard.schedules["birthdays.daily"].job == "birthdays.look"
