"""What a claim costs when the tables are empty, and when they are full."""

import time
from uuid import UUID

from pilar.backplane.engine import statements
from pilar.backplane.engine.link import Link
from pilar.backplane.engine.results import Done
from pilar.kernel.ids import uuid7
from tests.bench.ground import Ground
from tests.bench.queue import fill
from tests.bench.report import Figure, percentile

BULK_LANE = 5
BATCH = 100
CLAIMS = 200
_PENDING = """
INSERT INTO autopilot_job (public_id, workspace_id, lane, type, payload, status, priority, due_at, scheduled_at, attempts,
  max_attempts, deferrals, crashes, idempotency_key, error, correlation_id, created_at)
SELECT gen_random_uuid(), (%(workspaces)s::uuid[])[1 + n %% %(many)s], 5, 'bench.nothing',
  jsonb_build_object('n', n, 'port', 0, 'text', repeat('x', 160)), 0, 5, now() - random() * interval '1 hour',
  now() - random() * interval '1 hour', 0, 3, 0, 0, 'old-' || n, '', gen_random_uuid(), now()
FROM generate_series(1, %(count)s) AS n
"""
_FINISHED = """
INSERT INTO autopilot_job_done (public_id, workspace_id, lane, type, payload, status, priority, due_at, attempts,
  max_attempts, deferrals, crashes, idempotency_key, started_at, finished_at, error, correlation_id, created_at)
SELECT gen_random_uuid(), (%(workspaces)s::uuid[])[1 + n %% %(many)s], 5, 'bench.nothing',
  jsonb_build_object('n', n, 'port', 0, 'text', repeat('x', 160)), 3, 5, now(), 1, 3, 0, 0, 'done-' || n, now(), now(),
  '', gen_random_uuid(), now()
FROM generate_series(1, %(count)s) AS n
"""
_PART = 500_000


def claims(ground: Ground, *, pending: int, finished: int) -> list[Figure]:
    """Claim and complete batches of 100 by one worker: with nothing else there, then among full tables."""
    workspaces = [uuid7() for _ in range(1000)]
    ground.empty()
    empty = _measure(ground, workspaces, "empty")
    ground.empty()
    _insert(ground, _FINISHED, workspaces, finished)
    _insert(ground, _PENDING, workspaces, pending)
    ground.admin.execute("VACUUM ANALYZE autopilot_job, autopilot_job_done")
    full = _measure(ground, workspaces, "full")
    ratio = percentile(full, 0.95) / percentile(empty, 0.95)
    ground.empty()
    named = f"{pending:,} pending and {finished:,} finished"
    return [
        Figure("claim of 100, p50, empty table", [percentile(empty, 0.5)], "ms"),
        Figure(f"claim of 100, p50, {named}", [percentile(full, 0.5)], "ms"),
        Figure("claim of 100, p95, empty table", [percentile(empty, 0.95)], "ms", note=f"{CLAIMS} claims"),
        Figure(f"claim of 100, p95, {named}", [percentile(full, 0.95)], "ms", note=f"{CLAIMS} claims"),
        Figure("the same, against the empty table", [ratio], "x", bar=1.5, at_most=True),
    ]


def _insert(ground: Ground, statement: str, workspaces: list[UUID], count: int) -> None:
    for start in range(0, count, _PART):
        values = {"workspaces": workspaces, "many": len(workspaces), "count": min(_PART, count - start)}
        ground.admin.execute(statement.replace("'old-' || n", f"'{start}-' || n"), values)


def _measure(ground: Ground, workspaces: list[UUID], prefix: str) -> list[float]:
    """Return the milliseconds of each claim."""
    fill(ground, "bench.nothing", workspaces, BATCH * CLAIMS, prefix=prefix)
    link, took, worker = Link("bench"), [], 0
    with link.transaction() as cursor:
        statements.sweep(cursor)
    # Both start right after a checkpoint: the first touch of a page costs its full image.
    ground.admin.execute("CHECKPOINT")
    for _ in range(CLAIMS):
        with link.transaction() as cursor:
            began = time.perf_counter()
            rows, sleeping = statements.claim(cursor, lane=BULK_LANE, batch=BATCH, turns=16, worker=worker)
            took.append(1000 * (time.perf_counter() - began))
        with link.transaction() as cursor:
            statements.complete(cursor, [Done(row.id, row.lease) for row in rows])
            statements.settle_turns(cursor, sleeping)
    link.close()
    return took
