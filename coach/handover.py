"""Who has the word in a chat, the AI or a person of the studio; and what the AI does with what it is handed back."""

from datetime import datetime

from django.utils.translation import gettext as _

from coach import config, gates, optout, stopwords
from coach.inbox import SILENT_KINDS
from coach.models import Conversation, Lead, Message
from coach.payloads import ReplyDue
from pilar.backplane import audit, jobs
from pilar.kernel.problems import Problem

Owner = Conversation.Owner


def give_to(conversation: Conversation, *, owner: str, actor: str, now: datetime) -> bool:
    """Let the acting person or the AI have the word; say whether the AI now answers what waits. Raises Problem for anybody else.

    Takes the person's lock, so that a message of the AI that is being decided either comes before or not at all. What
    waits for an answer when the AI gets the word is answered by it, through the same gates as any answer, once.
    """
    if owner not in (Owner.AI, Owner.HUMAN):
        raise Problem(_("Choose ai or human."), code="validation_failed", fields={"owner": _("Choose ai or human.")})
    optout.locked(conversation.lead)
    before = Conversation.objects.select_related("lead").get(pk=conversation.pk)
    taken_by = actor if owner == Owner.HUMAN else ""
    Conversation.objects.filter(pk=conversation.pk).update(owner=owner, taken_by=taken_by)
    audit.record(
        actor, "chat.owner", "Conversation", conversation.pk, before={"owner": before.owner}, after={"owner": owner}
    )
    if owner != Owner.AI or before.owner == Owner.AI or not waits(before, now=now):
        return False
    due = ReplyDue(conversation_id=before.pk, generation=before.generation)
    jobs.enqueue("coach.reply", due, key=f"reply:{before.pk}:{before.generation}:back:{now.isoformat()}", priority=0)
    return _may_speak(now)


def waits(conversation: Conversation, *, now: datetime) -> bool:
    """Say whether the member has the last word, it asks for an answer that the AI may give, and there is still time."""
    if not conversation.is_open(now) or conversation.lead.status == Lead.Status.OPTED_OUT:
        return False
    said = conversation.messages.exclude(state=Message.State.DROPPED).exclude(kind__in=SILENT_KINDS)
    last = said.order_by("-at", "-direction", "-id").first()  # of the same instant: what was said by rule is the answer
    return last is not None and last.direction == Message.Direction.IN and stopwords.wish_of(last.body) is None


def outlook(conversation: Conversation, *, now: datetime) -> str:
    """Say what handing back would do: `answers` what waits, `silent` because the coach is off, or nothing of note."""
    if conversation.owner == Owner.AI or not waits(conversation, now=now):
        return ""
    return "answers" if _may_speak(now) else "silent"


def _may_speak(now: datetime) -> bool:
    mine = config.current()
    return mine.is_on(now) and mine.auto_reply and gates.may_answer()
