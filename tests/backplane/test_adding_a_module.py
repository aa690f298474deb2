"""docs/adding-a-module.md is run as it stands there."""

import re
import sys
from pathlib import Path
from types import ModuleType
from uuid import UUID

import pytest

from pilar.backplane.models import ActivityLog, JobHistory
from pilar.backplane.tenancy import tenant
from pilar.kernel import switchboard
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


def test_the_example_leaves_no_loose_ends(birthdays: dict[str, ModuleType]) -> None:
    assert switchboard.check_wiring() == []
    assert switchboard.schedules["birthdays.daily"].job == "birthdays.look"
