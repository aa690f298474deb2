"""Doors of the backplane: events, jobs and locks of one workspace, and the platform's own upkeep."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from pydantic import BaseModel
from rest_framework.request import Request
from rest_framework.response import Response

from pilar.api.access import Access, SystemView, WorkspaceView
from pilar.api.autopilot import jobs as job_list
from pilar.api.autopilot import serializers
from pilar.api.pagination import ByCursor
from pilar.api.serializers import checked
from pilar.backplane import audit, estimates, events, jobs, keys, locks, rates
from pilar.backplane.models import AutopilotEvent, DistributedLock, EventDispatch
from pilar.backplane.tenancy import PLATFORM, atomic, tenant
from pilar.kernel import clock, switchboard
from pilar.kernel.ids import uuid7
from pilar.kernel.principal import Role
from pilar.kernel.problems import NotFound, Problem
from pilar.kernel.switchboard import Empty

API_LOCKS = "api"
"""Locks of callers have a namespace of their own: nobody can hold up the engine (facts.md)."""

RETAIN = "backplane.retain"

TYPE = OpenApiParameter("type", str, description="Only this type")
SHAPE = OpenApiParameter(
    "shape", str, enum=["queue", "store"], description="`store`: with the names of the specification's event store"
)
ABOUT = OpenApiParameter("aggregateId", str, description="Only those about this thing or person")
STATUS = OpenApiParameter("status", str, enum=["pending", "running", "dead", "succeeded", "cancelled", "discarded"])


def _offered(registry: Mapping[str, Any], name: str) -> Any:
    found = registry.get(name)
    if found is None or not found.external:
        offered = ", ".join(sorted(key for key, entry in registry.items() if entry.external)) or "-"
        fields = {"type": _("Choose one of: %(types)s.") % {"types": offered}}
        raise Problem(_("There is no such type, or it is not open to callers."), code="unknown_type", fields=fields)
    return found


def _payload(model: type[BaseModel], given: dict[str, Any]) -> BaseModel:
    return model.model_validate(given)


def _queued(use: rates.Use, asked: datetime | None) -> datetime | None:
    """When the limit lets the work begin, where that is later than it was asked for."""
    until = use.queued_until
    return until if until and (asked is None or asked < until) else None


def _would_make(name: str, made: list[str], *, is_new: bool, queued: datetime | None) -> Response:
    shown = {"dry_run": True, "type": name, "jobs": made, "is_new": is_new, "queued_until": queued}
    return Response(serializers.WouldMake(shown | {"estimate": estimates.of(Counter(made))}).data)


class NewEvent(WorkspaceView):
    access: ClassVar = {
        "GET": Access(Role.VIEWER, "events:read", system=True),
        "POST": Access(Role.ADMIN, "events:write", system=True),
    }
    throttles: ClassVar = {"POST": rates.EVENTS}

    @extend_schema(
        operation_id="createEvent",
        request=serializers.NewEvent,
        responses={200: serializers.WouldMake, 201: serializers.EventTaken},
    )
    def post(self, request: Request) -> Response:
        """Publish an event of the workspace, now or at `scheduledAt`. From 800 an hour on it is queued: `queuedUntil`."""
        wanted = checked(serializers.NewEvent, request.data)
        entry = _offered(switchboard.events, wanted["type"])
        payload, key = _payload(entry.payload, wanted["payload"]), f"api:{wanted.get('idempotency_key') or uuid7()}"
        queued = _queued(self.uses["events"], wanted.get("scheduled_at"))
        if wanted["dry_run"]:
            heard = switchboard.subscriptions.get(entry.name, [])
            return _would_make(entry.name, heard, is_new=keys.is_new(keys.EVENT, key), queued=queued)
        about = (wanted.get("aggregate_type", ""), wanted.get("aggregate_id", ""))
        event_id = events.publish(
            entry.name,
            payload,
            key=key,
            aggregate=about if all(about) else None,
            at=queued or wanted.get("scheduled_at"),
        )
        audit.record(self.principal.actor, "event.created", "event", event_id, after={"type": entry.name})
        taken: Any = event_rows().get(pk=event_id)
        taken.queued_until = queued if taken.scheduled_at == queued else None
        return Response(serializers.EventTaken(taken).data, status=201)

    @extend_schema(
        operation_id="listOwnEvents",
        parameters=[TYPE, SHAPE, ABOUT, OpenApiParameter("correlationId", UUID)],
        responses=serializers.EventShown(many=True),
    )
    def get(self, request: Request) -> Response:
        """List the events of the credential's workspace, newest first."""
        return _event_list(self, request)


def event_rows() -> QuerySet[AutopilotEvent]:
    """Select the current workspace's events with the state of their dispatch."""
    state = EventDispatch.objects.filter(event_id=OuterRef("pk"))
    return AutopilotEvent.objects.annotate(
        status=Subquery(state.values("status")[:1]),
        attempts=Subquery(state.values("attempts")[:1]),
        processed_at=Subquery(state.values("processed_at")[:1]),
    )


class Events(WorkspaceView):
    access: ClassVar = {"GET": Access(Role.VIEWER, "events:read", system=True)}

    @extend_schema(
        operation_id="listEvents",
        parameters=[TYPE, SHAPE, ABOUT, OpenApiParameter("correlationId", UUID)],
        responses=serializers.EventShown(many=True),
    )
    def get(self, request: Request, workspace_id: UUID) -> Response:
        """List the workspace's events, newest first."""
        return _event_list(self, request)


def _event_list(view: WorkspaceView, request: Request) -> Response:
    shapes = {"queue": serializers.EventShown, "store": serializers.EventStored}
    shape = shapes.get(request.query_params.get("shape", "queue"))
    if shape is None:
        fields = {"shape": _("Choose one of: %(types)s.") % {"types": ", ".join(shapes)}}
        raise Problem(_("The filter is wrong."), code="validation_failed", fields=fields)
    page = ByCursor()
    rows = page.paginate_queryset(_chosen(event_rows(), request), request, view)
    return page.get_paginated_response(shape(rows, many=True).data)


def _chosen(rows: QuerySet[AutopilotEvent], request: Request) -> QuerySet[AutopilotEvent]:
    wanted: dict[str, Any] = {}
    if "type" in request.query_params:
        wanted["type"] = request.query_params["type"].replace("\x00", "")
    if "correlationId" in request.query_params:
        try:
            wanted["correlation_id"] = UUID(request.query_params["correlationId"])
        except ValueError as error:
            fields = {"correlationId": _("This is no UUID.")}
            raise Problem(_("The filter is wrong."), code="validation_failed", fields=fields) from error
    if "aggregateId" in request.query_params:
        wanted["aggregate_id"] = request.query_params["aggregateId"].replace("\x00", "")
    return rows.filter(**wanted)


class NewJob(WorkspaceView):
    access: ClassVar = {
        "GET": Access(Role.VIEWER, "jobs:read", system=True),
        "POST": Access(Role.ADMIN, "jobs:write", system=True),
    }
    throttles: ClassVar = {"POST": rates.JOBS}

    @extend_schema(
        operation_id="createJob",
        request=serializers.NewJob,
        responses={200: serializers.WouldMake, 201: serializers.JobTaken},
    )
    def post(self, request: Request) -> Response:
        """Put work of the workspace into the queue, now or for `scheduledAt`; from 400 an hour on behind: `queuedUntil`."""
        wanted = checked(serializers.NewJob, request.data)
        entry = _offered(switchboard.jobs, wanted["type"])
        payload, key = _payload(entry.payload, wanted["payload"]), f"api:{wanted.get('idempotency_key') or uuid7()}"
        queued = _queued(self.uses["jobs"], wanted.get("scheduled_at"))
        if wanted["dry_run"]:
            return _would_make(entry.name, [entry.name], is_new=keys.is_new(keys.JOB, key), queued=queued)
        job_id = jobs.enqueue(
            entry.name,
            payload,
            key=key,
            at=queued or wanted.get("scheduled_at"),
            priority=wanted.get("priority"),
            same_request=True,
        )
        audit.record(self.principal.actor, "job.created", "job", job_id, after={"type": entry.name})
        taken = job_list.shown(job_id)
        taken["queued_until"] = queued if taken["scheduled_at"] == queued else None
        return Response(serializers.JobTaken(taken).data, status=201)

    @extend_schema(operation_id="listOwnJobs", parameters=[TYPE, STATUS], responses=serializers.JobShown(many=True))
    def get(self, request: Request) -> Response:
        """List the jobs of the credential's workspace, those that are not finished first."""
        return _job_list(request)


class Jobs(WorkspaceView):
    access: ClassVar = {"GET": Access(Role.VIEWER, "jobs:read", system=True)}

    @extend_schema(operation_id="listJobs", parameters=[TYPE, STATUS], responses=serializers.JobShown(many=True))
    def get(self, request: Request, workspace_id: UUID) -> Response:
        """List the workspace's jobs: first those that are not finished, newest first, then the finished ones."""
        return _job_list(request)


def _job_list(request: Request) -> Response:
    rows, following = job_list.listed(request)
    return Response({"items": serializers.JobShown(rows, many=True).data, "next_cursor": following})


class AcquireLock(WorkspaceView):
    access: ClassVar = {"POST": Access(Role.COACH, "locks:write", system=True)}
    throttles: ClassVar = {"POST": rates.LOCKS}

    @extend_schema(operation_id="acquireLock", request=serializers.NewLock, responses={201: serializers.LockShown})
    def post(self, request: Request) -> Response:
        """Take a lock of the workspace, or answer 409 while somebody holds it."""
        wanted = checked(serializers.NewLock, request.data)
        lock = locks.acquire(
            wanted["lock_key"],
            ttl=timedelta(milliseconds=wanted["ttl_ms"]),
            owner=wanted.get("owner") or self.principal.actor,
            scope=API_LOCKS,
        )
        if lock is None:
            raise locks.Held(_("Somebody else holds this lock. Try again when its time has run out."), retry_after=1)
        return Response(serializers.LockShown(DistributedLock.objects.get(pk=lock.id)).data, status=201)


class Lock(WorkspaceView):
    access: ClassVar = {"DELETE": Access(Role.COACH, "locks:write")}

    @extend_schema(operation_id="releaseLock", responses={204: None})
    def delete(self, request: Request, lock_id: UUID) -> Response:
        """Give a lock back. Only its holder knows the id, which is another one for each holder."""
        held = DistributedLock.objects.filter(pk=lock_id, scope=API_LOCKS).first()
        if held is None or not locks.release(locks.Lock(held.id, held.name, held.owner, held.token, held.expires_at)):
            raise NotFound
        audit.record(self.principal.actor, "lock.released", "lock", lock_id, before={"name": held.name})
        return Response(status=204)


class _Upkeep(SystemView):
    """Starts the platform's clearing-up now. The schedule starts it anyway; calls within one minute are one."""

    def post(self, request: Request) -> Response:
        """Delete what is past its time, windows of past budget days included. There is no budget to reset:
        each belongs to one day of its studio.
        """
        minute = clock.now().strftime("%Y-%m-%dT%H:%M")
        with tenant(PLATFORM), atomic():
            job_id = jobs.enqueue(RETAIN, Empty(), key=f"{RETAIN}:{minute}")
        return Response({"job_id": job_id}, status=202)


_STARTED: dict[str, Any] = {"request": None, "responses": {202: serializers.Enqueued}}


@extend_schema_view(post=extend_schema(operation_id="cleanUp", **_STARTED))
class Cleanup(_Upkeep):
    """The specification's nightly route."""


@extend_schema_view(post=extend_schema(operation_id="closePastBudgets", **_STARTED))
class BudgetReset(_Upkeep):
    """The specification's midnight route; it closes past days and resets nothing (checklist G-70)."""
