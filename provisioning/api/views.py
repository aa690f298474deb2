"""Doors of provisioning: see how far set-up is, order it again, change its defaults, connect WhatsApp."""

from typing import Any, ClassVar
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from pilar.api.access import Access, SystemView, WorkspaceView
from pilar.api.serializers import checked
from pilar.backplane.tenancy import atomic
from pilar.kernel.clock import now
from pilar.kernel.principal import Role
from pilar.kernel.problems import Conflict, NotFound
from pilar.providers.stripe import checkout
from pilar.providers.whatsapp import door as meta
from provisioning import defaults, pipeline, report, resuming, triggers, whatsapp, whatsapp_health
from provisioning.api import serializers
from workspaces import directory, purchase

READ = Access(role=Role.VIEWER, scope="provisioning:read", system=True)
ORDER = Access(role=Role.ADMIN, scope="provisioning:write", system=True)
OWNER = Access(role=Role.OWNER, scope="provisioning:write")


def _latest() -> Response:
    found = report.latest()
    if found is None:
        raise NotFound
    return Response(serializers.RunSerializer(found).data)


class Status(WorkspaceView):
    access: ClassVar = {"GET": READ}

    @extend_schema(responses=serializers.RunSerializer)
    def get(self, request: Request, **_ids: UUID) -> Response:
        """Return the newest run with every step: done, working, waiting for whom and why, or failed."""
        return _latest()


class Retry(WorkspaceView):
    """Order failed steps again, or one step by name."""

    access: ClassVar = {"POST": ORDER}
    throttles: ClassVar = {"POST": "provisioning:60/hour"}

    @extend_schema(request=serializers.RetryInput, responses={202: serializers.RunSerializer})
    def post(self, request: Request, **_ids: UUID) -> Response:
        """Order the failed steps of the open run again; finished steps are not touched."""
        pipeline.retry(now=now(), step=checked(serializers.RetryInput, request.data).get("step") or None)
        pipeline.wake(now=now())
        response = _latest()
        response.status_code = status.HTTP_202_ACCEPTED
        return response


class Reprovision(WorkspaceView):
    """Run the whole set-up again: what is there is found, what is missing is made."""

    access: ClassVar = {"POST": ORDER}
    throttles: ClassVar = {"POST": "provisioning:60/hour"}

    @extend_schema(request=serializers.WorkspaceInput, responses={202: serializers.RunSerializer})
    def post(self, request: Request, **_ids: UUID) -> Response:
        """Start a new run, or go on with the one that is open."""
        checked(serializers.WorkspaceInput, request.data)
        directory.get(self.workspace_id)
        pipeline.start(trigger="manual", now=now(), again=True)
        pipeline.retry(now=now())
        pipeline.wake(now=now())
        response = _latest()
        response.status_code = status.HTTP_202_ACCEPTED
        return response


class FromStep(WorkspaceView):
    """Run the set-up from one step on."""

    access: ClassVar = {"POST": ORDER}
    throttles: ClassVar = {"POST": "provisioning:60/hour"}

    @extend_schema(
        request=serializers.FromStepInput,
        responses={200: serializers.PlanSerializer, 202: serializers.RunSerializer},
    )
    def post(self, request: Request, **_ids: UUID) -> Response:
        """Run the named step and all that build on it again; what came before is kept. Nothing is made twice."""
        wanted = checked(serializers.FromStepInput, request.data)
        if wanted["dry_run"]:
            return Response(serializers.PlanSerializer(resuming.plan(wanted["step"])).data)
        resuming.start(wanted["step"], actor=self.principal.actor, now=now())
        response = _latest()
        response.status_code = status.HTTP_202_ACCEPTED
        return response


class Defaults(WorkspaceView):
    access: ClassVar = {"GET": READ, "PUT": OWNER}

    @extend_schema(responses=serializers.DefaultsSerializer)
    def get(self, request: Request, **_ids: UUID) -> Response:
        """Return what set-up installs."""
        workspace = directory.get(self.workspace_id)
        version, content = defaults.current_defaults(language=workspace.language)
        return Response({"version": version, "defaults": content.model_dump(mode="json")})

    @extend_schema(request=serializers.DefaultsSerializer, responses=serializers.DefaultsSerializer)
    def put(self, request: Request, **_ids: UUID) -> Response:
        """Store a new version; the next run installs it. Send the version you read to be told of others' changes."""
        given = serializers.DefaultsSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        version, content = defaults.change_defaults(
            data=given.validated_data["defaults"],
            version=given.validated_data.get("version"),
            actor=self.principal.actor,
            workspace_id=self.workspace_id,
            now=now(),
        )
        return Response({"version": version, "defaults": content.model_dump(mode="json")})


class Workspace(SystemView):
    """The specification's route for a payment that should become a workspace; Stripe is asked, never the caller."""

    @extend_schema(
        request=serializers.PurchaseInput,
        responses={202: {"type": "object", "properties": {"workspaceId": {"type": "string", "format": "uuid"}}}},
    )
    def post(self, request: Request) -> Response:
        """Provision what a completed checkout session has paid for. Safe to repeat."""
        given = serializers.PurchaseInput(data=request.data)
        given.is_valid(raise_exception=True)
        session = checkout.retrieve(given.validated_data["checkout_session_id"])
        if not session.provisions:
            raise Conflict(_("This session is not paid yet. Provisioning begins when Stripe reports the payment."))
        workspace_id = purchase.settle(session, now=now())
        return Response({"workspace_id": workspace_id}, status=status.HTTP_202_ACCEPTED)


class Run(SystemView):
    """The specification's cron route; a safety net under the events that do the work."""

    @extend_schema(request=None, responses={200: {"type": "object", "properties": {"ordered": {"type": "integer"}}}})
    def post(self, request: Request) -> Response:
        """Have every studio with an unfinished set-up checked."""
        return Response({"ordered": triggers.order_checks(slot=now().isoformat())})


class ConnectWhatsApp(WorkspaceView):
    """Takes what Meta's pop-up handed to the browser."""

    atomic = False
    access: ClassVar = {"POST": Access(role=Role.ADMIN, scope="provisioning:write")}
    throttles: ClassVar = {"POST": "whatsapp-connect:20/hour"}

    @extend_schema(
        request=serializers.SignupInput,
        responses={200: {"type": "object", "properties": {"next": {"type": "string"}, "number": {"type": "string"}}}},
    )
    def post(self, request: Request) -> Response:
        """Connect the studio's WhatsApp account; the code is traded at once, since it lives for half a minute."""
        given = serializers.SignupInput(data=request.data)
        given.is_valid(raise_exception=True)
        fields: dict[str, Any] = {key: value for key, value in given.validated_data.items() if key != "workspace_id"}
        phone = whatsapp.connect(result=whatsapp.SignupResult(**fields), actor=self.principal.actor, now=now())
        return Response({"next": "/setup", "number": phone.display_phone_number})


class WhatsAppHealth(WorkspaceView):
    atomic = False
    access: ClassVar = {"GET": READ}

    @extend_schema(responses=serializers.WhatsAppHealthSerializer)
    def get(self, request: Request, **_ids: UUID) -> Response:
        """Return what Meta says of the number and which prerequisites are met."""
        with atomic():
            directory.get(self.workspace_id)
        return Response(serializers.WhatsAppHealthSerializer(whatsapp_health.look()).data)


verify_webhook = meta.receive
"""Meta's challenge and messages under the specification's name; the same door as `/api/webhooks/whatsapp`."""
