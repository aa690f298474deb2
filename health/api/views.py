"""Doors of health: one word for everybody, detail for those who are signed in, checks and repairs on request."""

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from health import checks, repairs, words
from health.api import serializers
from health.models import Component, Incident
from pilar.api.access import Access, PublicView, RuleView, SystemView, WorkspaceView
from pilar.api.pagination import ByCursor
from pilar.backplane.tenancy import PLATFORM
from pilar.kernel.clock import now
from pilar.kernel.errors import DATABASE_AWAY
from pilar.kernel.principal import Principal, Role
from pilar.kernel.problems import NotFound

READ = Access(role=Role.VIEWER, scope="health:read", system=True)
OPERATORS: dict[str, Access] = {"GET": Access(role=Role.OPERATOR, system=True)}


def _public() -> Response:
    try:
        return Response({"status": words.public_word(now=now())})
    except DATABASE_AWAY:
        return Response({"status": "down"}, status=503, headers={"Retry-After": "5"})


class PublicHealth(PublicView):
    access: ClassVar = {"GET": PublicView.access["GET"]}

    @extend_schema(responses={200: serializers.PublicHealthSerializer, 503: serializers.PublicHealthSerializer})
    def get(self, request: Request) -> Response:
        """Say in one word how the platform is."""
        return _public()


class WorkspaceHealth(WorkspaceView):
    atomic = False
    access: ClassVar = {"GET": READ}

    @extend_schema(responses=serializers.HealthSerializer)
    def get(self, request: Request, **_ids: UUID) -> Response:
        """Return the workspace's health with its issues and what to do about each."""
        return Response(serializers.HealthSerializer(words.of(self.workspace_id)).data)


class AutopilotHealth(PublicView):
    """The specification's older route: the public word, or detail for those who say whose and may see it."""

    access: ClassVar = {"GET": PublicView.access["GET"]}

    @extend_schema(
        parameters=[OpenApiParameter("workspaceId", str), OpenApiParameter("all", bool)],
        responses=serializers.PublicHealthSerializer,
    )
    def get(self, request: Request) -> Response:
        """Say in one word how the platform is; `workspaceId` or `all=true` need a credential and give detail."""
        return _public()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Hand on before anything of this open door has touched the request: the others know their callers."""
        if "workspaceId" in request.GET:
            return WorkspaceHealth.as_view()(request)
        if request.GET.get("all", "").lower() in ("true", "1"):
            return PlatformHealth.as_view()(request)
        return super().dispatch(request, *args, **kwargs)


class OperatorView(SystemView):
    """A door for the platform's token and for people signed in as staff, members of a studio or not."""

    access: ClassVar = OPERATORS

    def find_principal(self, request: Request) -> Principal:
        caller = super().find_principal(request)
        if caller.actor.startswith("user:") and getattr(request._request.user, "is_staff", False):
            return Principal(None, caller.actor, Role.OPERATOR)
        return caller


class PlatformHealth(OperatorView):
    access: ClassVar = OPERATORS

    @extend_schema(responses=serializers.PlatformHealthSerializer)
    def get(self, request: Request) -> Response:
        """Return the platform's own health and how its studios are."""
        shown = {"platform": words.of(PLATFORM), "studios": words.studios(), "failing": words.worst_studios()}
        return Response(serializers.PlatformHealthSerializer(shown).data)


class ComponentHealth(OperatorView):
    access: ClassVar = OPERATORS

    @extend_schema(responses=serializers.ComponentSerializer)
    def get(self, request: Request, name: str) -> Response:
        """Return what the platform's probes of one component saw last, and how many studios are well in it."""
        if name not in Component:
            raise NotFound(_("There is no such component."))
        found = [check for check in words.of(PLATFORM).checks if check.component == name]
        shown = {"component": name, "checks": found, "studios": words.studios(component=name)}
        return Response(serializers.ComponentSerializer(shown).data)


class Check(WorkspaceView):
    """Look now instead of at the next round. The platform's token without a workspace looks at the platform itself."""

    atomic = False
    access: ClassVar = {"POST": Access(role=Role.COACH, scope="health:write", system=True)}
    throttles: ClassVar = {"POST": "health-checks:60/hour"}

    def find_principal(self, request: Request) -> Principal:
        caller = RuleView.find_principal(self, request)
        if caller.role is Role.SYSTEM and not set(self._named_workspaces(request)):
            return Principal(PLATFORM, caller.actor, caller.role)
        return super().find_principal(request)

    @extend_schema(
        request=None,
        parameters=[OpenApiParameter("component", str, OpenApiParameter.PATH, enum=[*Component.values, "all"])],
        responses=serializers.CheckSerializer(many=True),
    )
    def post(self, request: Request, component: str) -> Response:
        """Run the workspace's probes of one component, or all of them for `all`, and return what they saw."""
        only = None if component == "all" else component
        look = checks.run_system if self.workspace_id == PLATFORM else self._look_at_studio
        return Response(serializers.CheckSerializer(look(now=now(), component=only), many=True).data)

    def _look_at_studio(self, **how: Any) -> Any:
        return checks.run_workspace(self.workspace_id, **how)


class SystemCheck(SystemView):
    @extend_schema(request=None, responses=serializers.HealthSerializer)
    def post(self, request: Request) -> Response:
        """Run the platform's probes now (the specification's cron route; the schedule does it by itself)."""
        checks.run_system(now=now())
        return Response(serializers.HealthSerializer(words.of(PLATFORM)).data)


class Incidents(WorkspaceView):
    ordering: ClassVar = "-detected_at"
    access: ClassVar = {"GET": READ}

    @extend_schema(responses=serializers.IncidentSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List the workspace's incidents, newest first."""
        pages = ByCursor()
        page = pages.paginate_queryset(Incident.objects.all(), request, self)
        return pages.get_paginated_response(serializers.IncidentSerializer(page, many=True).data)


class Remediate(WorkspaceView):
    atomic = False
    access: ClassVar = {"POST": Access(role=Role.ADMIN, scope="health:write", system=True)}
    throttles: ClassVar = {"POST": "remediations:20/hour"}

    @extend_schema(request=None, responses=serializers.RepairedSerializer)
    def post(self, request: Request, incident_id: UUID) -> Response:
        """Carry out the repair of an incident and look again. At most three attempts an hour, the autopilot's counted."""
        actor = self.principal.actor
        incident, result = repairs.by_hand(workspace_id=self.workspace_id, incident_id=incident_id, actor=actor)
        return Response(serializers.RepairedSerializer({"result": result, "incident": incident}).data)
