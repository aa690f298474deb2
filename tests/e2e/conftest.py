"""What the tests of a whole installation share. The figures they measure are printed at the end."""

import json
from collections.abc import Callable, Iterator

import pytest

from tests.e2e.installation import Installation, Studio

type Figure = Callable[[str, float], None]
MEASURED: dict[str, float] = {}


@pytest.fixture
def figure() -> Figure:
    """Note how many seconds something took."""
    return MEASURED.__setitem__


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if MEASURED:
        terminalreporter.section("seconds, end to end")
    for name, seconds in MEASURED.items():
        terminalreporter.line(f"{name:<60} {seconds:6.2f} s")


@pytest.fixture
def product(running: Installation) -> Iterator[Installation]:
    """The running installation; its providers are well again afterwards."""
    yield running
    running.sandbox.heal()


@pytest.fixture(scope="session")
def studio(running: Installation) -> Studio:
    """A studio in service, set up by the command that the contract names."""
    said = running.manage("play_customer", "--email", "owner@kraftraum.test", "--name", "Kraftraum", "--country", "DE")
    return Studio(running, json.loads(said.splitlines()[-1]))
