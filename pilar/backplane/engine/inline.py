"""Works in the calling thread on the calling connection: for tests, management commands and Celery without the
engine.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import connections

from pilar.backplane import tenancy
from pilar.backplane.engine import statements, workers
from pilar.backplane.engine.execute import execute
from pilar.backplane.engine.results import Claimed, Result
from pilar.backplane.tenancy import all_tenants, atomic
from pilar.kernel.switchboard import LANES

BATCH = 20


def work_off(lanes: Sequence[str] | None = None, *, until: datetime | None = None, limit: int = 1000) -> int:
    """Run all due work of these lanes (all of them by default), the work it causes included, and return how many
    runs.

    With `until`, work is due that is scheduled up to then. Stops after `limit` runs. Must not be called inside a
    workspace's scope.
    """
    places = [LANES.index(lane) for lane in lanes or LANES]
    worker = _register(lanes or LANES)
    try:
        return _work(worker, places, until, limit)
    finally:
        with all_tenants("a worker leaves"), atomic():
            workers.leave(_cursor(), worker)


def _work(worker: int, lanes: Sequence[int], until: datetime | None, limit: int) -> int:
    runs = 0
    while runs < limit:
        rows = _claim(worker, lanes, until, min(BATCH, limit - runs))
        if not rows:
            break
        for row in rows:
            _write(execute(row, worker=worker), worker)
            runs += 1
    return runs


def _register(lanes: Sequence[str]) -> int:
    with all_tenants("a worker registers"), atomic():
        return workers.register(_cursor(), kind="inline", lanes=lanes)


def _claim(worker: int, lanes: Sequence[int], until: datetime | None, batch: int) -> list[Claimed]:
    with all_tenants("claim due work of all workspaces"), atomic():
        cursor = _cursor()
        workers.beat(cursor, worker)
        statements.sweep(cursor)
        for lane in lanes:
            rows, _ = statements.claim(cursor, lane=lane, batch=batch, turns=256, worker=worker, due=until)
            if rows:
                return rows
        suspect = statements.claim_suspect(cursor, worker=worker)
    return [suspect] if suspect else []


def _write(result: Result, worker: int) -> None:
    with all_tenants("write what became of a job"), atomic():
        cursor = _cursor()
        workers.beat(cursor, worker, running=1)
        statements.write(cursor, [result], worker=worker)


def _cursor() -> statements.Cursor:
    cursor: statements.Cursor = connections[tenancy.alias()].cursor()
    return cursor
