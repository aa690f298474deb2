"""What is told of work before many of it is ordered."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from pilar.backplane import estimates
from pilar.backplane.engine.crew import Lane
from pilar.backplane.engine.tally import Tally
from pilar.kernel.switchboard import LANES
from tests.backplane.trade import Trade, everything

pytestmark = pytest.mark.django_db


@pytest.fixture
def measured(trade: Trade) -> Callable[..., None]:
    """Have a worker tell of its runs."""

    def tell(*runs: tuple[str, float, str]) -> None:
        lane = Lane(LANES.index("bulk"), 1)
        lane.times.extend(runs)
        with everything():
            Tally([lane]).tell(connection.cursor())

    return tell


def of(counts: dict[str, int], **options: Any) -> estimates.Estimate:
    with everything():
        return estimates.of(counts, **options)


def test_only_runs_that_finished_their_job_are_measured(measured: Callable[..., None]) -> None:
    measured(("t.job", 2.0, "done"), ("t.job", 0.001, "deferred"), ("t.job", 90.0, "retried"))
    measured(("t.job", 4.0, "done"))
    assert of({"t.job": 1}).seconds_each == 3.0


def test_a_handler_that_was_made_quicker_is_soon_known_to_be(measured: Callable[..., None]) -> None:
    measured(*[("t.job", 10.0, "done")] * 1001)
    for _ in range(4):
        measured(*[("t.job", 1.0, "done")] * 1001)
    assert 1.0 < (of({"t.job": 1}).seconds_each or 0) < 2.0


@pytest.mark.parametrize(
    ("count", "pace", "seconds"),
    [(1, None, 2.0), (400, None, 8.0), (31, 10, 5.0), (400, 1000, 8.0), (0, None, 0.0)],
)
def test_the_pace_or_the_places_of_a_worker_bound_it(
    trade: Trade, measured: Callable[..., None], count: int, pace: float | None, seconds: float
) -> None:
    trade.job()
    measured(("t.job", 2.0, "done"))
    assert of({"t.job": count} if count else {}, pace=pace).seconds == seconds


def test_one_kind_that_was_not_measured_makes_the_whole_unknown(trade: Trade, measured: Callable[..., None]) -> None:
    trade.job()
    trade.job("t.new", uses={})
    measured(("t.job", 2.0, "done"))
    found = of({"t.job": 1, "t.new": 1})
    assert (found.jobs, found.seconds, found.uses) == (2, None, None)


def test_what_the_types_take_of_the_budgets_is_added_up(trade: Trade) -> None:
    trade.job("t.a", uses={"messages": 1, "tokens": 50})
    trade.job("t.b", uses={"messages": 2})
    assert of({"t.a": 3, "t.b": 10}).uses == {"messages": 23, "tokens": 150}
