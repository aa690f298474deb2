"""What the drills measured, printed at the end beside the figure that was promised (reliability 6)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.drills.site import Site, site
from tests.e2e.installation import Studio, wait_for


@dataclass(frozen=True, slots=True)
class Measured:
    """One figure; without a target it is only told."""

    value: float
    unit: str
    at_most: float | None

    @property
    def verdict(self) -> str:
        if self.at_most is None:
            return ""
        return f"<= {self.at_most:g} {self.unit}".rstrip() + (" kept" if self.value <= self.at_most else " MISSED")


type Note = Callable[..., None]
FIGURES: dict[str, Measured] = {}
SAID: list[str] = []


@pytest.fixture(scope="session")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One installation with Redis for all drills but the storm, which has its own."""
    with site(tmp_path_factory.mktemp("drills"), redis=True) as found:
        yield found


@pytest.fixture(scope="session")
def studio(here: Site) -> Studio:
    """A studio in service on it, whose member has had the first message."""
    found = here.studio("Standfest")
    wait_for(found.received)
    return found


@pytest.fixture
def note() -> Note:
    """Keep a figure for the table; it must not be above `at_most` when that is given."""

    def keep(name: str, value: float, unit: str = "", *, at_most: float | None = None) -> None:
        FIGURES[name] = Measured(value, unit, at_most)
        assert at_most is None or value <= at_most, f"{name}: {value:g} {unit}"

    return keep


@pytest.fixture
def say() -> Callable[[str], None]:
    """Keep a line for the end, such as the seed of a random run."""
    return SAID.append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if FIGURES:
        terminalreporter.section("figures of the drills")
    for name, one in FIGURES.items():
        terminalreporter.line(f"{name:<72} {one.value:>9.2f} {one.unit:<8} {one.verdict}")
    for line in SAID:
        terminalreporter.line(line)
