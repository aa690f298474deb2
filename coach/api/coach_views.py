"""Doors to the coach itself: configuration, schedule, messages, figures, rehearsal, and the agent behind it."""

from dataclasses import asdict
from typing import Any, ClassVar
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from coach import analytics, config, followups, leads, rehearsal
from coach.agent import agents
from coach.api import serializers
from coach.api.views import KEY, idempotency_key
from pilar.api.access import Access, SystemView, WorkspaceView
from pilar.api.serializers import checked
from pilar.kernel import clock
from pilar.kernel.principal import Role
from pilar.kernel.problems import Problem

WORKSPACE = OpenApiParameter("workspaceId", UUID, description="Must be the caller's own")
READ, WRITE = Access(Role.VIEWER, "coach:read", system=True), Access(Role.ADMIN, "coach:write", system=True)


class CoachConfig(WorkspaceView):
    access: ClassVar = {"GET": READ, "POST": WRITE}

    @extend_schema(operation_id="getCoachConfig", parameters=[WORKSPACE], responses=serializers.CoachConfig)
    def get(self, request: Request) -> Response:
        """Show the coach's configuration."""
        return Response(config.current().document())

    @extend_schema(operation_id="saveCoachConfig", request=serializers.CoachConfig, responses=serializers.CoachConfig)
    def post(self, request: Request) -> Response:
        """Save the coach's configuration as a new version; what is not sent stays as it is."""
        changes = serializers.changes_of(checked(serializers.CoachConfig, request.data))
        return Response(config.save(changes=changes, actor=self.principal.actor).document())


class Schedule(WorkspaceView):
    access: ClassVar = {"GET": READ, "PUT": WRITE}

    @extend_schema(operation_id="getSchedule", responses=serializers.ScheduleShown)
    def get(self, request: Request, workspace_id: UUID) -> Response:
        """Show the rhythm and what goes out in the next 14 days."""
        return Response(self._document())

    @extend_schema(
        operation_id="changeSchedule", request=serializers.ScheduleChange, responses=serializers.ScheduleShown
    )
    def put(self, request: Request, workspace_id: UUID) -> Response:
        """Change the rhythm: the same settings as the configuration's. What is planned moves along."""
        changes = serializers.changes_of(checked(serializers.ScheduleChange, request.data))
        config.save(changes=changes, actor=self.principal.actor)
        return Response(self._document())

    def _document(self) -> dict[str, Any]:
        mine = config.current()
        coming = followups.upcoming(now=clock.now())
        return {
            "workspace_id": self.workspace_id,
            "frequency": mine.frequency,
            "time_window": {"start": mine.window_start, "end": mine.window_end},
            "enabled": mine.enabled,
            "paused_until": mine.paused_until,
            "upcoming": serializers.UpcomingShown(coming, many=True).data,
        }


class CoachMessage(WorkspaceView):
    access: ClassVar = {"POST": Access(Role.OWNER, "coach:write", system=True)}
    throttles: ClassVar = {"POST": "coach-message:600/hour"}

    @extend_schema(
        operation_id="sendCoachMessage",
        parameters=[KEY],
        request=serializers.CoachMessage,
        responses={202: serializers.FollowupShown},
    )
    def post(self, request: Request) -> Response:
        """Have the coach write to a lead now. Needs an idempotency key: the same one again sends nothing more."""
        wanted = checked(serializers.CoachMessage, request.data)
        key = idempotency_key(request, wanted.get("idempotency_key", ""))
        if not key:
            sentence = _("Send an idempotency key, so that a repeat of this request writes to nobody twice.")
            raise Problem(sentence, code="idempotency_key_missing", fields={"idempotencyKey": sentence})
        now = clock.now()
        followup = followups.plan(
            leads.get(wanted["lead_id"]),
            type=wanted["type"],
            at=now,
            text=wanted.get("text", ""),
            actor=self.principal.actor,
            now=now,
            key=f"message:{key}",
        )
        return Response(serializers.FollowupShown(followup).data, status=202)


class Analytics(WorkspaceView):
    access: ClassVar = {"GET": READ}

    @extend_schema(
        operation_id="getCoachAnalytics",
        parameters=[OpenApiParameter("days", int, description=f"1 to {analytics.LONGEST}, 30 if not given")],
        responses={200: dict[str, Any]},
    )
    def get(self, request: Request, workspace_id: UUID) -> Response:
        """Show what was said, what came back, and who stopped."""
        days = request.query_params.get("days", "30")
        if not (days.isascii() and days.isdigit() and len(days) < 4 and 1 <= int(days) <= analytics.LONGEST):
            sentence = _("Send a number of days from 1 to %(most)s.") % {"most": analytics.LONGEST}
            raise Problem(sentence, code="validation_failed", fields={"days": sentence})
        return Response({"workspace_id": self.workspace_id, **analytics.report(days=int(days), now=clock.now())})


class TestRun(WorkspaceView):
    access: ClassVar = {"POST": Access(Role.COACH, "coach:write", system=True)}
    throttles: ClassVar = {"POST": "coach-test:60/hour"}
    atomic = False

    @extend_schema(operation_id="testCoach", request=serializers.Rehearsal, responses=serializers.RehearsalShown)
    def post(self, request: Request, workspace_id: UUID) -> Response:
        """Show what a member would get now and what stands against it; with `send` it is planned for now as well."""
        wanted = checked(serializers.Rehearsal, request.data)
        found = rehearsal.rehearse(
            lead_id=wanted.get("lead_id"),
            type=wanted["type"],
            send=wanted["send"],
            actor=self.principal.actor,
            now=clock.now(),
        )
        return Response(found.document())


class Scheduler(SystemView):
    @extend_schema(operation_id="runScheduler", request=serializers.SchedulerRun, responses=serializers.Due)
    def post(self, request: Request) -> Response:
        """See that every due follow-up has its job, of one workspace or of all. The beat does this every minute."""
        wanted = checked(serializers.SchedulerRun, request.data)
        return Response({"due": followups.collect_due(now=clock.now(), workspace_id=wanted.get("workspace_id"))})


class AgentConfig(WorkspaceView):
    access: ClassVar = {"GET": READ, "PUT": WRITE}
    throttles: ClassVar = {"PUT": "agent-config:60/hour"}

    @extend_schema(operation_id="getAgentConfig", responses=serializers.AgentConfigShown)
    def get(self, request: Request, workspace_id: UUID) -> Response:
        """Show the agent's configuration."""
        return Response({"workspace_id": self.workspace_id, **asdict(agents.current())})

    @extend_schema(
        operation_id="saveAgentConfig", request=serializers.AgentConfig, responses=serializers.AgentConfigShown
    )
    def put(self, request: Request, workspace_id: UUID) -> Response:
        """Save the agent's configuration as a new version. The model may be switched five times a day."""
        changes = checked(serializers.AgentConfig, request.data)
        saved = agents.save(changes=changes, actor=self.principal.actor, now=clock.now())
        return Response({"workspace_id": self.workspace_id, **asdict(saved)})
