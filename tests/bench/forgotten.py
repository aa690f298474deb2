"""Claims while somebody's transaction stays open: dead rows cannot be cleaned up, and every claim must pass them."""

import time
from uuid import UUID

import psycopg

from pilar.backplane.engine import statements
from pilar.backplane.engine.link import Link
from pilar.backplane.engine.results import Done
from pilar.kernel.ids import uuid7
from tests.bench.ground import Ground
from tests.bench.queue import fill
from tests.bench.report import Figure, percentile
from tests.bench.volume import BULK_LANE

RATE = 2_000
TICK = 0.1
BATCH = 100


def transaction(ground: Ground, *, seconds: float) -> list[Figure]:
    """Enqueue, claim and complete 2,000 jobs a second for so long while a snapshot is held; the last quarter counts."""
    ground.empty()
    workspaces = [uuid7() for _ in range(1000)]
    with psycopg.connect(ground.urls["ADMIN"]) as forgotten:
        forgotten.execute("SET idle_in_transaction_session_timeout = 0")
        forgotten.commit()
        forgotten.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        forgotten.execute("SELECT count(*) FROM autopilot_job")
        took, rate = _work(ground, workspaces, seconds)
        forgotten.rollback()
    ground.empty()
    last = took[-len(took) // 4 :]
    note = f"held {seconds:.0f} s at {rate:,.0f} jobs/s"
    name = f"claim of {BATCH} with a forgotten transaction"
    return [
        Figure(f"{name}: p50", [percentile(last, 0.5)], "ms", note=note),
        Figure(f"{name}: p95", [percentile(last, 0.95)], "ms", bar=100, at_most=True, note=note),
    ]


def _work(ground: Ground, workspaces: list[UUID], seconds: float) -> tuple[list[float], float]:
    """Return the milliseconds of each claim, and the jobs a second that were done."""
    link, took, done, tick = Link("bench"), [], 0, 0
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        fill(ground, "bench.nothing", workspaces, int(RATE * TICK), prefix=f"{tick}-")
        while True:
            with link.transaction() as cursor:
                start = time.perf_counter()
                rows, sleeping = statements.claim(cursor, lane=BULK_LANE, batch=BATCH, turns=64, worker=0)
                took.append(1000 * (time.perf_counter() - start))
            with link.transaction() as cursor:
                statements.complete(cursor, [Done(row.id, row.lease) for row in rows])
                statements.settle_turns(cursor, sleeping)
            done += len(rows)
            if len(rows) < BATCH:
                break
        tick += 1
        time.sleep(max(0.0, began + tick * TICK - time.monotonic()))
    link.close()
    return took, done / (time.monotonic() - began)
