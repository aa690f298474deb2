"""Doors of this room: keys, billing, onboarding."""

from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from pilar.api.access import Access, RuleView, WorkspaceView
from pilar.api.json import CamelParser
from pilar.api.pagination import ByCursor
from pilar.api.serializers import checked
from pilar.kernel import clock
from pilar.kernel.principal import Role
from pilar.kernel.problems import Forbidden, Problem
from workspaces import api_keys, billing, checkout, directory, invitations, studio
from workspaces.api import serializers
from workspaces.models import User
from workspaces.models.access import MemberRole
from workspaces.studio import Particulars


class ApiKeys(WorkspaceView):
    access: ClassVar = {
        "GET": Access(Role.ADMIN, "keys:write"),
        "POST": Access(Role.OWNER, "keys:write"),
    }
    throttles: ClassVar = {"POST": "keys:30/hour"}

    @extend_schema(operation_id="listApiKeys", responses=serializers.ApiKeyShown(many=True))
    def get(self, request: Request) -> Response:
        """List the keys that still open something, newest first."""
        page = ByCursor()
        rows = page.paginate_queryset(api_keys.active(self.workspace_id), request, self)
        return page.get_paginated_response(serializers.ApiKeyShown(rows, many=True).data)

    @extend_schema(
        operation_id="createApiKey", request=serializers.NewApiKey, responses={201: serializers.ApiKeyCreated}
    )
    def post(self, request: Request) -> Response:
        """Make a key. Its text is in this answer and nowhere else."""
        wanted = checked(serializers.NewApiKey, request.data)
        self._refuse_more_than_own(wanted)
        key, text = api_keys.create(
            workspace_id=self.workspace_id,
            name=wanted["name"],
            role=Role(wanted["role"]),
            scopes=wanted["scopes"],
            actor=self.principal.actor,
        )
        key.api_key = text  # type: ignore[attr-defined]  # shown this once, stored nowhere
        return Response(serializers.ApiKeyCreated(key).data, status=201)

    def _refuse_more_than_own(self, wanted: dict[str, Any]) -> None:
        own = self.principal.scopes
        if own and not (wanted["scopes"] and set(wanted["scopes"]) <= own):
            raise Forbidden(_("A key cannot make another one that may do more than itself."), code="scope_missing")


class ApiKeyOne(WorkspaceView):
    access: ClassVar = {"DELETE": Access(Role.OWNER, "keys:write")}

    @extend_schema(operation_id="revokeApiKey", responses={204: None})
    def delete(self, request: Request, key_id: UUID) -> Response:
        """Revoke a key with effect on the next request."""
        api_keys.revoke(workspace_id=self.workspace_id, key_id=key_id, actor=self.principal.actor, now=clock.now())
        return Response(status=204)


class Invitations(WorkspaceView):
    access: ClassVar = {
        "GET": Access(Role.ADMIN, "people:write"),
        "POST": Access(Role.ADMIN, "people:write"),
    }
    throttles: ClassVar = {"POST": "invitations:60/hour"}

    @extend_schema(operation_id="listInvitations", responses=serializers.InvitationShown(many=True))
    def get(self, request: Request) -> Response:
        """List the invitations that can still be accepted, newest first."""
        page = ByCursor()
        rows = page.paginate_queryset(invitations.open_ones(self.workspace_id, now=clock.now()), request, self)
        return page.get_paginated_response(serializers.InvitationShown(rows, many=True).data)

    @extend_schema(
        operation_id="inviteMember", request=serializers.NewInvitation, responses={201: serializers.InvitationShown}
    )
    def post(self, request: Request) -> Response:
        """Invite a mailbox with a role not above your own. The same address again gets a fresh link."""
        wanted = checked(serializers.NewInvitation, request.data)
        name = request.user.get_full_name() if isinstance(request.user, User) else ""
        made = invitations.invite(
            inviter=self.principal,
            name=name or directory.get(self.workspace_id).name,
            email=wanted["email"],
            role=MemberRole(wanted["role"]),
            now=clock.now(),
        )
        return Response(serializers.InvitationShown(made).data, status=201)


class InvitationOne(WorkspaceView):
    access: ClassVar = {"DELETE": Access(Role.ADMIN, "people:write")}

    @extend_schema(operation_id="revokeInvitation", responses={204: None})
    def delete(self, request: Request, invitation_id: UUID) -> Response:
        """End an open invitation: its link is unknown from now on."""
        invitations.revoke(inviter=self.principal, invitation_id=invitation_id, now=clock.now())
        return Response(status=204)


class Checkout(RuleView):
    """For people who are signed in, with or without a studio, and for keys of the owner."""

    atomic = False
    access: ClassVar = {"POST": Access(role=None, scope="billing:write")}
    throttles: ClassVar = {"POST": "checkout:30/hour"}

    @extend_schema(
        operation_id="startCheckout", request=serializers.NewCheckout, responses={201: serializers.Redirection}
    )
    def post(self, request: Request) -> Response:
        """Return the address of the payment page for a plan."""
        wanted = checked(serializers.NewCheckout, request.data)
        return Response({"url": checkout.begin(self._order(request, wanted), now=clock.now())}, status=201)

    def _order(self, request: Request, wanted: dict[str, Any]) -> checkout.Order:
        workspace_id = self.principal.workspace_id
        if workspace_id is not None and not self.principal.at_least(Role.OWNER):
            raise Forbidden(_("Only the owner of the studio can buy a plan."))
        user = request.user if isinstance(request.user, User) else None
        workspace = directory.get(workspace_id) if workspace_id else None
        buyer = user or (directory.owner(workspace.pk) if workspace else None)
        if buyer is None:
            raise Forbidden(_("Nobody owns this studio yet. Claim it by the link in your mail."))
        name = wanted.get("studio") or (workspace.name if workspace else "")
        if not name:
            detail = _("Say how your studio is called.")
            raise Problem(detail, code="validation_failed", fields={"studio": detail})
        return checkout.Order(
            plan=wanted["plan"].upper(),
            email=buyer.email,
            studio=name,
            country=wanted.get("country") or (workspace.country if workspace else "DE"),
            language=buyer.language,
            user=buyer,
            workspace_id=workspace_id,
        )


class Portal(WorkspaceView):
    atomic = False
    access: ClassVar = {"POST": Access(Role.OWNER, "billing:write")}
    throttles: ClassVar = {"POST": "portal:60/hour"}

    @extend_schema(operation_id="openBillingPortal", request=None, responses={201: serializers.Redirection})
    def post(self, request: Request) -> Response:
        """Return the address of the page where invoices, card and cancellation are."""
        url = billing.portal_url(
            return_url=f"{settings.PUBLIC_BASE_URL}/dashboard/settings/billing", language=(get_language() or "de")[:2]
        )
        return Response({"url": url}, status=201)


class OnboardingComplete(WorkspaceView):
    access: ClassVar = {"POST": Access(Role.ADMIN, "onboarding:write")}

    @extend_schema(
        operation_id="completeOnboarding",
        request=serializers.StudioDetails,
        responses={200: serializers.StudioCompleted},
    )
    def post(self, request: Request) -> Response:
        """Store the studio's details and start or wake its set-up. The same details again change nothing."""
        stored = studio.complete(
            workspace_id=self.workspace_id,
            actor=self.principal.actor,
            now=clock.now(),
            **details(checked(serializers.StudioDetails, request.data)),
        )
        status = directory.get(self.workspace_id).status
        return Response({"workspace_id": self.workspace_id, "version": stored.version, "status": status})


def details(answers: dict[str, Any]) -> dict[str, Any]:
    """Return validated answers as the arguments of `studio.complete`."""
    window = answers.pop("time_window", None) or {}
    language, timezone = answers.pop("language", ""), answers.pop("timezone", "")
    particulars = Particulars(**answers, window_start=window.get("start"), window_end=window.get("end"))
    return {"particulars": particulars, "language": language, "timezone": timezone}


class OnboardingDocuments(WorkspaceView):
    access: ClassVar = {
        "GET": Access(Role.ADMIN, "onboarding:write"),
        "POST": Access(Role.ADMIN, "onboarding:write"),
    }
    throttles: ClassVar = {"POST": "documents:60/hour"}
    parser_classes = (CamelParser, MultiPartParser)

    @extend_schema(operation_id="listDocuments", responses=serializers.DocumentShown(many=True))
    def get(self, request: Request) -> Response:
        """List the papers, newest first."""
        page = ByCursor()
        rows = page.paginate_queryset(studio.document_rows(), request, self)
        return page.get_paginated_response(serializers.DocumentShown(rows, many=True).data)

    @extend_schema(
        operation_id="addDocument", request=serializers.NewDocument, responses={201: serializers.DocumentShown}
    )
    def post(self, request: Request) -> Response:
        """Keep a paper (PDF, PNG or JPEG, at most 5 MB). The same paper again is kept once."""
        given = checked(serializers.NewDocument, request.data)
        filename, content = serializers.uploaded(given)
        stored = studio.add_document(
            workspace_id=self.workspace_id,
            kind=given["kind"],
            filename=filename,
            content=content,
            actor=self.principal.actor,
            now=clock.now(),
        )
        return Response(serializers.DocumentShown(stored).data, status=201)
