"""Doors for work that waits or gave up: cancelled, run again or discarded, a job's attempts, and events replayed."""

from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from pilar.api.access import Access, WorkspaceView
from pilar.api.autopilot import jobs as job_list
from pilar.api.autopilot.serializers import LONGEST_KEY, JobShown
from pilar.api.serializers import Strict, checked
from pilar.backplane import audit, dead_letters, events, jobs, rates, timeline
from pilar.backplane.models import AutopilotJob, JobHistory
from pilar.kernel import switchboard
from pilar.kernel.ids import uuid7
from pilar.kernel.principal import Role
from pilar.kernel.problems import Conflict, NotFound, Problem

READ = Access(Role.VIEWER, "jobs:read", system=True)
WRITE = Access(Role.ADMIN, "jobs:write", system=True)


class RetryJob(Strict):
    """`payload` takes the place of the job's own; only for types that are open to callers."""

    payload = serializers.DictField(child=serializers.JSONField(allow_null=True), required=False)


class ChooseDead(Strict):
    """Which dead jobs: of this type, with this text in their error. `dryRun` only says which they are."""

    type = serializers.CharField(max_length=200, required=False)
    error = serializers.CharField(max_length=200, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=dead_letters.MOST, required=False)
    dry_run = serializers.BooleanField(required=False, default=False)


class Changed(serializers.Serializer[Any]):
    job_ids = serializers.ListField(child=serializers.UUIDField())
    dry_run = serializers.BooleanField()


class Attempt(serializers.Serializer[Any]):
    attempt = serializers.IntegerField()
    outcome = serializers.CharField()
    error = serializers.CharField(allow_blank=True)
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField()


class Replay(Strict):
    """`handler` is one of the event's subscribers. The same `idempotencyKey` again replays nothing twice."""

    handler = serializers.CharField(max_length=200)
    idempotency_key = serializers.CharField(max_length=LONGEST_KEY // 2, required=False)


class ReplayRange(Replay):
    """Events of `type` published from `since` up to, not including, `until`; the 1,000 oldest of them."""

    type = serializers.CharField(max_length=100)
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    dry_run = serializers.BooleanField(required=False, default=False)


class Replayed(serializers.Serializer[Any]):
    events = serializers.IntegerField()
    dry_run = serializers.BooleanField()


class TimelineEntry(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    kind = serializers.CharField()
    what = serializers.CharField()
    state = serializers.CharField()
    detail = serializers.CharField()
    ref = serializers.CharField()
    cause = serializers.UUIDField(allow_null=True)


class Retry(WorkspaceView):
    access: ClassVar = {"POST": WRITE}
    throttles: ClassVar = {"POST": rates.JOBS}

    @extend_schema(operation_id="retryJob", request=RetryJob, responses=JobShown)
    def post(self, request: Request, job_id: UUID) -> Response:
        """Give a dead job a new set of attempts, with another payload if one is given."""
        wanted = checked(RetryJob, request.data)
        jobs.retry(job_id, payload=_new_payload(job_id, wanted["payload"]) if "payload" in wanted else None)
        changed = {"payload": "changed"} if "payload" in wanted else None
        audit.record(self.principal.actor, "job.retried", "job", job_id, after=changed)
        return Response(JobShown(job_list.shown(job_id)).data)


def _new_payload(job_id: UUID, given: dict[str, Any]) -> Any:
    job = AutopilotJob.objects.filter(public_id=job_id).first()
    if job is None:
        raise NotFound
    entry = switchboard.jobs.get(job.type)
    if entry is None or not entry.external:
        raise Conflict(_("The payload of this type of job is not open to callers. It can be retried as it is."))
    return entry.payload.model_validate(given)


class Cancel(WorkspaceView):
    access: ClassVar = {"POST": WRITE}
    throttles: ClassVar = {"POST": rates.JOBS}

    @extend_schema(operation_id="cancelJob", request=None, responses=JobShown)
    def post(self, request: Request, job_id: UUID) -> Response:
        """End a job that waits or is dead. One that runs is left to end by itself."""
        jobs.cancel(job_id)
        audit.record(self.principal.actor, "job.cancelled", "job", job_id)
        return Response(JobShown(job_list.shown(job_id)).data)


class Discard(WorkspaceView):
    access: ClassVar = {"POST": WRITE}
    throttles: ClassVar = {"POST": rates.JOBS}

    @extend_schema(operation_id="discardJob", request=None, responses=JobShown)
    def post(self, request: Request, job_id: UUID) -> Response:
        """Take a dead job out of the dead letters for good."""
        jobs.discard(job_id)
        audit.record(self.principal.actor, "job.discarded", "job", job_id)
        return Response(JobShown(job_list.shown(job_id)).data)


class Attempts(WorkspaceView):
    access: ClassVar = {"GET": READ}

    @extend_schema(operation_id="listAttempts", responses=Attempt(many=True))
    def get(self, request: Request, job_id: UUID) -> Response:
        """List a job's attempts with their errors, oldest first. Empty for a job that was never tried."""
        try:
            job_list.shown(job_id)
        except JobHistory.DoesNotExist as error:
            raise NotFound from error
        return Response(Attempt(jobs.attempts(job_id), many=True).data)


class _Many(WorkspaceView):
    access: ClassVar = {"POST": WRITE}
    throttles: ClassVar = {"POST": "jobs-many:60/hour"}

    def change(self, request: Request, action: str, change: Callable[[list[UUID]], list[UUID]]) -> Response:
        wanted = checked(ChooseDead, request.data)
        limit = wanted.get("limit", dead_letters.MOST)
        found = dead_letters.matching(name=wanted.get("type", ""), error=wanted.get("error", ""), limit=limit)
        if not wanted["dry_run"]:
            found = change(found)
            audit.record(self.principal.actor, action, "job", "many", after={"count": len(found)})
        return Response(Changed({"job_ids": found, "dry_run": wanted["dry_run"]}).data)


class RetryMany(_Many):
    @extend_schema(operation_id="retryDeadJobs", request=ChooseDead, responses=Changed)
    def post(self, request: Request) -> Response:
        """Give dead jobs a new set of attempts; they pass through the workspace's turns like all work."""
        return self.change(request, "job.retried", dead_letters.retry)


class DiscardMany(_Many):
    @extend_schema(operation_id="discardDeadJobs", request=ChooseDead, responses=Changed)
    def post(self, request: Request) -> Response:
        """Take dead jobs out of the dead letters for good."""
        return self.change(request, "job.discarded", dead_letters.discard)


class ReplayEvent(WorkspaceView):
    access: ClassVar = {"POST": Access(Role.ADMIN, "events:write", system=True)}
    throttles: ClassVar = {"POST": rates.EVENTS}

    @extend_schema(operation_id="replayEvent", request=Replay, responses=Replayed)
    def post(self, request: Request, event_id: UUID) -> Response:
        """Hand one event to one of its handlers again. Effects are not made twice."""
        wanted = checked(Replay, request.data)
        key = wanted.get("idempotency_key") or str(uuid7())
        replayed = events.replay(event_id, wanted["handler"], key=key)
        audit.record(self.principal.actor, "event.replayed", "event", event_id, after={"handler": wanted["handler"]})
        return Response(Replayed({"events": int(replayed), "dry_run": False}).data)


class ReplayEvents(WorkspaceView):
    access: ClassVar = {"POST": Access(Role.ADMIN, "events:write", system=True)}
    throttles: ClassVar = {"POST": "events-many:60/hour"}

    @extend_schema(operation_id="replayEvents", request=ReplayRange, responses=Replayed)
    def post(self, request: Request) -> Response:
        """Hand the events of a time span to one of their handlers again. Effects are not made twice."""
        wanted = checked(ReplayRange, request.data)
        span = {"since": wanted["since"], "until": wanted["until"]}
        if wanted["type"] not in switchboard.events:
            fields = {"type": _("There is no such event type.")}
            raise Problem(_("There is no such event type."), code="unknown_type", fields=fields)
        if wanted["dry_run"]:
            count = len(events.between(wanted["type"], **span))
        else:
            key = wanted.get("idempotency_key") or str(uuid7())
            count = events.replay_range(wanted["type"], wanted["handler"], key=key, **span)
            after = {"handler": wanted["handler"], "count": count}
            audit.record(self.principal.actor, "event.replayed", "event", wanted["type"], after=after)
        return Response(Replayed({"events": count, "dry_run": wanted["dry_run"]}).data)


class Timeline(WorkspaceView):
    access: ClassVar = {"GET": Access(Role.VIEWER, "events:read", system=True)}

    @extend_schema(operation_id="readTimeline", responses=TimelineEntry(many=True))
    def get(self, request: Request, correlation_id: UUID) -> Response:
        """Tell what belongs to one correlation id, in order."""
        found = timeline.read(correlation_id)
        if not found:
            raise NotFound
        return Response(TimelineEntry(found, many=True).data)
