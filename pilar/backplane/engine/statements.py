"""The SQL of the engine, over any DB-API cursor in a transaction of the platform role.

Three rules keep it quick and free of deadlocks: ids travel as arrays (a joined CTE made the planner read the whole
table), CTEs with LIMIT are MATERIALIZED, and within one transaction completion and turns come before the claim, which
never waits.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from pilar.backplane.engine.results import Claimed, Done, Hold, NotDone, Result
from pilar.kernel.ids import uuid7

logger = logging.getLogger(__name__)

Place = tuple[int, UUID]
"""A lane and a workspace: one turn."""
NEVER = "9999-01-01 00:00:00+00"
"""When a turn without work is next served. PostgreSQL's infinity has no counterpart in Python."""


class Cursor(Protocol):
    """What Django's and psycopg's cursors have in common."""

    @property
    def rowcount(self) -> int: ...

    def execute(self, query: Any, params: Any = None) -> Any: ...

    def fetchall(self) -> list[Any]: ...

    def fetchone(self) -> Any: ...


# Turns are locked in the order they are due. A turn that gave less than it was asked for sleeps; one that gave all
# goes to the back; one that the batch did not reach stays in front, unwritten; a throttled one waits for its next token.
_CLAIM = f"""
WITH t AS MATERIALIZED (
  SELECT workspace_id, weight, max_running, rate,
    CASE WHEN rate IS NOT NULL
      THEN least(burst, tokens + rate * greatest(0, extract(epoch FROM statement_timestamp() - refilled_at))) END AS tokens
  FROM autopilot_turn
  WHERE lane = %(lane)s AND next_at <= greatest(%(due)s::timestamptz, statement_timestamp()) AND NOT paused
  ORDER BY next_at LIMIT %(turns)s FOR UPDATE SKIP LOCKED
), a AS MATERIALIZED (
  SELECT *, floor(least(
    greatest(%(quantum)s * weight, ceil(%(batch)s::float8 * weight / sum(weight) OVER ())),
    coalesce(tokens, 1e9),
    CASE WHEN max_running IS NULL THEN 1e9 ELSE greatest(0, max_running - (
      SELECT count(*) FROM autopilot_job r WHERE r.workspace_id = t.workspace_id AND r.status = 1 AND r.lane = %(lane)s
    )) END))::int AS asked
  FROM t
), c AS MATERIALIZED (
  SELECT j.id, a.workspace_id FROM a CROSS JOIN LATERAL (
    SELECT id FROM autopilot_job
    WHERE lane = %(lane)s AND workspace_id = a.workspace_id AND status = 0
      AND scheduled_at <= coalesce(%(due)s::timestamptz, statement_timestamp())
    ORDER BY priority, scheduled_at, id LIMIT a.asked FOR UPDATE SKIP LOCKED) j
  LIMIT %(batch)s
), s AS MATERIALIZED (
  SELECT a.*, coalesce(g.given, 0) AS given, (SELECT count(*) FROM c) >= %(batch)s AS is_full
  FROM a LEFT JOIN (SELECT workspace_id, count(*) AS given FROM c GROUP BY 1) g USING (workspace_id)
), w AS (
  UPDATE autopilot_turn u SET
    next_at = CASE
      WHEN s.given < s.asked AND s.is_full THEN u.next_at
      WHEN s.given < s.asked THEN '{NEVER}'
      WHEN s.tokens - s.given < 1 THEN statement_timestamp() + make_interval(secs => (1 - s.tokens + s.given) / s.rate)
      WHEN s.given = 0 THEN statement_timestamp() + interval '100 milliseconds'
      ELSE statement_timestamp() END,
    tokens = coalesce(s.tokens - s.given, u.tokens), refilled_at = statement_timestamp()
  FROM s WHERE u.lane = %(lane)s AND u.workspace_id = s.workspace_id
    AND u.workspace_id = ANY (ARRAY(SELECT workspace_id FROM t)) AND NOT (s.given = 0 AND s.asked > 0 AND s.is_full)
  RETURNING u.workspace_id, u.next_at = '{NEVER}' AS sleeps
), j AS (
  UPDATE autopilot_job
  SET status = 1, attempts = attempts + 1, locked_by = %(worker)s, locked_at = statement_timestamp(),
    lease = nextval('autopilot_lease')
  WHERE id = ANY (ARRAY(SELECT id FROM c))
  RETURNING id, public_id, workspace_id, lane, type, payload::text, attempts, max_attempts, deferrals, crashes, lease,
    due_at, locked_at, correlation_id, event_id, occurred_at
)
SELECT CASE WHEN row_number() OVER () = 1 THEN (SELECT array_agg(workspace_id) FROM w WHERE sleeps) END, j.*
FROM (VALUES (1)) AS one LEFT JOIN j ON true
"""

# The first pass of a full lane: of each workspace with interactive work (priority 0) the oldest such job, going on from
# workspace to workspace where the last pass ended. Workspaces with limits of their own wait for their turn.
_CLAIM_URGENT = """
WITH RECURSIVE w AS (
  (SELECT workspace_id, 1 AS n FROM autopilot_job
   WHERE lane = %(lane)s AND status = 0 AND priority = 0 AND scheduled_at <= statement_timestamp()
     AND workspace_id > %(after)s
   ORDER BY workspace_id LIMIT 1)
  UNION ALL
  SELECT f.workspace_id, w.n + 1 FROM w, LATERAL (
    SELECT workspace_id FROM autopilot_job
    WHERE lane = %(lane)s AND status = 0 AND priority = 0 AND scheduled_at <= statement_timestamp()
      AND workspace_id > w.workspace_id
    ORDER BY workspace_id LIMIT 1) f
  WHERE w.n < %(batch)s
), c AS MATERIALIZED (
  SELECT j.id FROM w CROSS JOIN LATERAL (
    SELECT id FROM autopilot_job
    WHERE lane = %(lane)s AND workspace_id = w.workspace_id AND status = 0 AND priority = 0
      AND scheduled_at <= statement_timestamp()
    ORDER BY scheduled_at, id LIMIT 1 FOR UPDATE SKIP LOCKED) j
  WHERE NOT EXISTS (
    SELECT 1 FROM autopilot_turn t WHERE t.lane = %(lane)s AND t.workspace_id = w.workspace_id
      AND (t.paused OR t.rate IS NOT NULL OR t.max_running IS NOT NULL))
    AND NOT EXISTS (SELECT 1 FROM autopilot_tenant p WHERE p.workspace_id = w.workspace_id AND p.paused)
  LIMIT %(batch)s
)
UPDATE autopilot_job
SET status = 1, attempts = attempts + 1, locked_by = %(worker)s, locked_at = statement_timestamp(),
  lease = nextval('autopilot_lease')
WHERE id = ANY (ARRAY(SELECT id FROM c))
RETURNING id, public_id, workspace_id, lane, type, payload::text, attempts, max_attempts, deferrals, crashes, lease,
  due_at, locked_at, correlation_id, event_id, occurred_at
"""

# A suspect has no turn: one in a process is run at a time, the oldest first.
_CLAIM_SUSPECT = """
UPDATE autopilot_job
SET status = 1, attempts = attempts + 1, locked_by = %(worker)s, locked_at = statement_timestamp(),
  lease = nextval('autopilot_lease')
WHERE id = (
  SELECT id FROM autopilot_job j
  WHERE status = 6 AND scheduled_at <= statement_timestamp()
    AND NOT EXISTS (SELECT 1 FROM autopilot_tenant t WHERE t.workspace_id = j.workspace_id AND t.paused)
  ORDER BY scheduled_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, public_id, workspace_id, lane, type, payload::text, attempts, max_attempts, deferrals, crashes, lease,
  due_at, locked_at, correlation_id, event_id, occurred_at
"""
_HAS_SUSPECTS = "SELECT EXISTS (SELECT 1 FROM autopilot_job WHERE status = 6 AND scheduled_at <= statement_timestamp())"

# The cast keeps the planner off the index of running jobs: with statistics from a quieter moment it would read all of
# them for each batch instead of looking up its ids (measured: 111 ms instead of 0.3 for 100 of 20,000).
_DONE = """
WITH r AS MATERIALIZED (
  SELECT * FROM unnest(%(told)s::bigint[], %(results)s::jsonb[]) AS r(id, result)
), d AS (
  DELETE FROM autopilot_job
  WHERE id = ANY (%(ids)s::bigint[]) AND lease = ANY (%(leases)s::bigint[]) AND status::int = 1
  RETURNING *
)
INSERT INTO autopilot_job_done (public_id, workspace_id, lane, type, payload, status, priority, due_at, attempts,
  max_attempts, deferrals, crashes, idempotency_key, started_at, finished_at, worker, result, error, event_id,
  occurred_at, correlation_id, causation_id, created_at)
SELECT public_id, workspace_id, lane, type, payload, 3, priority, due_at, attempts, max_attempts, deferrals, crashes,
  idempotency_key, locked_at, statement_timestamp(), locked_by, r.result, '', event_id, occurred_at, correlation_id,
  causation_id, created_at
FROM d LEFT JOIN r USING (id)
"""

_NOT_DONE = """
WITH r AS MATERIALIZED (
  SELECT * FROM unnest(%(ids)s::bigint[], %(leases)s::bigint[], %(dead)s::boolean[], %(counted)s::boolean[],
    %(deferred)s::int[], %(times)s::timestamptz[], %(delays)s::float8[], %(outcomes)s::text[], %(errors)s::text[])
    AS r(id, held, is_dead, counted, deferred, at, delay, outcome, failure)
), u AS (
  UPDATE autopilot_job j SET status = CASE WHEN is_dead THEN 2 WHEN crashes >= 2 THEN 6 ELSE 0 END,
    attempts = attempts - (NOT counted)::int, deferrals = deferrals + deferred,
    scheduled_at = least(coalesce(at, statement_timestamp() + make_interval(secs => delay), scheduled_at), wake_at),
    wake_at = NULL, error = CASE WHEN failure = '' THEN error ELSE failure END, locked_by = NULL, lease = NULL
  FROM r WHERE j.id = ANY (%(ids)s::bigint[]) AND j.id = r.id AND j.lease = r.held AND j.status::int = 1
  RETURNING j.workspace_id, j.lane, j.public_id, j.attempts, j.locked_at, r.*
), a AS (
  INSERT INTO autopilot_job_attempt (id, workspace_id, job_id, attempt, outcome, error, worker, started_at, finished_at)
  SELECT autopilot_uuid7(), workspace_id, public_id, attempts + (NOT counted)::int, outcome, failure, %(worker)s,
    locked_at, statement_timestamp()
  FROM u WHERE outcome <> ''
)
SELECT lane, workspace_id, is_dead FROM u
"""

_HOLD = """
INSERT INTO autopilot_throttle AS t (id, workspace_id, provider, held_until)
VALUES (%(id)s, %(workspace)s, %(provider)s, statement_timestamp() + make_interval(secs => %(seconds)s))
ON CONFLICT (workspace_id, provider) DO UPDATE SET held_until = greatest(t.held_until, excluded.held_until)
"""

_EARLIEST = """
(SELECT min(f.scheduled_at) FROM generate_series(0, 9) AS p(priority), LATERAL (
  SELECT j.scheduled_at FROM autopilot_job j
  WHERE j.lane = p_lane AND j.workspace_id = p_workspace AND j.status = 0 AND j.priority = p.priority
  ORDER BY j.scheduled_at LIMIT 1) f)
"""

# A job may have been committed while its turn was being put to sleep: asked again after that commit, nothing is missed.
_SETTLE_TURNS = f"""
WITH l AS MATERIALIZED (
  SELECT t.lane, t.workspace_id, t.next_at FROM autopilot_turn t
  WHERE (t.lane, t.workspace_id) IN (SELECT * FROM unnest(%(lanes)s::smallint[], %(workspaces)s::uuid[]))
  ORDER BY t.lane, t.workspace_id FOR UPDATE
), n AS MATERIALIZED (
  SELECT lane, workspace_id, {_EARLIEST.replace("p_lane", "l.lane").replace("p_workspace", "l.workspace_id")} AS at
  FROM l
)
UPDATE autopilot_turn t SET next_at = n.at FROM n
WHERE t.lane = n.lane AND t.workspace_id = n.workspace_id AND t.next_at > n.at
"""

# Skips from workspace to workspace through the claim index, so that a long backlog costs one step.
_SWEEP = f"""
WITH RECURSIVE w AS (
  (SELECT lane, workspace_id FROM autopilot_job WHERE status = 0 ORDER BY lane, workspace_id LIMIT 1)
  UNION ALL
  SELECT n.lane, n.workspace_id FROM w, LATERAL (
    SELECT lane, workspace_id FROM autopilot_job
    WHERE status = 0 AND (lane, workspace_id) > (w.lane, w.workspace_id) ORDER BY lane, workspace_id LIMIT 1) n
), late AS MATERIALIZED (
  SELECT w.lane, w.workspace_id, t.next_at,
    {_EARLIEST.replace("p_lane", "w.lane").replace("p_workspace", "w.workspace_id")} AS at
  FROM w LEFT JOIN autopilot_turn t USING (lane, workspace_id)
  WHERE t.next_at IS NULL OR t.next_at > statement_timestamp()
)
INSERT INTO autopilot_turn (lane, workspace_id, next_at, weight, max_running, rate, burst, tokens, refilled_at, paused)
SELECT late.lane, late.workspace_id, late.at, coalesce(p.weight, 1), p.max_running, p.rate, p.burst,
  coalesce(p.burst, 0), statement_timestamp(), coalesce(p.paused, false)
FROM late LEFT JOIN autopilot_tenant p USING (workspace_id)
WHERE late.next_at IS NULL OR late.at < late.next_at
ORDER BY late.lane, late.workspace_id
ON CONFLICT (lane, workspace_id) DO UPDATE SET next_at = excluded.next_at
WHERE autopilot_turn.next_at > excluded.next_at
"""

# What was due as it was made, by a clock that was set back since. A time that somebody chose is left as it is.
_PULL_BACK = """
UPDATE autopilot_job SET scheduled_at = statement_timestamp(), due_at = statement_timestamp()
WHERE status = 0 AND created_at > statement_timestamp() AND scheduled_at > statement_timestamp()
  AND scheduled_at <= created_at
"""

_LANES_WITH_WORK = """
SELECT lane FROM unnest(%(lanes)s::smallint[]) AS l(lane)
WHERE EXISTS (
  SELECT 1 FROM autopilot_turn t WHERE t.lane = l.lane AND NOT t.paused AND t.next_at <= statement_timestamp())
"""


def claim(
    cursor: Cursor, *, lane: int, batch: int, turns: int, worker: int, quantum: int = 10, due: datetime | None = None
) -> tuple[list[Claimed], list[Place]]:
    """Take up to `batch` jobs that are due (now or at `due`), fairly; also return the turns that went to sleep."""
    values = {"lane": lane, "batch": batch, "turns": turns, "worker": worker, "quantum": quantum, "due": due}
    cursor.execute(_CLAIM, values)
    found = cursor.fetchall()
    sleeping = [(lane, workspace_id) for workspace_id in found[0][0] or ()]
    return [Claimed._make(row[1:]) for row in found if row[1] is not None], sleeping


def claim_urgent(cursor: Cursor, *, lane: int, batch: int, worker: int, after: UUID) -> list[Claimed]:
    """Take up to `batch` interactive jobs, one of each workspace whose id follows `after`."""
    cursor.execute(_CLAIM_URGENT, {"lane": lane, "batch": batch, "worker": worker, "after": after})
    return [Claimed._make(row) for row in cursor.fetchall()]


def claim_suspect(cursor: Cursor, *, worker: int) -> Claimed | None:
    """Take the oldest job that must run alone, or None when there is none."""
    cursor.execute(_CLAIM_SUSPECT, {"worker": worker})
    found = cursor.fetchone()
    return Claimed._make(found) if found else None


def held(cursor: Cursor, *, worker: int) -> list[tuple[int, int]]:
    """Return id and lease of every job that is in this worker's hands."""
    cursor.execute("SELECT id, lease FROM autopilot_job WHERE status = 1 AND locked_by = %s", [worker])
    return [(job, lease) for job, lease in cursor.fetchall()]


def has_suspects(cursor: Cursor) -> bool:
    """Say whether jobs wait to be run alone."""
    cursor.execute(_HAS_SUSPECTS)
    return bool(cursor.fetchone()[0])


def _numbers(values: Iterable[int]) -> str:
    """Write an array as text: as a list it would arrive as int4[] and be cast again for every row."""
    return f"{{{','.join(map(str, values))}}}"


def complete(cursor: Cursor, results: Sequence[Done]) -> int:
    """Move finished jobs to the history. Returns how many leases still held; the others wrote nothing."""
    told = [result for result in results if result.result is not None]
    values = {
        "ids": _numbers(result.id for result in results),
        "leases": _numbers(result.lease for result in results),
        "told": _numbers(result.id for result in told),
        "results": [result.result for result in told],
    }
    cursor.execute(_DONE, values)
    return cursor.rowcount


def put_back(cursor: Cursor, results: Sequence[NotDone], *, worker: int) -> list[tuple[int, UUID, bool]]:
    """Write retries, deferrals and deaths. Returns (lane, workspace, is dead) of those whose lease still held."""
    values = {
        "worker": worker,
        "ids": [result.id for result in results],
        "leases": [result.lease for result in results],
        "dead": [result.is_dead for result in results],
        "counted": [result.counted for result in results],
        "deferred": [result.deferred for result in results],
        "times": [result.at for result in results],
        "delays": [None if result.delay is None else float(result.delay) for result in results],
        "outcomes": [result.outcome for result in results],
        "errors": [result.error for result in results],
    }
    cursor.execute(_NOT_DONE, values)
    return [tuple(row) for row in cursor.fetchall()]


def write(cursor: Cursor, results: list[Result], *, worker: int) -> set[Place]:
    """Write what became of runs; return the turns that wait for a job that is due again."""
    done = [result for result in results if isinstance(result, Done)]
    not_done = [result for result in results if isinstance(result, NotDone)]
    refused = len(results)
    refused -= complete(cursor, done) if done else 0
    kept = put_back(cursor, not_done, worker=worker) if not_done else []
    hold(cursor, [result.hold for result in not_done if result.hold is not None])
    refused -= len(kept)
    if refused:
        logger.warning("%d results came under leases that were taken away and were refused", refused)
    return {(lane, workspace_id) for lane, workspace_id, is_dead in kept if not is_dead}


def hold(cursor: Cursor, holds: Sequence[Hold]) -> None:
    """Note that providers told workspaces to wait; a shorter wait never takes back a longer one."""
    longest = {(one.provider, one.workspace_id): one for one in sorted(holds, key=lambda one: one.seconds)}
    for _, one in sorted(longest.items()):
        values = {"id": uuid7(), "workspace": one.workspace_id, "provider": one.provider, "seconds": one.seconds}
        cursor.execute(_HOLD, values)


def settle_turns(cursor: Cursor, places: Iterable[Place]) -> None:
    """Give these turns the time of their earliest job, when that is earlier than what they wait for."""
    wanted = sorted(set(places))
    if wanted:
        values = {"lanes": [lane for lane, _ in wanted], "workspaces": [place for _, place in wanted]}
        cursor.execute(_SETTLE_TURNS, values)


def sweep(cursor: Cursor) -> int:
    """Wake every turn that sleeps past the due time of its earliest job. Returns how many."""
    cursor.execute(_SWEEP)
    return cursor.rowcount


def sweep_alone(cursor: Cursor) -> int:
    """Sweep unless another process is sweeping right now."""
    cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('pilar.sweep'))")
    return sweep(cursor) if cursor.fetchone()[0] else 0


def pull_back(cursor: Cursor) -> int:
    """After the clock was set back: make due what was due already. Returns how many jobs would have waited for it."""
    cursor.execute(_PULL_BACK)
    return cursor.rowcount


def lanes_with_work(cursor: Cursor, lanes: Sequence[int]) -> list[int]:
    """Return which of these lanes have a turn that is due."""
    cursor.execute(_LANES_WITH_WORK, {"lanes": list(lanes)})
    return [lane for (lane,) in cursor.fetchall()]
