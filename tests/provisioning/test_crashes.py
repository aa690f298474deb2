"""The worker's end between any two lines of an effect: set-up goes on, and nothing is made twice."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from pilar.backplane import effects
from pilar.backplane.engine import workers
from pilar.backplane.tenancy import all_tenants, atomic
from tests.provisioning.conftest import Building
from tests.provisioning.test_pipeline import ONE_OF_EACH

POINTS = (
    "effect.before_intent",
    "effect.after_intent",
    "effect.before_call",
    "effect.after_call",
    "effect.after_commit",
)


class Killed(BaseException):
    """What SIGKILL is to a process: nothing of ours catches it."""


def dying_at(point: str, passes: int) -> Callable[[str], None]:
    remaining = [passes]

    def crash_point(name: str) -> None:
        if name == point:
            remaining[0] -= 1
            if remaining[0] == 0:
                raise Killed

    return crash_point


def work_with_a_death(paid: Building, step: Callable[[], None]) -> None:
    """Run `step`; if the worker dies in it, start another worker that finds what the dead one left."""
    try:
        step()
    except Killed:
        with all_tenants("a living worker takes the dead one's jobs"), atomic(), connection.cursor() as cursor:
            workers.rescue(cursor, by_silence=True)
        paid.work(ahead=timedelta(hours=1))


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("effect", [1, 4, 7])
def test_a_worker_that_dies_at_any_point_leaves_exactly_one_of_everything(
    paid: Building, monkeypatch: pytest.MonkeyPatch, point: str, effect: int
) -> None:
    monkeypatch.setattr(effects, "crash_point", dying_at(point, effect))
    paid.tell()
    paid.upload()
    work_with_a_death(paid, lambda: paid.work(ahead=timedelta(hours=1)))
    paid.click_at_meta()
    work_with_a_death(paid, lambda: paid.work(ahead=timedelta(hours=1)))
    assert paid.run.status == "ready", [(s.key, s.state, s.error) for s in paid.run.steps if s.state != "done"]
    assert paid.made() == ONE_OF_EACH
