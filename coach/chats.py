"""What people of the studio do in a conversation: read and write."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.utils.translation import gettext as _

from coach import gates, optout, outbox, template_texts, texts
from coach.models import Conversation, FollowupTemplate, Lead, Message
from coach.outbox import Draft
from pilar.backplane import audit
from pilar.backplane.tenancy import current
from pilar.kernel.problems import Conflict, NotFound
from pilar.providers.models import MessageTemplate
from workspaces import directory
from workspaces.models import Workspace

Owner = Conversation.Owner


def get(conversation_id: UUID) -> Conversation:
    """Return a conversation with its lead. Raises NotFound for absent and foreign ids alike."""
    found = Conversation.objects.select_related("lead").filter(pk=conversation_id).first()
    if found is None:
        raise NotFound
    return found


def write(conversation: Conversation, *, text: str, actor: str, now: datetime, key: str = "") -> Message:
    """Send a person's own words; the AI steps back from this chat. The same `key` again returns the first message.

    Raises Conflict when the studio is suspended, the window is closed or the member said stop, budgets.Exceeded when the
    day's messages are used up.
    """
    if not conversation.is_open(now):
        sentence = _(
            "WhatsApp's 24-hour window is closed. Choose an approved template, or wait until the member writes."
        )
        raise Conflict(sentence, code="window_closed")
    draft = Draft(text=text, by=Message.By.HUMAN, author=actor, why={"trigger": "person", "form": "text"})
    return _send(conversation, draft, actor=actor, now=now, key=key)


def write_template(
    conversation: Conversation, *, template_id: UUID, actor: str, now: datetime, key: str = ""
) -> Message:
    """Send an approved template by a person's hand. Raises NotFound and Conflict."""
    template = next((row for row in approved_templates(conversation.lead) if row.pk == template_id), None)
    if template is None:
        raise NotFound
    values = _values(template, conversation.lead, Workspace.objects.get(pk=current()).name)
    draft = Draft(
        text=template_texts.filled(template.body, values),
        by=Message.By.HUMAN,
        author=actor,
        template={"name": template.name, "language": template.language, "params": values},
        why={"trigger": "person", "form": "template"},
    )
    return _send(conversation, draft, actor=actor, now=now, key=key)


def _values(template: FollowupTemplate, lead: Lead, studio: str) -> dict[str, str]:
    return {"first_name": texts.called(lead.first_name, template.language), "studio": " ".join(studio.split())}


def may_write(conversation: Conversation, *, now: datetime) -> bool:
    """Say whether a person of the studio may write here: not after a stop, until the member writes again."""
    return not gates.held(Message(by=Message.By.HUMAN), conversation.lead, conversation, now=now)


def offered_templates(conversation: Conversation) -> list[dict[str, Any]]:
    """Return the approved templates with the words as this person would read them."""
    studio = Workspace.objects.get(pk=current()).name
    return [
        {
            "id": row.pk,
            "name": row.name,
            "purpose": row.purpose,
            "text": template_texts.filled(row.body, _values(row, conversation.lead, studio)),
            "footer": row.footer,
        }
        for row in approved_templates(conversation.lead)
    ]


def _send(conversation: Conversation, draft: Draft, *, actor: str, now: datetime, key: str) -> Message:
    intent = f"manual:{key or uuid4()}"
    lead = optout.locked(conversation.lead)
    before = Message.objects.filter(effect_key=intent).first()
    if before is not None:
        return _same(before, conversation, draft)
    if directory.is_suspended(current()):
        raise Conflict(_("The studio is suspended. Pay its subscription to write again."), code="suspended")
    if gates.held(Message(by=draft.by, why=draft.why), lead, conversation, now=now):
        raise Conflict(_("This member said stop. You may answer only when they write again."), code="opted_out")
    message = outbox.say(conversation, draft, key=intent, now=now)
    Conversation.objects.filter(pk=conversation.pk).update(
        owner=Owner.HUMAN, taken_by=actor, unread=0, answered_generation=conversation.generation
    )
    audit.record(actor, "message.written", "Message", message.pk)
    return message


def _same(before: Message, conversation: Conversation, draft: Draft) -> Message:
    if (before.conversation_id, before.body) != (conversation.pk, draft.text):
        raise Conflict(_("This idempotency key was used for another message."), code="idempotency_key_reused")
    return before


def approved_templates(lead: Lead) -> list[FollowupTemplate]:
    """Return the templates that WhatsApp has approved, in the member's language or else the studio's."""
    usable = set(MessageTemplate.objects.filter(status__in=("APPROVED", "REINSTATED")).values_list("name", "language"))
    languages = (lead.language, Workspace.objects.get(pk=current()).language)
    rows = [row for row in FollowupTemplate.objects.filter(active=True) if (row.name, row.language) in usable]
    mine = [row for row in rows if row.language == languages[0]]
    return mine or [row for row in rows if row.language == languages[1]]


def read(conversation: Conversation) -> None:
    """Note that a person of the studio has seen the chat."""
    Conversation.objects.filter(pk=conversation.pk).exclude(unread=0).update(unread=0)


def explained(message: Message) -> dict[str, Any]:
    """Return why a message was sent, without the parts that only engines read."""
    hidden = {"prompt_version", "disclosed", "overtook"}
    return {name: value for name, value in message.why.items() if name not in hidden and value}
