"""The rows of worker processes: one per process start, beaten while it lives; absence means rescue."""

import json
import os
import socket
from collections.abc import Sequence
from pathlib import Path

from pilar.backplane.engine.statements import Cursor, Place
from pilar.runtime import processes

DEAD_AFTER = 25.0
"""Seconds without a beat after which a worker's jobs are taken away."""
SUSPECT_AFTER = 2
"""A job that was in the hands of this many workers as they died runs alone from then on."""
CRASH_LIMIT = 3
"""The next crash is then its own doing for sure: it goes to the dead letters."""

_REGISTER = """
INSERT INTO autopilot_worker (kind, host, machine, pid, birth, lanes, running, started_at, beat_at)
VALUES (%s, %s, %s, %s, %s, %s, 0, statement_timestamp(), statement_timestamp()) RETURNING id
"""
_BEAT = "UPDATE autopilot_worker SET beat_at = statement_timestamp(), running = %s WHERE id = %s AND lost_at IS NULL"
_NEIGHBOURS = "SELECT id, pid, birth FROM autopilot_worker WHERE machine = %s AND lost_at IS NULL"
_LIVES_HERE = """
SELECT EXISTS (SELECT 1 FROM autopilot_worker WHERE kind = %s AND host = %s AND lost_at IS NULL
  AND beat_at > statement_timestamp() - make_interval(secs => %s))
"""
_DECLARE_LOST = """
UPDATE autopilot_worker SET lost_at = statement_timestamp()
WHERE lost_at IS NULL AND (id = ANY (%(gone)s::bigint[])
  OR (%(by_silence)s AND beat_at NOT BETWEEN statement_timestamp() - make_interval(secs => %(seconds)s)
    AND statement_timestamp() + make_interval(secs => %(seconds)s)))
"""
# A crash is no attempt of the job's: whoever merely worked beside a killer must not end as a dead letter.
_RESCUE = """
WITH u AS (
  UPDATE autopilot_job j SET crashes = crashes + 1, error = 'the worker that ran it ended', locked_by = NULL,
    lease = NULL, scheduled_at = statement_timestamp(),
    status = CASE WHEN crashes + 1 >= %(limit)s THEN 2 WHEN crashes + 1 >= %(suspect_after)s THEN 6 ELSE 0 END
  FROM (SELECT r.id, r.locked_by AS worker FROM autopilot_job r
    WHERE r.status = 1
      AND NOT EXISTS (SELECT 1 FROM autopilot_worker w WHERE w.id = r.locked_by AND w.lost_at IS NULL)
    FOR UPDATE SKIP LOCKED) lost
  WHERE j.id = lost.id AND j.status = 1
  RETURNING j.workspace_id, j.lane, j.public_id, j.attempts, j.locked_at, lost.worker
), a AS (
  INSERT INTO autopilot_job_attempt (id, workspace_id, job_id, attempt, outcome, error, worker, started_at, finished_at)
  SELECT autopilot_uuid7(), workspace_id, public_id, attempts, 'crashed', 'the worker that ran it ended', worker,
    locked_at, statement_timestamp()
  FROM u
)
SELECT lane, workspace_id FROM u
"""


def register(cursor: Cursor, *, kind: str, lanes: Sequence[str]) -> int:
    """Enter this process start and return its id."""
    pid = os.getpid()
    values = [kind, socket.gethostname(), machine(), pid, processes.birth(pid) or "", json.dumps(list(lanes))]
    cursor.execute(_REGISTER, values)
    return int(cursor.fetchone()[0])


def beat(cursor: Cursor, worker: int, *, running: int = 0) -> bool:
    """Say that the process lives; False when its work was taken away meanwhile."""
    cursor.execute(_BEAT, [running, worker])
    return cursor.rowcount == 1


def lives_here(cursor: Cursor, *, kind: str) -> bool:
    """Whether a process of this kind on this host has beaten within DEAD_AFTER."""
    cursor.execute(_LIVES_HERE, [kind, socket.gethostname(), DEAD_AFTER])
    return bool(cursor.fetchone()[0])


def clock(cursor: Cursor) -> float:
    """Return the database's time in Unix seconds."""
    cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
    return float(cursor.fetchone()[0])


def leave(cursor: Cursor, worker: int) -> None:
    """Take this process start out at its orderly end."""
    cursor.execute("DELETE FROM autopilot_worker WHERE id = %s", [worker])


def rescue(cursor: Cursor, *, by_silence: bool) -> list[Place]:
    """Take the running jobs of dead workers back and return their turns; one rescuer at a time.

    A process of this machine that no longer exists is dead at once. With `by_silence` so is one that did not beat for
    DEAD_AFTER, or whose last beat a clock that was set back since has put into the future; pass False while the rescuer
    itself has not been beating that long, as after an absence of the database.
    """
    cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('pilar.rescue'))")
    if not cursor.fetchone()[0]:
        return []
    gone = _ended_neighbours(cursor)
    cursor.execute(_DECLARE_LOST, {"gone": gone, "by_silence": by_silence, "seconds": DEAD_AFTER})
    cursor.execute(_RESCUE, {"limit": CRASH_LIMIT, "suspect_after": SUSPECT_AFTER})
    return [(lane, workspace_id) for lane, workspace_id in cursor.fetchall()]


def forget(cursor: Cursor) -> int:
    """Remove the rows of workers that were lost over a day ago."""
    cursor.execute("DELETE FROM autopilot_worker WHERE lost_at < statement_timestamp() - interval '1 day'")
    return cursor.rowcount


def machine() -> str:
    """Name this boot and process-id namespace: only within it does a process id mean the same process."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return f"host/{socket.gethostname()}/{os.getpid()}"


def _ended_neighbours(cursor: Cursor) -> list[int]:
    cursor.execute(_NEIGHBOURS, [machine()])
    return [worker for worker, pid, birth in cursor.fetchall() if processes.birth(pid) != birth]
