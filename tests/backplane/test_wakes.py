"""A wake and the worker that puts the same job off, at once."""

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from uuid import UUID

from django.db import connections

from pilar.backplane import jobs, sql, tenancy
from pilar.backplane.engine import statements
from pilar.backplane.engine.results import NotDone
from pilar.backplane.tenancy import tenant
from pilar.kernel import clock
from pilar.kernel.switchboard import LANES
from tests.backplane.trade import BEHIND_US, Trade, enqueue, everything, value


def test_a_wake_is_not_lost_while_the_job_is_put_off(threads: str, trade: Trade, workspace: UUID) -> None:
    """The worker commits once the wake stands behind it (or, were there no such order, once the wake is over)."""
    trade.job()
    enqueue(workspace, key="k")

    def wake() -> None:
        try:
            with tenant(workspace):
                jobs.wake("t.job", "k")
        finally:
            connections.close_all()

    with everything():
        statements.sweep(_cursor())
        (row,), _ = statements.claim(_cursor(), lane=LANES.index("bulk"), batch=1, turns=1, worker=1)
    with ThreadPoolExecutor(1) as pool:
        with everything():
            later = NotDone(row.id, row.lease, at=clock.now() + timedelta(hours=1), counted=False, deferred=1)
            statements.put_back(_cursor(), [later], worker=1)
            waking = pool.submit(wake)
            while not (waking.done() or sql.value(BEHIND_US)):
                wait([waking], timeout=0.01)
        waking.result()
    assert value("SELECT scheduled_at <= statement_timestamp() FROM autopilot_job")


def _cursor() -> statements.Cursor:
    cursor: statements.Cursor = connections[tenancy.alias()].cursor()
    return cursor
