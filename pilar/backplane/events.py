"""Facts: published in the caller's transaction, handed to each subscriber as a job of its own."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from pydantic import BaseModel

from pilar.backplane import correlation, doorbell, jobs, keys, sql
from pilar.backplane.jobs import UnknownType, dumped
from pilar.backplane.tenancy import atomic, current
from pilar.kernel import switchboard
from pilar.kernel.ids import uuid7
from pilar.kernel.problems import NotFound
from pilar.kernel.switchboard import LANES, EventType, JobType

DISPATCH = "backplane.dispatch_event"
"""The job that hands a future event to its subscribers when it is due."""
DISPATCH_ATTEMPTS = 5

_NEXT_POSITION = """
INSERT INTO autopilot_event_stream (workspace_id, aggregate_type, aggregate_id, position) VALUES (%s, %s, %s, 1)
ON CONFLICT (workspace_id, aggregate_type, aggregate_id) DO UPDATE SET position = autopilot_event_stream.position + 1
RETURNING position
"""
_CLAIM_KEY = """
INSERT INTO autopilot_idem (workspace_id, idempotency_key, ref, created_at)
VALUES (%s, %s, %s, statement_timestamp()) ON CONFLICT DO NOTHING
"""
_INSERT = """
WITH fact AS (
  INSERT INTO autopilot_event (id, workspace_id, type, version, aggregate_type, aggregate_id, position, payload,
    idempotency_key, scheduled_at, correlation_id, causation_id, created_at)
  VALUES (%(id)s, %(workspace)s, %(type)s, 1, %(aggregate_type)s, %(aggregate_id)s, %(position)s, %(payload)s, %(key)s,
    coalesce(%(at)s, statement_timestamp()), %(correlation)s, %(causation)s, statement_timestamp())
  RETURNING scheduled_at <= statement_timestamp() AS due
), state AS (
  INSERT INTO autopilot_event_dispatch (event_id, workspace_id, status, attempts, handlers, processed_at)
  SELECT %(id)s, %(workspace)s, 'pending', 0, 0, NULL FROM fact
)
SELECT due FROM fact
"""
_INSERT_JOBS = """
INSERT INTO autopilot_job (public_id, workspace_id, lane, type, payload, status, priority, due_at, scheduled_at,
  attempts, max_attempts, deferrals, crashes, idempotency_key, error, event_id, occurred_at, correlation_id,
  causation_id, created_at)
SELECT n.id, e.workspace_id, n.lane, n.type, e.payload, 0, n.priority, statement_timestamp(), statement_timestamp(), 0,
  n.max_attempts, 0, 0, left(n.key, 255), '', e.id, e.scheduled_at, e.correlation_id, e.id, statement_timestamp()
FROM autopilot_event e, unnest(%(ids)s::uuid[], %(lanes)s::smallint[], %(types)s::text[], %(priorities)s::smallint[],
  %(limits)s::smallint[], %(keys)s::text[]) AS n(id, lane, type, priority, max_attempts, key)
WHERE e.id = %(event)s
"""
# Publishing holds it already. Whoever begins to wait for the same aggregate waits for it.
_LOCK_STREAM = """
SELECT 1 FROM autopilot_event_stream s JOIN autopilot_event e USING (workspace_id, aggregate_type, aggregate_id)
WHERE e.id = %s FOR UPDATE OF s
"""
_END_WAITS = """
WITH ended AS (
  UPDATE autopilot_wait w SET outcome = 'event', event_id = e.id, ended_at = statement_timestamp()
  FROM autopilot_event e
  WHERE e.id = %(event)s AND w.workspace_id = e.workspace_id AND w.aggregate_type = e.aggregate_type
    AND w.aggregate_id = e.aggregate_id AND w.event = e.type AND w.outcome = ''
    AND (%(job)s::uuid IS NULL OR w.job_id = %(job)s)
  RETURNING w.job_id
)
UPDATE autopilot_job j SET scheduled_at = least(scheduled_at, statement_timestamp())
FROM ended WHERE j.public_id = ended.job_id AND j.status = 0 RETURNING j.lane, j.workspace_id
"""
_DISPATCHED = """
UPDATE autopilot_event_dispatch
SET status = 'dispatched', attempts = attempts + 1, handlers = %s, processed_at = statement_timestamp()
WHERE event_id = %s AND status = 'pending'
"""


# The id tells the day, so that only the partitions of these days are read.
_BETWEEN = """
SELECT id FROM autopilot_event
WHERE workspace_id = %s AND type = %s AND id >= autopilot_uuid_floor(%s::timestamptz - interval '1 minute')
  AND id < autopilot_uuid_floor(%s::timestamptz + interval '1 minute') AND created_at >= %s AND created_at < %s
ORDER BY id LIMIT %s
"""
REPLAYED_AT_ONCE = 1000


class DispatchEvent(switchboard.Payload):
    event_id: UUID


def registered(name: str) -> EventType:
    """Return the event type. Raises UnknownType."""
    found = switchboard.events.get(name)
    if found is None:
        raise UnknownType(_("There is no event type %(name)s.") % {"name": name})
    return found


def publish(
    name: str,
    payload: BaseModel,
    *,
    key: str,
    aggregate: tuple[str, UUID | str] | None = None,
    at: datetime | None = None,
) -> UUID:
    """Record a fact of the current workspace, in the caller's transaction, and return its id.

    Its subscribers' jobs are made with it, or at `at` when that is later. The same key again changes nothing and
    returns the first event's id. Raises UnknownType, and TypeError when the payload is not of the registered model.
    """
    content = dumped(name, registered(name).payload, payload)
    workspace_id, event_id = current(), uuid7()
    with atomic():
        if not sql.run(_CLAIM_KEY, [workspace_id, f"e:{key}", event_id]):
            return keys.known(keys.EVENT, key).ref
        aggregate_type, aggregate_id = (aggregate[0], str(aggregate[1])) if aggregate else ("", "")
        is_due = sql.value(
            _INSERT,
            {
                "id": event_id,
                "workspace": workspace_id,
                "type": name,
                "aggregate_type": aggregate_type,
                "aggregate_id": aggregate_id,
                "position": sql.value(_NEXT_POSITION, [workspace_id, aggregate_type, aggregate_id])
                if aggregate
                else None,
                "payload": content,
                "key": key,
                "at": at,
                "correlation": correlation.current(),
                "causation": correlation.causation(),
            },
        )
        if is_due:
            dispatch(event_id, name, ends_waits=aggregate is not None)
        else:
            _dispatch_later(event_id, at)
    return event_id


def dispatch(event_id: UUID, name: str, *, ends_waits: bool = True) -> int:
    """Make one job for each subscriber of the event, once, and end what waits for it. Returns how many subscribe."""
    names = switchboard.subscriptions.get(name, [])
    with atomic():
        if not sql.run(_DISPATCHED, [len(names), event_id]):
            return 0
        _make_jobs(event_id, [switchboard.jobs[handler] for handler in names], key=f"on:{event_id}")
        if ends_waits:
            end_waits(event_id)
    return len(names)


def end_waits(event_id: UUID, *, job_id: UUID | None = None) -> None:
    """Bring forward the work that waits for this event (`pilar.backplane.waits`), or of it only this job, in the
    transaction that makes the event due.
    """
    woken = sql.rows(_END_WAITS, {"event": event_id, "job": job_id})
    doorbell.ring_many(dict.fromkeys(woken))


def replay(event_id: UUID, handler: str, *, key: str) -> bool:
    """Hand an event to one handler (a job type's name) again; effects stay single through their intents. False when
    this was done before under the same key.

    Raises NotFound for an event that is not there or a handler that is not subscribed.
    """
    with atomic():
        name = sql.value("SELECT type FROM autopilot_event WHERE workspace_id = %s AND id = %s", [current(), event_id])
        if name is None or handler not in switchboard.subscriptions.get(name, []):
            raise NotFound
        full_key = f"replay:{key}:{event_id}:{handler}"
        if not sql.run(_CLAIM_KEY, [current(), f"e:{full_key}"[:257], event_id]):
            return False
        _make_jobs(event_id, [switchboard.jobs[handler]], key=f"replay:{key}:{event_id}")
    return True


def between(name: str, *, since: datetime, until: datetime, limit: int = REPLAYED_AT_ONCE) -> list[UUID]:
    """Return the ids of the current workspace's events of a type that were published in [since, until), oldest first.

    Raises UnknownType.
    """
    values = [current(), registered(name).name, since, until, since, until, min(limit, REPLAYED_AT_ONCE)]
    with atomic():
        return [event_id for (event_id,) in sql.rows(_BETWEEN, values)]


def replay_range(name: str, handler: str, *, since: datetime, until: datetime, key: str) -> int:
    """Hand the events of a type that were published in [since, until) to one handler again and return how many were.

    At most REPLAYED_AT_ONCE in one call. With the same key nothing is replayed twice, so a call that was cut off may be
    repeated. Raises UnknownType, and NotFound for a handler that is not subscribed.
    """
    if handler not in switchboard.subscriptions.get(registered(name).name, []):
        raise NotFound
    with atomic():
        return sum(replay(event_id, handler, key=key) for event_id in between(name, since=since, until=until))


def _make_jobs(event_id: UUID, handlers: list[JobType], *, key: str) -> None:
    if not handlers:
        return
    lanes = [LANES.index(handler.lane) for handler in handlers]
    sql.run(
        _INSERT_JOBS,
        {
            "event": event_id,
            "ids": [uuid7() for _handler in handlers],
            "lanes": lanes,
            "types": [handler.name for handler in handlers],
            "priorities": [handler.priority for handler in handlers],
            "limits": [handler.max_attempts for handler in handlers],
            "keys": [f"{key}:{handler.name}" for handler in handlers],
        },
    )
    workspace_id = current()
    doorbell.ring_many({(lane, workspace_id): None for lane in lanes})


def _dispatch_later(event_id: UUID, at: datetime | None) -> None:
    jobs.enqueue(DISPATCH, DispatchEvent(event_id=event_id), key=f"dispatch:{event_id}", at=at)


def dispatch_due(work: switchboard.Work[DispatchEvent]) -> None:
    """Job handler: the event is due now."""
    event_id = work.payload.event_id
    with atomic():
        name: Any = sql.value("SELECT type FROM autopilot_event WHERE id = %s", [event_id])
        if name is not None:
            sql.run(_LOCK_STREAM, [event_id])
            dispatch(event_id, name)
