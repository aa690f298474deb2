"""Doors of health: one word for everybody, detail for those who are signed in, checks and repairs on request."""

from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from health import checks, rounds, words
from health.api.serializers import CheckSerializer, HealthSerializer, IncidentSerializer, PublicHealthSerializer
from health.models import Incident
from pilar.api.access import Access, PublicView, SystemView, WorkspaceView
from pilar.api.pagination import ByCursor
from pilar.backplane.tenancy import PLATFORM
from pilar.kernel.clock import now
from pilar.kernel.principal import Role
from pilar.kernel.problems import TooMany

MANUAL_EVERY = timedelta(seconds=2)


class PublicHealth(PublicView):
    @extend_schema(responses=PublicHealthSerializer)
    def get(self, request: Request) -> Response:
        """Say in one word how the platform is."""
        return Response({"status": words.public_word(now=now())})


class WorkspaceHealth(WorkspaceView):
    access: ClassVar = {"GET": Access(role=Role.VIEWER, scope="health:read", system=True)}

    @extend_schema(responses=HealthSerializer)
    def get(self, request: Request, **_ids: UUID) -> Response:
        """Return the workspace's health with its issues and what to do about each."""
        return Response(HealthSerializer(words.of(self.workspace_id)).data)


class AutopilotHealth(PublicView):
    """The specification's older route: the public word, or detail for those who say which workspace and may see it."""

    @extend_schema(responses=PublicHealthSerializer)
    def get(self, request: Request) -> Any:
        """Say in one word how the platform is; `workspaceId` or `all=true` need a credential and give detail."""
        if "workspaceId" in request.query_params:
            return WorkspaceHealth.as_view()(request._request)
        if request.query_params.get("all") == "true":
            return SystemHealth.as_view()(request._request)
        return Response({"status": words.public_word(now=now())})


class SystemHealth(SystemView):
    access: ClassVar = {"GET": Access(role=Role.SYSTEM)}

    @extend_schema(responses=HealthSerializer)
    def get(self, request: Request) -> Response:
        """Return the platform's own health."""
        return Response(HealthSerializer(words.of(PLATFORM)).data)


class Component(SystemView):
    access: ClassVar = {"GET": Access(role=Role.SYSTEM)}

    @extend_schema(responses=CheckSerializer(many=True))
    def get(self, request: Request, name: str) -> Response:
        """Return what the platform's probes of one component saw last."""
        known = {probe.name for probe in checks.probes(per_workspace=False, component=name)}
        found = [check for check in words.of(PLATFORM).checks if check.probe in known]
        return Response(CheckSerializer(found, many=True).data)


class Check(WorkspaceView):
    """Look now instead of at the next round."""

    atomic = False
    access: ClassVar = {"POST": Access(role=Role.COACH, scope="health:write")}
    throttles: ClassVar = {"POST": "health-checks:30/hour"}

    @extend_schema(request=None, responses=CheckSerializer(many=True))
    def post(self, request: Request, component: str) -> Response:
        """Run the workspace's probes of one component, or all of them for `all`."""
        only = None if component == "all" else component
        checks.probes(per_workspace=True, component=only)
        if checks.ran_within(self.workspace_id, now=now(), within=MANUAL_EVERY):
            raise TooMany(_("This was checked a moment ago. Try again in a few seconds."), retry_after=2)
        found = checks.run_workspace(self.workspace_id, now=now(), component=only)
        return Response(CheckSerializer(found, many=True).data)


class SystemCheck(SystemView):
    @extend_schema(request=None, responses=HealthSerializer)
    def post(self, request: Request) -> Response:
        """Run the platform's probes now (the specification's cron route; the schedule does it by itself)."""
        return Response(HealthSerializer(words.summarise(checks.run_system(now=now()))).data)


class Incidents(WorkspaceView):
    ordering: ClassVar = "-detected_at"
    access: ClassVar = {"GET": Access(role=Role.VIEWER, scope="health:read")}

    @extend_schema(responses=IncidentSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List the workspace's incidents, newest first."""
        pages = ByCursor()
        page = pages.paginate_queryset(Incident.objects.all(), request, self)
        return pages.get_paginated_response(IncidentSerializer(page, many=True).data)


class Remediate(WorkspaceView):
    atomic = False
    access: ClassVar = {"POST": Access(role=Role.ADMIN, scope="health:write")}
    throttles: ClassVar = {"POST": "remediations:20/hour"}

    @extend_schema(request=None, responses={200: {"type": "object", "properties": {"result": {"type": "string"}}}})
    def post(self, request: Request, incident_id: UUID) -> Response:
        """Carry out the repair of an incident and look again."""
        actor = self.principal.actor
        result = rounds.remediate(workspace_id=self.workspace_id, incident_id=incident_id, actor=actor)
        return Response({"result": result})
