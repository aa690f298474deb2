"""Limits of a window, and what the part above 80 percent waits for."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.core.cache import cache

from pilar.backplane import rates
from pilar.backplane.rates import Limit, Use

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
JOBS = Limit.parse(rates.JOBS)


def use(used: int, limit: Limit = JOBS, at: datetime = START) -> Use:
    return Use(limit, used, at, START + timedelta(seconds=limit.seconds))


def test_below_the_soft_limit_work_begins_at_once() -> None:
    assert (use(400).queued_until, use(400).wait) == (None, 0)


@pytest.mark.parametrize(("used", "seconds"), [(401, 7.2), (402, 14.4), (500, 720)])
def test_above_it_work_begins_one_after_the_other_at_the_limits_own_pace(used: int, seconds: float) -> None:
    begins = START + timedelta(seconds=seconds)
    assert (use(used).queued_until, use(used).wait) == (begins, 0)


def test_a_lock_is_never_queued() -> None:
    locks = Limit.parse(rates.LOCKS)
    assert (locks.soft, use(100, locks).queued_until, use(101, locks).wait) == (None, None, 60)


def test_above_the_hard_limit_it_waits_for_the_window() -> None:
    late = use(501, at=START + timedelta(minutes=45))
    assert (late.wait, late.left) == (900, 0)


@pytest.fixture
def _empty(db: None) -> None:
    cache.clear()


@pytest.mark.usefixtures("_empty")
class TestCounting:
    def test_a_window_ends(self) -> None:
        limit = Limit("test", 1, 60)
        moments = [START + timedelta(seconds=seconds) for seconds in (0, 1, 60)]
        assert [rates.count(limit, "a", at).wait for at in moments] == [0, 59, 0]

    def test_looking_counts_nothing(self, workspace: UUID) -> None:
        for _ in range(3):
            rates.count(JOBS, rates.of_workspace(workspace), START)
        for _ in range(2):
            found = {one.limit.name: one.used for one in rates.standing(workspace, START)}
        assert found == {"events": 0, "jobs": 3, "locks": 0}

    def test_what_was_refused_is_not_shown_as_used(self, workspace: UUID) -> None:
        limit = Limit.parse(rates.LOCKS)
        for _ in range(limit.count + 5):
            rates.count(limit, rates.of_workspace(workspace), START)
        assert rates.standing(workspace, START)[2].used == limit.count
