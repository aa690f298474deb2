"""What the coach's jobs and events carry."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from pilar.kernel.switchboard import Payload


class FollowupDue(Payload):
    followup_id: UUID


class ReplyDue(Payload):
    conversation_id: UUID
    generation: int


class Agreed(Payload):
    lead_id: UUID


class MessageReady(Payload):
    message_id: UUID


class ErasureDue(Payload):
    erasure_id: UUID


class ImportDue(Payload):
    import_id: UUID


class ExportDue(Payload):
    export_id: UUID


class BulkDue(Payload):
    action_id: UUID


class CoachEvent(Payload):
    """A coach event of the specification (Module 6): somebody outside wants this message to go to this lead now."""

    lead_id: UUID
    personalized_content: str = Field(default="", max_length=1000)
    scheduled_for: datetime | None = None
    timezone: str = ""
