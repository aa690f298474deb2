"""What the drills measured, printed at the end beside the figure that was promised (reliability 6)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.drills.site import Site, site
from tests.e2e.installation import Studio, wait_for


@dataclass(frozen=True, slots=True)
class Measured:
    """One figure beside its bound, when it has one."""

    value: float
    unit: str
    most: float | None = None
    least: float | None = None

    @property
    def is_kept(self) -> bool:
        return (self.most is None or self.value <= self.most) and (self.least is None or self.value >= self.least)

    @property
    def verdict(self) -> str:
        bounds = [f"{sign} {bound:g}" for sign, bound in (("<=", self.most), (">=", self.least)) if bound is not None]
        return " ".join([*bounds, "kept" if self.is_kept else "MISSED"]) if bounds else ""


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
    """Keep a figure for the table. It fails beyond `at_most` or `at_least`; a missed `target` is only told."""

    def keep(
        name: str,
        value: float,
        unit: str = "",
        *,
        at_most: float | None = None,
        at_least: float | None = None,
        target: float | None = None,
    ) -> None:
        FIGURES[name] = found = Measured(value, unit, at_most if target is None else target, at_least)
        assert found.is_kept or target is not None, f"{name}: {value:g} {unit}"

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
