"""Inputs and answers of the routes beside writing."""

from typing import Any

from rest_framework import serializers

from coach import desk
from coach.models import ChatNote, CoachConfig, CoachingState, Conversation, SavedReply
from coach.preferences import Preferences
from pilar.api.serializers import Strict

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class ConversationChange(Strict):
    owner = serializers.ChoiceField(choices=(Conversation.Owner.AI, Conversation.Owner.HUMAN))


class NewNote(Strict):
    text = serializers.CharField(max_length=desk.LONGEST_NOTE)


class NoteShown(serializers.ModelSerializer[ChatNote]):
    text = serializers.CharField(source="body", read_only=True)
    conversation_id = serializers.UUIDField(read_only=True)

    class Meta:
        model = ChatNote
        fields = ("id", "conversation_id", "text", "author", "created_at")


class ReplyFields(Strict):
    title = serializers.CharField(max_length=desk.LONGEST_TITLE)
    body = serializers.CharField(max_length=desk.LONGEST_REPLY)


class ReplyChange(Strict):
    title = serializers.CharField(max_length=desk.LONGEST_TITLE, required=False)
    body = serializers.CharField(max_length=desk.LONGEST_REPLY, required=False)


class ReplyShown(serializers.ModelSerializer[SavedReply]):
    class Meta:
        model = SavedReply
        fields = ("id", "title", "body", "created_at")


class Pause(Strict):
    """`until` is an instant within the next year; without it the pause lasts until somebody ends it."""

    paused = serializers.BooleanField()
    until = serializers.DateTimeField(required=False, allow_null=True)


class ComingShown(serializers.Serializer[Any]):
    lead_id = serializers.UUIDField()
    name = serializers.CharField()
    at = serializers.DateTimeField()
    type = serializers.CharField()
    form = serializers.ChoiceField(choices=("text", "template"))


class DayShown(serializers.Serializer[Any]):
    date = serializers.DateField()
    messages = serializers.IntegerField()
    over = serializers.IntegerField(help_text="what the day's budget does not hold")


class WeekShown(serializers.Serializer[Any]):
    """Counts are for the whole studio; `isEstimate` when fewer members than all were judged."""

    members = serializers.IntegerField()
    judged = serializers.IntegerField()
    is_estimate = serializers.BooleanField()
    messages = serializers.IntegerField()
    reached = serializers.IntegerField()
    templates = serializers.IntegerField()
    days = DayShown(many=True)
    reasons = serializers.SerializerMethodField()
    soonest = ComingShown(many=True)

    def get_reasons(self, found: Any) -> list[dict[str, Any]]:
        return [{"reason": reason, "members": count} for reason, count in found.reasons]


class PreferencesChange(Strict):
    """What is not sent stays as it is; an empty text or list is: as the studio's settings say."""

    frequency: Any = serializers.ChoiceField(choices=CoachConfig.Frequency.choices, required=False, allow_blank=True)
    weekdays = serializers.ListField(
        child=serializers.ChoiceField(choices=DAYS), required=False, max_length=7, help_text="the only days to write on"
    )
    time_of_day = serializers.CharField(max_length=5, required=False, allow_blank=True, help_text="HH:MM, local")
    motivation_style = serializers.ChoiceField(choices=CoachingState.Style.choices, required=False)


class PreferencesShown(serializers.Serializer[Any]):
    frequency: Any = serializers.CharField()
    weekdays = serializers.SerializerMethodField()
    time_of_day = serializers.CharField()
    motivation_style = serializers.CharField()

    def get_weekdays(self, wishes: Preferences) -> list[str]:
        return [DAYS[day] for day in wishes.weekdays]
