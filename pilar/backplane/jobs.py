"""Work: put into the queue, cancelled, retried, brought forward. Doing it is the engine's."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from pydantic import BaseModel

from pilar.backplane import correlation, doorbell, keys, sql
from pilar.backplane.tenancy import atomic, current, savepoint
from pilar.kernel import switchboard
from pilar.kernel.ids import uuid7
from pilar.kernel.problems import Conflict, NotFound, Problem
from pilar.kernel.switchboard import LANES, JobType

BULK = 1000
"""Rows in one statement of `enqueue_many`."""
BURST = 100
"""So many jobs at once wake two workers: one woken alone works on them until another looks by itself, up to 2 s later."""

_INSERT = """
WITH given AS (
  SELECT * FROM unnest(%(ids)s::uuid[], %(workspaces)s::uuid[], %(payloads)s::jsonb[], %(keys)s::text[],
    %(times)s::timestamptz[], %(hashes)s::bytea[]) AS g(ref, workspace_id, payload, key, at, request_hash)
), fresh AS (
  INSERT INTO autopilot_idem (workspace_id, idempotency_key, ref, request_hash, created_at)
  SELECT workspace_id, 'j:' || key, ref, request_hash, statement_timestamp() FROM given
  ON CONFLICT DO NOTHING RETURNING ref
)
INSERT INTO autopilot_job (public_id, workspace_id, lane, type, payload, status, priority, due_at, scheduled_at,
  attempts, max_attempts, deferrals, crashes, idempotency_key, error, correlation_id, causation_id, created_at)
SELECT ref, workspace_id, %(lane)s, %(type)s, payload, 0, %(priority)s, coalesce(at, statement_timestamp()),
  coalesce(at, statement_timestamp()), 0, %(max_attempts)s, 0, 0, key, '', %(correlation)s, %(causation)s,
  statement_timestamp()
FROM given JOIN fresh USING (ref)
RETURNING public_id
"""


class UnknownType(Problem):
    """No app has registered a job or event of this name."""

    code = "unknown_type"


class KeyReused(Conflict):
    """The idempotency key was used before, with another request."""

    code = "idempotency_key_reused"


@dataclass(frozen=True, slots=True)
class NewJob:
    """One row for `enqueue_many`."""

    workspace_id: UUID
    payload: BaseModel
    key: str
    at: datetime | None = None


def registered(name: str) -> JobType:
    """Return the job type. Raises UnknownType."""
    found = switchboard.jobs.get(name)
    if found is None:
        raise UnknownType(_("There is no job type %(name)s.") % {"name": name})
    return found


def payload_model(job_type: JobType) -> type[BaseModel]:
    """Return what the type's payload must be; a subscription's job carries its event's."""
    if job_type.is_subscription:
        return switchboard.events[job_type.name.rpartition(":")[2]].payload
    return job_type.payload


def enqueue(
    name: str,
    payload: BaseModel,
    *,
    key: str,
    at: datetime | None = None,
    priority: int | None = None,
    correlation_id: UUID | None = None,
    same_request: bool = False,
) -> UUID:
    """Put work of the current workspace into the queue and return its public id.

    The same key again changes nothing and returns the first job's id, also after that job has finished. With
    `same_request` the payload must be the same as well: KeyReused is raised when it is not. Raises UnknownType, and
    TypeError when the payload is not of the registered model.
    """
    workspace_id = current()
    row = NewJob(workspace_id, payload, key, at)
    with atomic():
        made = _insert(registered(name), [row], priority, correlation_id or correlation.current())
        if made:
            doorbell.ring(LANES.index(registered(name).lane), workspace_id, at)
            return made[0]
        first = keys.known(keys.JOB, key)
    if same_request and first.request_hash != _digest(name, _dumped(registered(name), payload)):
        raise KeyReused(_("This idempotency key was used for another request. Use a new key."))
    return first.ref


def enqueue_many(name: str, rows: Sequence[NewJob], *, priority: int | None = None) -> int:
    """Put work of many workspaces into the queue and return how many were new; needs the platform scope for more than
    one.
    """
    job_type = registered(name)
    lane = LANES.index(job_type.lane)
    made = 0
    for start in range(0, len(rows), BULK):
        part = rows[start : start + BULK]
        with atomic():
            new = len(_insert(job_type, part, priority, correlation.current()))
            if new:
                doorbell.ring_many(_earliest(lane, part), is_burst=new >= BURST)
        made += new
    return made


def cancel(public_id: UUID) -> None:
    """End a job that waits or is dead. Raises NotFound, and Conflict when it runs or has finished."""
    _finish(public_id, status=4)


def discard(public_id: UUID) -> None:
    """Take a dead job out of the dead letters for good. Raises NotFound, and Conflict when it is not dead."""
    _finish(public_id, status=5)


def retry(public_id: UUID, *, payload: BaseModel | None = None, after: float = 0) -> None:
    """Give a dead job a new set of attempts `after` so many seconds, with another payload if one is given.

    Raises NotFound and Conflict.
    """
    with atomic():
        lane, workspace_id, name, status = _locked(public_id)
        if status != 2:
            raise Conflict(_("Only a dead job can be retried."))
        changed = None if payload is None else _dumped(registered(name), payload)
        due = sql.value(_REVIVE, {"id": public_id, "payload": changed, "after": after})
        doorbell.ring(lane, workspace_id, due if after else None)


def waiting(name: str, *, limit: int) -> list[UUID]:
    """Return the public ids of the current workspace's jobs of a type that wait, the next ones first."""
    with atomic():
        return [public_id for (public_id,) in sql.rows(_WAITING, [LANES.index(registered(name).lane), name, limit])]


def cancel_many(public_ids: Sequence[UUID]) -> list[UUID]:
    """End those of these jobs that wait or are dead, and return them."""
    return each(public_ids, lambda public_id, _place: cancel(public_id))


def each(public_ids: Sequence[UUID], change: Callable[[UUID, int], None], behind: int = 0) -> list[UUID]:
    """Change each job that can be changed, and return those that were. `change` gets the job's id and its place in the
    row, which begins `behind` so many others.
    """
    changed: list[UUID] = []
    with atomic():
        for public_id in public_ids:
            try:
                with savepoint():
                    change(public_id, behind + len(changed))
            except Problem:
                continue
            changed.append(public_id)
    return changed


def wake(name: str, key: str, at: datetime | None = None) -> bool:
    """Bring a job that waits forward to `at` (None: now); say whether there was one to be brought forward. One that runs
    is put off no further than `at` when it is put off.
    """
    workspace_id = current()
    lane = LANES.index(registered(name).lane)
    with atomic():
        woken = sql.run(_BRING_FORWARD, {"workspace": workspace_id, "key": f"j:{key}", "at": at})
        doorbell.ring(lane, workspace_id, at)
    return bool(woken)


_WAITING = """
SELECT public_id FROM autopilot_job WHERE status = 0 AND lane = %s AND type = %s ORDER BY scheduled_at, id LIMIT %s
"""
_REVIVE = """
UPDATE autopilot_job SET status = 0, attempts = 0, crashes = 0, deferrals = 0, error = '',
  due_at = statement_timestamp() + make_interval(secs => %(after)s),
  scheduled_at = statement_timestamp() + make_interval(secs => %(after)s),
  payload = coalesce(%(payload)s::jsonb, payload)
WHERE public_id = %(id)s RETURNING scheduled_at
"""
# A run that is over in the eyes of its handler is still running here until its worker has written that: this waits for
# that write or is seen by it.
_BRING_FORWARD = """
UPDATE autopilot_job SET
  scheduled_at = CASE WHEN status = 0 THEN coalesce(%(at)s, statement_timestamp()) ELSE scheduled_at END,
  wake_at = CASE WHEN status = 1 THEN least(wake_at, coalesce(%(at)s, statement_timestamp())) END
WHERE public_id = (SELECT ref FROM autopilot_idem WHERE workspace_id = %(workspace)s AND idempotency_key = %(key)s)
  AND (status = 1 OR status = 0 AND scheduled_at > coalesce(%(at)s, statement_timestamp()))
"""
_FINISH = """
WITH gone AS (DELETE FROM autopilot_job WHERE public_id = %(id)s RETURNING *)
INSERT INTO autopilot_job_done (public_id, workspace_id, lane, type, payload, status, priority, due_at, attempts,
  max_attempts, deferrals, crashes, idempotency_key, started_at, finished_at, worker, error, event_id, occurred_at,
  correlation_id, causation_id, created_at)
SELECT public_id, workspace_id, lane, type, payload, %(status)s, priority, due_at, attempts, max_attempts, deferrals,
  crashes, idempotency_key, locked_at, statement_timestamp(), locked_by, error, event_id, occurred_at, correlation_id,
  causation_id, created_at FROM gone
"""

_STOP_WAITING = """
UPDATE autopilot_wait SET outcome = 'cancelled', ended_at = statement_timestamp() WHERE job_id = %s AND outcome = ''
"""


def _finish(public_id: UUID, *, status: int) -> None:
    with atomic():
        sql.run(_STOP_WAITING, [public_id])  # before the job, in the order of events that end waits
        found = _locked(public_id)[3]
        if found == 1 or (status == 5 and found != 2):
            raise Conflict(_("A running job cannot be cancelled, and only a dead one can be discarded."))
        sql.run(_FINISH, {"id": public_id, "status": status})


def _locked(public_id: UUID) -> tuple[int, UUID, str, int]:
    """Return lane, workspace, type and status of a live job, locked. Raises NotFound, and Conflict when it has
    finished.
    """
    found = sql.row(
        "SELECT lane, workspace_id, type, status FROM autopilot_job WHERE public_id = %s FOR UPDATE", [public_id]
    )
    if found:
        lane, workspace_id, name, status = found
        return lane, workspace_id, name, status
    if sql.row("SELECT 1 FROM autopilot_job_done WHERE public_id = %s", [public_id]):
        raise Conflict(_("This job has finished already."))
    raise NotFound


def _insert(job_type: JobType, rows: Sequence[NewJob], priority: int | None, thread: UUID) -> list[UUID]:
    payloads = [_dumped(job_type, row.payload) for row in rows]
    made = sql.prepared(
        _INSERT,
        {
            "ids": sql.array(uuid7() for _row in rows),
            "workspaces": sql.array(row.workspace_id for row in rows),
            "payloads": sql.array(payloads),
            "keys": sql.array(row.key for row in rows),
            "times": sql.array(row.at for row in rows),
            "hashes": sql.array(f"\\x{_digest(job_type.name, payload).hex()}" for payload in payloads),
            "lane": LANES.index(job_type.lane),
            "type": job_type.name,
            "priority": job_type.priority if priority is None else priority,
            "max_attempts": job_type.max_attempts,
            "correlation": thread,
            "causation": correlation.causation(),
        },
    )
    return [public_id for (public_id,) in made]


def _earliest(lane: int, rows: Sequence[NewJob]) -> dict[tuple[int, UUID], datetime | None]:
    times: dict[tuple[int, UUID], datetime | None] = {}
    for row in rows:
        key = (lane, row.workspace_id)
        known = times.get(key, row.at)
        times[key] = None if known is None or row.at is None else min(known, row.at)
    return times


def _dumped(job_type: JobType, payload: BaseModel) -> str:
    return dumped(job_type.name, payload_model(job_type), payload)


def dumped(name: str, model: type[BaseModel], payload: BaseModel) -> str:
    """Return the payload as JSON. Raises TypeError when it is not of the registered model."""
    if not isinstance(payload, model):
        raise TypeError(f"{name} takes a {model.__name__}, not a {type(payload).__name__}")
    return payload.model_dump_json()


def _digest(name: str, payload: str) -> bytes:
    return sha256(f"{name}\n{payload}".encode()).digest()[:16]


def attempts(public_id: UUID) -> list[dict[str, Any]]:
    """Return each recorded attempt of a job, oldest first, the finishing one last."""
    with atomic():
        found = sql.rows(_ATTEMPTS, {"id": public_id})
    names = ("attempt", "outcome", "error", "worker", "started_at", "finished_at")
    return [dict(zip(names, row, strict=True)) for row in found]


_ATTEMPTS = """
SELECT attempt, outcome, error, worker, started_at, finished_at FROM autopilot_job_attempt WHERE job_id = %(id)s
UNION ALL
SELECT attempts, CASE status WHEN 3 THEN 'succeeded' WHEN 4 THEN 'cancelled' ELSE 'discarded' END, error, worker,
  started_at, finished_at FROM autopilot_job_done WHERE public_id = %(id)s
ORDER BY finished_at
"""
