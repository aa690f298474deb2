"""Doors to leads, conversations and follow-ups."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Prefetch
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ListSerializer

from coach import chats, consents, erasure, followups, leads
from coach.api import serializers
from coach.models import Consent, Conversation, Followup, Lead, Message
from pilar.api.access import Access, WorkspaceView
from pilar.api.pagination import ByCursor
from pilar.api.serializers import checked
from pilar.kernel import clock
from pilar.kernel.principal import Role
from pilar.kernel.problems import Problem

KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="The same key again changes nothing; up to 100 characters",
)


def idempotency_key(request: Request, given: str = "") -> str:
    """Return the caller's key from the body or the header. Raises Problem for one that is too long."""
    key = given or request.headers.get("Idempotency-Key", "")
    if len(key) > 100 or not key.isprintable():
        sentence = _("Send an idempotency key of up to 100 printable characters.")
        raise Problem(sentence, code="validation_failed", fields={"idempotencyKey": sentence})
    return key


def chosen(request: Request, name: str, values: list[str]) -> str:
    """Return a filter of the query string, or an empty text. Raises Problem for a value that is not offered."""
    value = request.query_params.get(name, "")
    if value and value not in values:
        sentence = _("Choose one of: %(values)s.") % {"values": ", ".join(values)}
        raise Problem(sentence, code="validation_failed", fields={name: sentence})
    return value


def named_id(request: Request, name: str) -> UUID | None:
    """Return an id of the query string, or None. Raises Problem for what is no id."""
    value = request.query_params.get(name)
    try:
        return UUID(value) if value else None
    except ValueError as error:
        sentence = _("This is no id.")
        raise Problem(sentence, code="validation_failed", fields={name: sentence}) from error


def page(view: WorkspaceView, request: Request, rows: Any, shown: type[Any]) -> Response:
    """Answer with one page of a list."""
    pager = ByCursor()
    found = pager.paginate_queryset(rows, request, view)
    many: ListSerializer[Any] = shown(found, many=True)
    return pager.get_paginated_response(many.data)


def with_consents() -> Any:
    """Select leads together with their consents, in two queries whatever their number."""
    return Lead.objects.prefetch_related(Prefetch("consents", Consent.objects.order_by("-id")))


class Leads(WorkspaceView):
    access: ClassVar = {"GET": Access(Role.VIEWER, "leads:read"), "POST": Access(Role.COACH, "leads:write")}

    @extend_schema(
        operation_id="listLeads",
        parameters=[OpenApiParameter("status", str, enum=Lead.Status.values)],
        responses=serializers.LeadShown(many=True),
    )
    def get(self, request: Request) -> Response:
        """List the studio's members and prospects, newest first."""
        rows, status = with_consents(), chosen(request, "status", Lead.Status.values)
        return page(self, request, rows.filter(status=status) if status else rows, serializers.LeadShown)

    @extend_schema(operation_id="addLead", request=serializers.NewLead, responses={201: serializers.LeadShown})
    def post(self, request: Request) -> Response:
        """Add a person. Without consent the coach answers them, and never writes first."""
        wanted = checked(serializers.NewLead, request.data)
        consent = wanted.pop("consent", None)
        new = leads.NewLead(**wanted, consent=consents.NewConsent(**consent) if consent else None)
        lead = leads.add(new, actor=self.principal.actor, source="api", now=clock.now())
        return Response(serializers.LeadShown(with_consents().get(pk=lead.pk)).data, status=201)


class LeadOne(WorkspaceView):
    access: ClassVar = {
        "GET": Access(Role.VIEWER, "leads:read"),
        "PATCH": Access(Role.COACH, "leads:write"),
        "DELETE": Access(Role.ADMIN, "leads:write"),
    }

    @extend_schema(operation_id="getLead", responses=serializers.LeadShown)
    def get(self, request: Request, lead_id: UUID) -> Response:
        """Show one person."""
        return self._shown(leads.get(lead_id))

    @extend_schema(operation_id="changeLead", request=serializers.LeadChange, responses=serializers.LeadShown)
    def patch(self, request: Request, lead_id: UUID) -> Response:
        """Change what is known of a person; the number stays."""
        wanted = checked(serializers.LeadChange, request.data)
        return self._shown(leads.change(leads.get(lead_id), wanted, actor=self.principal.actor))

    @extend_schema(operation_id="eraseLead", responses={204: None})
    def delete(self, request: Request, lead_id: UUID) -> Response:
        """Erase a person and all that was said. A keyed hash stays, so that a new import wakes nobody."""
        erasure.erase(leads.get(lead_id), actor=self.principal.actor, now=clock.now())
        return Response(status=204)

    def _shown(self, lead: Lead) -> Response:
        return Response(serializers.LeadShown(with_consents().get(pk=lead.pk)).data)


class LeadConsents(WorkspaceView):
    access: ClassVar = {"POST": Access(Role.COACH, "leads:write")}

    @extend_schema(operation_id="addConsent", request=serializers.NewConsent, responses={201: serializers.LeadShown})
    def post(self, request: Request, lead_id: UUID) -> Response:
        """Record a consent with its proof. After a STOP only the person's own START brings the messages back."""
        given = consents.NewConsent(**checked(serializers.NewConsent, request.data))
        leads.add_consent(leads.get(lead_id), given, actor=self.principal.actor, now=clock.now())
        return Response(serializers.LeadShown(with_consents().get(pk=lead_id)).data, status=201)


class Conversations(WorkspaceView):
    access: ClassVar = {"GET": Access(Role.VIEWER, "conversations:read")}
    ordering = "-last_message_at"

    @extend_schema(
        operation_id="listConversations",
        parameters=[OpenApiParameter("owner", str, enum=Conversation.Owner.values)],
        responses=serializers.ConversationShown(many=True),
    )
    def get(self, request: Request) -> Response:
        """List the conversations, the latest first."""
        rows = Conversation.objects.select_related("lead").filter(last_message_at__isnull=False)
        owner = chosen(request, "owner", Conversation.Owner.values)
        return page(self, request, rows.filter(owner=owner) if owner else rows, serializers.ConversationShown)


class Messages(WorkspaceView):
    access: ClassVar = {
        "GET": Access(Role.VIEWER, "conversations:read"),
        "POST": Access(Role.COACH, "conversations:write"),
    }

    @extend_schema(operation_id="listMessages", responses=serializers.MessageShown(many=True))
    def get(self, request: Request, conversation_id: UUID) -> Response:
        """List what was said, newest first."""
        conversation = chats.get(conversation_id)
        return page(self, request, Message.objects.filter(conversation=conversation), serializers.MessageShown)

    @extend_schema(
        operation_id="writeMessage",
        parameters=[KEY],
        request=serializers.NewMessage,
        responses={202: serializers.MessageShown},
    )
    def post(self, request: Request, conversation_id: UUID) -> Response:
        """Write to a member by a person's hand; the AI steps back from this chat. Sent at once, by a job."""
        wanted = checked(serializers.NewMessage, request.data)
        conversation, key, now = chats.get(conversation_id), idempotency_key(request), clock.now()
        actor = self.principal.actor
        if "text" in wanted:
            message = chats.write(conversation, text=wanted["text"], actor=actor, now=now, key=key)
        else:
            template = wanted["template"]
            message = chats.write_template(conversation, template_id=template, actor=actor, now=now, key=key)
        return Response(serializers.MessageShown(message).data, status=202)


class Followups(WorkspaceView):
    access: ClassVar = {"GET": Access(Role.VIEWER, "followups:read"), "POST": Access(Role.COACH, "followups:write")}

    @extend_schema(
        operation_id="listFollowups",
        parameters=[
            OpenApiParameter("leadId", UUID),
            OpenApiParameter("status", str, enum=Followup.Status.values),
        ],
        responses=serializers.FollowupShown(many=True),
    )
    def get(self, request: Request) -> Response:
        """List the planned and past follow-ups, newest first."""
        rows, lead = Followup.objects.all(), named_id(request, "leadId")
        status = chosen(request, "status", Followup.Status.values)
        rows = rows.filter(lead=lead) if lead else rows
        return page(self, request, rows.filter(status=status) if status else rows, serializers.FollowupShown)

    @extend_schema(
        operation_id="planFollowup",
        parameters=[KEY],
        request=serializers.NewFollowup,
        responses={201: serializers.FollowupShown},
    )
    def post(self, request: Request) -> Response:
        """Plan one message to a member. One that is due now goes out within seconds, if nothing stands against it."""
        wanted = checked(serializers.NewFollowup, request.data)
        followup = followups.plan(
            leads.get(wanted["lead_id"]),
            type=wanted["type"],
            at=wanted["scheduled_at"],
            text=wanted.get("text", ""),
            actor=self.principal.actor,
            now=clock.now(),
            key=idempotency_key(request),
        )
        return Response(serializers.FollowupShown(followup).data, status=201)
