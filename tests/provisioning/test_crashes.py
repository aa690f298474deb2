"""The worker's end between any two lines of an effect: set-up goes on, and nothing is made twice."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial, wraps
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from pilar.backplane import effects, running
from pilar.backplane.engine import inline, workers
from pilar.backplane.tenancy import all_tenants, atomic
from pilar.kernel import switchboard
from pilar.kernel.steps import StepContext, StepOutcome
from provisioning import pipeline
from tests.provisioning.conftest import Building
from tests.provisioning.test_pipeline import ONE_OF_EACH

POINTS = (
    "effect.before_intent",
    "effect.after_intent",
    "effect.before_call",
    "effect.after_call",
    "effect.after_commit",
)


MOST_DEATHS = 40


class Killed(BaseException):
    """What SIGKILL is to a process: nothing of ours catches it."""


@dataclass
class Reaper:
    """Kills each job once, when it gets to `point`."""

    point: str
    dead: set[UUID] = field(default_factory=set)

    def __call__(self, name: str) -> None:
        run = running.current()
        if name == self.point and run is not None and run.job_id not in self.dead:
            self.dead.add(run.job_id)
            raise Killed


def work_with_deaths(paid: Building, step: Callable[[], Any]) -> None:
    """Run `step`; whenever the worker dies, another one goes on with what the dead one left."""
    for _ in range(MOST_DEATHS):
        try:
            step()
        except Killed:
            with all_tenants("a living worker takes the dead one's jobs"), atomic(), connection.cursor() as cursor:
                workers.rescue(cursor, by_silence=True)
            step = partial(paid.work, ahead=timedelta(hours=1))
        else:
            return


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_that_dies_once_in_every_step_at_any_point_leaves_exactly_one_of_everything(
    paid: Building, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    reaper = Reaper(point)
    monkeypatch.setattr(effects, "crash_point", reaper)
    monkeypatch.setattr(inline, "BATCH", 1)
    paid.tell()
    paid.upload()
    work_with_deaths(paid, lambda: paid.work(ahead=timedelta(hours=1)))
    paid.click_at_meta()
    work_with_deaths(paid, lambda: paid.work(ahead=timedelta(hours=1)))
    assert len(reaper.dead) >= 6
    assert paid.run.status == "ready", [(s.key, s.state, s.error) for s in paid.run.steps if s.state != "done"]
    assert paid.made() == ONE_OF_EACH


def once_for_each_step(fatal: Callable[..., Any], *, dies_after: bool) -> Callable[..., Any]:
    died: set[str] = set()

    @wraps(fatal)
    def dying(row: Any, *given: Any, **named: Any) -> Any:
        fresh = row.name not in died
        died.add(row.name)
        if fresh and not dies_after:
            raise Killed
        outcome = fatal(row, *given, **named)
        if fresh:
            raise Killed
        return outcome

    return dying


@pytest.mark.parametrize("dies_after", [False, True])
def test_a_worker_that_dies_in_every_step_around_its_checkpoint_leaves_exactly_one_of_everything(
    paid: Building, monkeypatch: pytest.MonkeyPatch, dies_after: bool
) -> None:
    monkeypatch.setattr(pipeline, "_record", once_for_each_step(pipeline._record, dies_after=dies_after))
    monkeypatch.setattr(inline, "BATCH", 1)
    paid.tell()
    paid.upload()
    work_with_deaths(paid, partial(paid.work, ahead=timedelta(hours=1)))
    paid.click_at_meta()
    work_with_deaths(paid, partial(paid.work, ahead=timedelta(hours=1)))
    assert paid.run.status == "ready"
    assert paid.made() == ONE_OF_EACH


def test_every_step_may_run_twice_and_makes_nothing_twice(paid: Building, monkeypatch: pytest.MonkeyPatch) -> None:
    def twice(run: Callable[[StepContext], StepOutcome]) -> Callable[[StepContext], StepOutcome]:
        def both(context: StepContext) -> StepOutcome:
            run(context)
            return run(context)

        return both

    for name, step in list(switchboard.steps.items()):
        monkeypatch.setitem(switchboard.steps, name, replace(step, run=twice(step.run)))
    paid.finish()
    assert paid.run.status == "ready"
    assert paid.made() == ONE_OF_EACH
