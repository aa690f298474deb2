"""One conversation as it is read: messages and notes in the order of time, newest page first."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from coach.models import ChatNote, Conversation, Message
from pilar.kernel.problems import NotFound

PAGE = 60
_NOTES = 100


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a conversation, oldest first. `older` is the message before which more stand; empty at the beginning."""

    entries: list[Message | ChatNote]
    older: str


def read(conversation: Conversation, *, before: str = "") -> Part:
    """Return the newest part of a conversation, or the part before a message. An unknown message is none."""
    rows = conversation.messages.order_by("-at", "-id")
    anchor = _message(conversation, before)
    if anchor:
        rows = rows.filter(Q(at__lt=anchor.at) | Q(at=anchor.at, pk__lt=anchor.pk))
    found = list(rows[: PAGE + 1])
    kept = found[:PAGE]
    more = len(found) > PAGE
    notes = ChatNote.objects.filter(conversation=conversation)
    if more:
        notes = notes.filter(created_at__gte=kept[-1].at)
    if anchor:
        notes = notes.filter(created_at__lt=anchor.at)
    entries: list[Message | ChatNote] = [*kept, *notes.order_by("-created_at")[:_NOTES]]
    entries.sort(key=lambda entry: (entry.at if isinstance(entry, Message) else entry.created_at, entry.pk))
    return Part(entries, str(kept[-1].pk) if more else "")


def _message(conversation: Conversation, text: str) -> Message | None:
    try:
        return conversation.messages.filter(pk=UUID(text)).first() if text else None
    except ValueError:
        return None


def message(conversation: Conversation, message_id: UUID) -> Message:
    """Return one message of a conversation. Raises NotFound."""
    found = conversation.messages.filter(pk=message_id).first()
    if found is None:
        raise NotFound
    return found
