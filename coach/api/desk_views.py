"""Doors to what people of the studio do beside writing: who has the word, notes, saved replies, single planned messages."""

from dataclasses import replace
from typing import ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from coach import chats, config, desk, handover, leads, planned, preferences, simulation
from coach.api import serializers
from coach.api.desk_serializers import (
    DAYS,
    ConversationChange,
    NewNote,
    NoteShown,
    Pause,
    PreferencesChange,
    PreferencesShown,
    ReplyChange,
    ReplyFields,
    ReplyShown,
    WeekShown,
)
from coach.api.views import page
from coach.models import ChatNote, SavedReply
from pilar.api.access import Access, WorkspaceView
from pilar.api.serializers import checked
from pilar.kernel import clock
from pilar.kernel.principal import Role

READ, WRITE = Access(Role.VIEWER, "conversations:read"), Access(Role.COACH, "conversations:write")


class LeadPreferences(WorkspaceView):
    access: ClassVar = {"GET": Access(Role.VIEWER, "leads:read"), "PATCH": Access(Role.COACH, "leads:write")}

    @extend_schema(operation_id="getLeadPreferences", responses=PreferencesShown)
    def get(self, request: Request, lead_id: UUID) -> Response:
        """Show how a person wants to be coached."""
        return Response(PreferencesShown(preferences.of(leads.get(lead_id))).data)

    @extend_schema(operation_id="changeLeadPreferences", request=PreferencesChange, responses=PreferencesShown)
    def patch(self, request: Request, lead_id: UUID) -> Response:
        """Keep a person's wishes. The next message of the rhythm is planned anew by them."""
        lead, changes = leads.get(lead_id), checked(PreferencesChange, request.data)
        if "weekdays" in changes:
            changes["weekdays"] = tuple(DAYS.index(day) for day in changes["weekdays"])
        wanted = replace(preferences.of(lead), **changes)
        preferences.change(lead, wanted, actor=self.principal.actor, now=clock.now())
        return Response(PreferencesShown(preferences.of(lead)).data)


class ConversationOne(WorkspaceView):
    access: ClassVar = {"GET": READ, "PATCH": WRITE}

    @extend_schema(operation_id="getConversation", responses=serializers.ConversationShown)
    def get(self, request: Request, conversation_id: UUID) -> Response:
        """Show one conversation."""
        return Response(serializers.ConversationShown(chats.get(conversation_id)).data)

    @extend_schema(operation_id="giveConversation", request=ConversationChange, responses=serializers.ConversationShown)
    def patch(self, request: Request, conversation_id: UUID) -> Response:
        """Take the conversation over (`human`), or hand it back (`ai`). The AI never talks over a person.

        What the member wrote last and nobody answered, the AI answers when it gets the conversation back.
        """
        owner = checked(ConversationChange, request.data)["owner"]
        handover.give_to(chats.get(conversation_id), owner=owner, actor=self.principal.actor, now=clock.now())
        return Response(serializers.ConversationShown(chats.get(conversation_id)).data)


class Notes(WorkspaceView):
    access: ClassVar = {"GET": READ, "POST": WRITE}

    @extend_schema(operation_id="listNotes", responses=NoteShown(many=True))
    def get(self, request: Request, conversation_id: UUID) -> Response:
        """List the notes of a conversation, newest first. They are never sent."""
        return page(self, request, ChatNote.objects.filter(conversation=chats.get(conversation_id)), NoteShown)

    @extend_schema(operation_id="addNote", request=NewNote, responses={201: NoteShown})
    def post(self, request: Request, conversation_id: UUID) -> Response:
        """Keep a remark for colleagues."""
        text = checked(NewNote, request.data)["text"]
        conversation, actor = chats.get(conversation_id), self.principal.actor
        note = desk.add_note(conversation, text=text, actor=actor, now=clock.now())
        return Response(NoteShown(note).data, status=201)


class NoteOne(WorkspaceView):
    access: ClassVar = {"DELETE": WRITE}

    @extend_schema(operation_id="removeNote", responses={204: None})
    def delete(self, request: Request, conversation_id: UUID, note_id: UUID) -> Response:
        """Throw a note away."""
        desk.remove_note(chats.get(conversation_id), note_id=note_id, actor=self.principal.actor)
        return Response(status=204)


class Replies(WorkspaceView):
    access: ClassVar = {"GET": READ, "POST": WRITE}

    @extend_schema(operation_id="listSavedReplies", responses=ReplyShown(many=True))
    def get(self, request: Request) -> Response:
        """List the saved replies, newest first."""
        return page(self, request, SavedReply.objects.all(), ReplyShown)

    @extend_schema(operation_id="addSavedReply", request=ReplyFields, responses={201: ReplyShown})
    def post(self, request: Request) -> Response:
        """Keep a reply. `{first_name}` and `{studio}` are filled in where it is inserted."""
        row = desk.save_reply(**checked(ReplyFields, request.data), actor=self.principal.actor)
        return Response(ReplyShown(row).data, status=201)


class ReplyOne(WorkspaceView):
    access: ClassVar = {"PATCH": WRITE, "DELETE": WRITE}

    @extend_schema(operation_id="changeSavedReply", request=ReplyChange, responses=ReplyShown)
    def patch(self, request: Request, reply_id: UUID) -> Response:
        """Change title or words of a saved reply."""
        row = desk.get_reply(reply_id)
        fields = {"title": row.title, "body": row.body} | checked(ReplyChange, request.data)
        return Response(ReplyShown(desk.save_reply(**fields, actor=self.principal.actor, reply=row)).data)

    @extend_schema(operation_id="removeSavedReply", responses={204: None})
    def delete(self, request: Request, reply_id: UUID) -> Response:
        """Throw a saved reply away."""
        desk.remove_reply(desk.get_reply(reply_id), actor=self.principal.actor)
        return Response(status=204)


class FollowupSkip(WorkspaceView):
    access: ClassVar = {"POST": Access(Role.COACH, "followups:write")}

    @extend_schema(operation_id="skipFollowup", request=None, responses=serializers.FollowupShown)
    def post(self, request: Request, followup_id: UUID) -> Response:
        """Leave one planned message out; the rhythm goes on with the next."""
        row = planned.skip(followup_id, actor=self.principal.actor, now=clock.now())
        return Response(serializers.FollowupShown(row).data)


class FollowupSend(WorkspaceView):
    access: ClassVar = {"POST": Access(Role.COACH, "followups:write")}

    @extend_schema(operation_id="sendFollowupNow", request=None, responses={202: serializers.FollowupShown})
    def post(self, request: Request, followup_id: UUID) -> Response:
        """Bring one planned message forward to now; 409 names what stands in the way."""
        row = planned.send_now(followup_id, actor=self.principal.actor, now=clock.now())
        return Response(serializers.FollowupShown(row).data, status=202)


class CoachPause(WorkspaceView):
    access: ClassVar = {"POST": Access(Role.ADMIN, "coach:write", system=True)}

    @extend_schema(operation_id="pauseCoach", request=Pause, responses=serializers.CoachConfig)
    def post(self, request: Request, workspace_id: UUID) -> Response:
        """Pause the coach until an instant, or without one until `paused` is sent as false."""
        wanted, actor = checked(Pause, request.data), self.principal.actor
        if not wanted["paused"]:
            return Response(config.go_on(actor=actor).document())
        return Response(config.pause(until=wanted.get("until"), actor=actor, now=clock.now()).document())


class Simulation(WorkspaceView):
    access: ClassVar = {"POST": Access(Role.ADMIN, "coach:read", system=True)}
    throttles: ClassVar = {"POST": "coach-simulation:120/hour"}

    @extend_schema(operation_id="simulateCoach", request=serializers.CoachConfig, responses=WeekShown)
    def post(self, request: Request, workspace_id: UUID) -> Response:
        """Say what would happen in the next seven days with these settings. Saves and sends nothing."""
        changes = serializers.changes_of(checked(serializers.CoachConfig, request.data))
        found = simulation.week(config.imagined(changes=changes), now=clock.now())
        return Response(WeekShown(found).data)
