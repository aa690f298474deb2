"""What people of the studio keep beside their chats: notes to each other, and replies they use again."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError
from django.utils.translation import gettext as _

from coach import texts
from coach.models import ChatNote, Conversation, Lead, SavedReply
from pilar.backplane import audit
from pilar.backplane.tenancy import current, savepoint
from pilar.kernel.problems import Conflict, NotFound, Problem
from workspaces.models import Workspace

LONGEST_NOTE = 2000
LONGEST_REPLY = 1000
LONGEST_TITLE = 60
MOST_REPLIES = 100


def add_note(conversation: Conversation, *, text: str, actor: str, now: datetime) -> ChatNote:
    """Keep a remark for colleagues; it is never sent. Raises Problem for an empty or too long text."""
    body = _text("text", text, LONGEST_NOTE)
    note = ChatNote.objects.create(conversation=conversation, body=body, author=actor, created_at=now)
    audit.record(actor, "note.added", "ChatNote", note.pk)
    return note


def remove_note(conversation: Conversation, *, note_id: UUID, actor: str) -> None:
    """Throw a remark away. Raises NotFound."""
    deleted, _rows = ChatNote.objects.filter(conversation=conversation, pk=note_id).delete()
    if not deleted:
        raise NotFound
    audit.record(actor, "note.removed", "ChatNote", note_id)


def saved_replies() -> list[SavedReply]:
    """Return the studio's saved replies by title."""
    return list(SavedReply.objects.order_by("title")[:MOST_REPLIES])


def get_reply(reply_id: UUID) -> SavedReply:
    """Return one saved reply. Raises NotFound for absent and foreign ids alike."""
    found = SavedReply.objects.filter(pk=reply_id).first()
    if found is None:
        raise NotFound
    return found


def save_reply(*, title: str, body: str, actor: str, reply: SavedReply | None = None) -> SavedReply:
    """Keep a reply, or change the given one. Raises Problem for bad input, Conflict for a title that exists or too many."""
    row = reply or SavedReply(created_by=actor)
    row.title, row.body = _text("title", title, LONGEST_TITLE), _text("body", body, LONGEST_REPLY)
    if reply is None and SavedReply.objects.count() >= MOST_REPLIES:
        raise Conflict(_("There are %(most)s saved replies. Delete one first.") % {"most": MOST_REPLIES})
    try:
        with savepoint():
            row.save()
    except IntegrityError as error:
        sentence = _("There is a saved reply with this title already.")
        raise Conflict(sentence, code="title_taken", fields={"title": sentence}) from error
    audit.record(actor, "saved_reply.changed" if reply else "saved_reply.added", "SavedReply", row.pk)
    return row


def remove_reply(reply: SavedReply, *, actor: str) -> None:
    """Throw a saved reply away."""
    audit.record(actor, "saved_reply.removed", "SavedReply", reply.pk)
    reply.delete()


def filled(body: str, lead: Lead, studio: str = "") -> str:
    """Return a saved reply as it is written to this person."""
    name = studio or Workspace.objects.get(pk=current()).name
    called = texts.called(lead.first_name, lead.language)
    return body.replace("{first_name}", called).replace("{studio}", name)


def _text(field: str, given: str, longest: int) -> str:
    text = given.replace("\x00", "").replace("\r\n", "\n").strip()
    if not 0 < len(text) <= longest:
        sentence = _("Write 1 to %(longest)s characters.") % {"longest": longest}
        raise Problem(sentence, code="validation_failed", fields={field: sentence})
    return text
