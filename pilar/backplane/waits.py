"""Waiting for something to happen to somebody, or for a time: work that begins at whichever comes first, once.

The wait, its work and what the caller changes are one transaction. The event ends it in the transaction that publishes
it; without one the work begins at its time. Which of the two it was is decided once, by one row, and stays so however
often the work is tried.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from pydantic import BaseModel

from pilar.backplane import events, jobs, sql, timeline
from pilar.backplane.models import AutopilotEvent, Wait
from pilar.backplane.tenancy import atomic, current
from pilar.backplane.timeline import Entry
from pilar.kernel import switchboard
from pilar.kernel.console import moment
from pilar.kernel.ids import uuid7
from pilar.kernel.switchboard import Happened, Permanent, Work

# Whoever publishes about the same aggregate holds this row until its end, so an event comes before the wait or ends it.
_LOCK = """
INSERT INTO autopilot_event_stream (workspace_id, aggregate_type, aggregate_id, position)
VALUES (%(workspace)s, %(aggregate_type)s, %(aggregate_id)s, 0)
ON CONFLICT (workspace_id, aggregate_type, aggregate_id) DO UPDATE SET position = autopilot_event_stream.position
"""
_BEGIN = """
INSERT INTO autopilot_wait (id, workspace_id, job_id, event, aggregate_type, aggregate_id, until, outcome,
  correlation_id, begun_at)
SELECT %(id)s, workspace_id, public_id, %(event)s, %(aggregate_type)s, %(aggregate_id)s, %(until)s, '', correlation_id,
  statement_timestamp()
FROM autopilot_job WHERE public_id = %(job)s AND workspace_id = %(workspace)s AND status = 0
ON CONFLICT (job_id) DO NOTHING
"""
# The id tells the day, so that only the partitions since then are read.
_SINCE = """
SELECT id FROM autopilot_event
WHERE workspace_id = %(workspace)s AND aggregate_type = %(aggregate_type)s AND aggregate_id = %(aggregate_id)s
  AND type = %(event)s AND created_at >= %(since)s AND scheduled_at <= statement_timestamp()
  AND id >= autopilot_uuid_floor(%(since)s::timestamptz - interval '1 minute')
ORDER BY id LIMIT 1
"""
_TIME_IS_OVER = """
UPDATE autopilot_wait SET outcome = 'time', ended_at = statement_timestamp() WHERE job_id = %s AND outcome = ''
"""


def begin(
    event: str,
    *,
    about: tuple[str, UUID | str],
    until: datetime,
    then: str,
    payload: BaseModel,
    key: str,
    since: datetime | None = None,
) -> UUID:
    """Do the work `then` when `event` happens to the aggregate `about`, or at `until`, and return the job's public id.

    An event counts from now on, or from `since`. The same key again changes nothing. Ending it sooner is
    `jobs.cancel`. Raises UnknownType for an event or a job that nobody registered, and TypeError for a payload of
    another model.
    """
    place = {"workspace": current(), "aggregate_type": about[0], "aggregate_id": str(about[1])}
    name = {"event": events.registered(event).name}
    with atomic():
        sql.run(_LOCK, place)
        job_id = jobs.enqueue(then, payload, key=key, at=until)
        begun = sql.run(_BEGIN, place | name | {"id": uuid7(), "job": job_id, "until": until})
        before = sql.value(_SINCE, place | name | {"since": since}) if begun and since else None
        if before:
            events.end_waits(before, job_id=job_id)
    return job_id


def ended_by(work: Work[Any]) -> Happened[Any] | None:
    """Return the event that the work has waited for, or None when the time was over first.

    Asked by the work's handler; the first answer stands. Raises Permanent when the event is too old to be read.
    """
    with atomic():
        sql.run(_TIME_IS_OVER, [work.id])
        wait = Wait.objects.filter(job_id=work.id).first()
        if wait is None or wait.event_id is None:
            return None
        found = AutopilotEvent.objects.filter(pk=wait.event_id).first()
    if found is None:
        raise Permanent(f"{wait.event}: the event that ended the wait is gone")
    payload = switchboard.events[found.type].payload.model_validate(found.payload)
    return Happened(
        found.pk, found.workspace_id, found.type, payload, found.scheduled_at, found.correlation_id, work.attempt
    )


def told(correlation_id: UUID) -> Iterator[Entry]:
    """Entries for the timeline: what the current workspace waits or has waited for under this id."""
    for wait in Wait.objects.filter(correlation_id=correlation_id).order_by("begun_at")[: timeline.MOST]:
        about, ref = f"{wait.aggregate_type} {wait.aggregate_id}", str(wait.job_id)
        yield Entry(
            wait.begun_at,
            "wait",
            wait.event,
            "",
            _("%(about)s, until %(until)s") % {"about": about, "until": moment(wait.until)},
            ref,
        )
        if wait.ended_at:
            yield Entry(wait.ended_at, "wait", wait.event, wait.outcome, about, ref, wait.event_id)
