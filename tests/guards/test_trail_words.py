"""Whatever is written into its trail a studio reads in words, and finds by what it is about."""

import ast
import re

import pytest

from coach.models import BulkAction
from pilar.kernel import switchboard
from pilar.ui import words
from tests.guards.test_source import SOURCES
from workspaces import trails

pytestmark = pytest.mark.thorough

OF_THE_PLATFORM = ("account.", "breaker.", "event.", "job.", "lock.", "provider.")
"""What operators and the engine's routes do: it has words and is no subject that a studio looks for."""
COMPUTED = {
    *(f"members.{kind}" for kind in BulkAction.Kind.values if kind != BulkAction.Kind.EXPORT),
    *(f"health.{repair.action}" for repair in switchboard.remediations.values()),
    *(f"workspace.{status}" for status in ("active", "suspended", "changed")),
    *(f"member.{what}" for what in ("removed", "left", "role_changed")),
    *(f"membership.{what}" for what in ("added", "changed")),
    *(f"subscription.{what}" for what in ("cancelled", "kept")),
    *(f"job.{what}" for what in ("retried", "cancelled", "discarded", "mended")),
    "ownership.moved",
}
"""Actions that the code puts together or hands on."""


def _recorded() -> set[str]:
    calls = (node for file in SOURCES for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call))
    given = (call.args[1] for call in calls if ast.unparse(call.func) == "audit.record" and len(call.args) > 1)
    return {str(action.value) for action in given if isinstance(action, ast.Constant)}


def test_every_action_has_words() -> None:
    of_people = {action for action in _recorded() if not action.startswith("account.")}
    assert len(of_people) > 50
    assert (of_people | COMPUTED) - set(words.known_states("action")) == set()


def test_every_action_of_a_studio_belongs_to_one_subject() -> None:
    patterns = [pattern for _label, pattern in trails.SUBJECTS.values()]
    found = {action: sum(bool(re.match(one, action)) for one in patterns) for action in _recorded() | COMPUTED}
    assert {action for action, count in found.items() if count != 1 and not action.startswith(OF_THE_PLATFORM)} == set()
