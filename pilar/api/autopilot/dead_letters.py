"""Doors for work that waits or gave up: cancelled, run again or discarded, a job's attempts, and events replayed."""

from typing import Any, ClassVar
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from pilar.api.access import Access, WorkspaceView
from pilar.api.autopilot import jobs as job_list
from pilar.api.autopilot.serializers import LONGEST_KEY, EstimateShown, JobShown
from pilar.api.serializers import Strict, checked
from pilar.backplane import audit, dead_letters, estimates, events, jobs, queue_now, rates, timeline
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


class ChooseWaiting(Strict):
    """Which waiting jobs: the next ones of this type. `dryRun` only says which they are."""

    type = serializers.CharField(max_length=200)
    limit = serializers.IntegerField(min_value=1, max_value=dead_letters.MOST, required=False)
    dry_run = serializers.BooleanField(required=False, default=False)


class Changed(serializers.Serializer[Any]):
    job_ids = serializers.ListField(child=serializers.UUIDField())
    dry_run = serializers.BooleanField()


class Ordered(Changed):
    """`estimate` comes with a dry run."""

    estimate = EstimateShown(allow_null=True)


class Cause(serializers.Serializer[Any]):
    """Dead jobs of one type whose errors begin alike; `cause` can be sent as `error` to run them again."""

    type = serializers.CharField()
    cause = serializers.CharField()
    count = serializers.IntegerField()
    first = serializers.DateTimeField()
    last = serializers.DateTimeField()


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


class ReplayedRange(Replayed):
    """`estimate` comes with a dry run."""

    estimate = EstimateShown(allow_null=True)


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


class DeadCauses(WorkspaceView):
    access: ClassVar = {"GET": READ}

    @extend_schema(operation_id="listDeadCauses", responses=Cause(many=True))
    def get(self, request: Request) -> Response:
        """Group the dead jobs by type and the beginning of their error, the largest group first."""
        return Response(Cause(queue_now.dead_by_cause(), many=True).data)


class _Many(WorkspaceView):
    access: ClassVar = {"POST": WRITE}
    throttles: ClassVar = {"POST": "jobs-many:60/hour"}

    def dead(self, wanted: dict[str, Any]) -> list[UUID]:
        limit = wanted.get("limit", dead_letters.MOST)
        return dead_letters.matching(name=wanted.get("type", ""), error=wanted.get("error", ""), limit=limit)

    def note(self, action: str, changed: list[UUID]) -> None:
        audit.record(self.principal.actor, action, "job", "many", after={"count": len(changed)})


class RetryMany(_Many):
    @extend_schema(operation_id="retryDeadJobs", request=ChooseDead, responses=Ordered)
    def post(self, request: Request) -> Response:
        """Give dead jobs a new set of attempts, ten a second; they pass through the workspace's turns like all work."""
        wanted = checked(ChooseDead, request.data)
        found, estimate = self.dead(wanted), None
        if wanted["dry_run"]:
            estimate = estimates.of_jobs(found, pace=dead_letters.PACE)
        else:
            found = dead_letters.retry(found)
            self.note("job.retried", found)
        return Response(Ordered({"job_ids": found, "dry_run": wanted["dry_run"], "estimate": estimate}).data)


class DiscardMany(_Many):
    @extend_schema(operation_id="discardDeadJobs", request=ChooseDead, responses=Changed)
    def post(self, request: Request) -> Response:
        """Take dead jobs out of the dead letters for good."""
        wanted = checked(ChooseDead, request.data)
        found = self.dead(wanted)
        if not wanted["dry_run"]:
            found = dead_letters.discard(found)
            self.note("job.discarded", found)
        return Response(Changed({"job_ids": found, "dry_run": wanted["dry_run"]}).data)


class CancelMany(_Many):
    @extend_schema(operation_id="cancelWaitingJobs", request=ChooseWaiting, responses=Changed)
    def post(self, request: Request) -> Response:
        """End waiting jobs of one type, the next ones first. Those that run are left to end by themselves."""
        wanted = checked(ChooseWaiting, request.data)
        found = jobs.waiting(wanted["type"], limit=wanted.get("limit", dead_letters.MOST))
        if not wanted["dry_run"]:
            found = jobs.cancel_many(found)
            self.note("job.cancelled", found)
        return Response(Changed({"job_ids": found, "dry_run": wanted["dry_run"]}).data)


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

    @extend_schema(operation_id="replayEvents", request=ReplayRange, responses=ReplayedRange)
    def post(self, request: Request) -> Response:
        """Hand the events of a time span to one of their handlers again. Effects are not made twice."""
        wanted = checked(ReplayRange, request.data)
        span = {"since": wanted["since"], "until": wanted["until"]}
        if wanted["type"] not in switchboard.events:
            fields = {"type": _("There is no such event type.")}
            raise Problem(_("There is no such event type."), code="unknown_type", fields=fields)
        estimate = None
        if wanted["dry_run"]:
            count = len(events.between(wanted["type"], **span))
            estimate = estimates.of({wanted["handler"]: count})
        else:
            key = wanted.get("idempotency_key") or str(uuid7())
            count = events.replay_range(wanted["type"], wanted["handler"], key=key, **span)
            after = {"handler": wanted["handler"], "count": count}
            audit.record(self.principal.actor, "event.replayed", "event", wanted["type"], after=after)
        shown = {"events": count, "dry_run": wanted["dry_run"], "estimate": estimate}
        return Response(ReplayedRange(shown).data)


class Timeline(WorkspaceView):
    access: ClassVar = {"GET": Access(Role.VIEWER, "events:read", system=True)}

    @extend_schema(operation_id="readTimeline", responses=TimelineEntry(many=True))
    def get(self, request: Request, correlation_id: UUID) -> Response:
        """Tell what belongs to one correlation id, in order."""
        found = timeline.read(correlation_id)
        if not found:
            raise NotFound
        return Response(TimelineEntry(found, many=True).data)
