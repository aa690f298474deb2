"""What belongs to one correlation id, in order: from the webhook or request that began it to the last message sent.

Rooms above add what they keep (`source` in their `autopilot.py`): provider calls, messages.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pilar.backplane.models import ActivityLog, AutopilotEvent, AutopilotJob, Effect, JobAttempt, JobHistory
from pilar.backplane.models.work import JobStatus
from pilar.backplane.tenancy import atomic
from pilar.kernel.switchboard import AlreadyRegistered

MOST = 500
"""Entries of each kind; one correlation that has more is cut off at its end."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened at `at`. `cause` is the event or job that led to it, where that is known."""

    at: datetime
    kind: str
    what: str
    state: str = ""
    detail: str = ""
    ref: str = ""
    cause: UUID | None = None


Source = Callable[[UUID], Iterable[Entry]]

sources: dict[str, Source] = {}


def source(name: str, entries: Source) -> None:
    """Add a kind of entries. `entries` gets the correlation id and runs in the workspace's scope and a transaction."""
    if name in sources:
        raise AlreadyRegistered(f"the timeline has {name} already")
    sources[name] = entries


def read(correlation_id: UUID) -> list[Entry]:
    """Return all that the current workspace has under this id, oldest first; an unknown id is an empty list."""
    with atomic():
        found = [entry for entries in sources.values() for entry in entries(correlation_id)]
    return sorted(found, key=lambda entry: entry.at)


def _events(correlation_id: UUID) -> Iterator[Entry]:
    for fact in AutopilotEvent.objects.filter(correlation_id=correlation_id).order_by("id")[:MOST]:
        about = f"{fact.aggregate_type} {fact.aggregate_id}".strip()
        yield Entry(fact.created_at, "event", fact.type, "", about, str(fact.pk), fact.causation_id)


def _jobs(correlation_id: UUID) -> Iterator[Entry]:
    live = list(AutopilotJob.objects.filter(correlation_id=correlation_id).order_by("id")[:MOST])
    done = list(JobHistory.objects.filter(correlation_id=correlation_id).order_by("created_at")[:MOST])
    jobs: list[AutopilotJob | JobHistory] = [*live, *done]
    names = {job.public_id: job.type for job in jobs}
    for job in jobs:
        state = JobStatus(job.status).word
        yield Entry(job.created_at, "job", job.type, state, job.error, str(job.public_id), job.causation_id)
    for past in done:
        yield Entry(past.finished_at, "run", past.type, JobStatus(past.status).word, "", str(past.public_id))
    for attempt in JobAttempt.objects.filter(job_id__in=names).order_by("finished_at")[:MOST]:
        name, ref = names[attempt.job_id], str(attempt.job_id)
        yield Entry(attempt.finished_at, "run", name, attempt.outcome, attempt.error, ref)


def _effects(correlation_id: UUID) -> Iterator[Entry]:
    for effect in Effect.objects.filter(correlation_id=correlation_id).order_by("planned_at")[:MOST]:
        what, detail = f"{effect.provider} {effect.operation}", effect.error or effect.provider_ref
        yield Entry(effect.changed_at, "effect", what, effect.state, detail, str(effect.pk), effect.job_id)


def _activities(correlation_id: UUID) -> Iterator[Entry]:
    for entry in ActivityLog.objects.filter(correlation_id=correlation_id).order_by("at")[:MOST]:
        yield Entry(entry.at, "activity", entry.kind, "", entry.summary_key, str(entry.pk))


source("event", _events)
source("job", _jobs)
source("effect", _effects)
source("activity", _activities)
