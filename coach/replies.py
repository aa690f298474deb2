"""Answering what people write. A conversation has one writer at a time: an answer to an older generation is thrown away."""

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.utils.translation import gettext_noop

from coach import config, consequences, gates, optout, outbox
from coach.agent import wishes, writer
from coach.agent.writer import Written
from coach.models import Conversation, Lead, Message
from coach.outbox import Outcome
from coach.payloads import MessageReady, ReplyDue
from pilar.backplane import activity, budgets
from pilar.backplane.tenancy import atomic, savepoint
from pilar.kernel import clock
from pilar.kernel.errors import ContactFailure, ProviderError
from pilar.kernel.switchboard import Reschedule, Work
from pilar.providers import storable
from pilar.providers.whatsapp import messages

log = structlog.get_logger(__name__)
Owner = Conversation.Owner
PATIENCE = timedelta(minutes=30)
"""An answer that could not be sent for so long is left to a person."""


def answer(work: Work[ReplyDue]) -> dict[str, Any] | Reschedule | None:
    """Answer a person's last messages, unless somebody wrote more, a person has the word, or the coach may not speak."""
    now, due = clock.now(), work.payload
    with atomic():
        conversation = Conversation.objects.select_related("lead").filter(pk=due.conversation_id).first()
        if conversation is not None:
            _take_back_older(conversation)
        if conversation is None or conversation.generation != due.generation:
            return {"outcome": "superseded"}
        message = Message.objects.filter(effect_key=_key(conversation)).first()
        silent = "" if message else _silent(conversation, now)
    if silent:
        return _to_people(conversation, silent)
    if message is None:
        message = _claim(conversation, writer.reply(conversation, now=now), now)
    if message is None:
        return {"outcome": "superseded"}
    return _deliver(message, now)


def _take_back_older(conversation: Conversation) -> None:
    """Drop answers to older messages that still wait to be sent: the next answer is to all that was written since."""
    waiting = conversation.messages.filter(
        effect_key__startswith="reply:", by=Message.By.AI, state=Message.State.QUEUED, provider_id=""
    )
    for message in waiting.filter(generation__gt=0, generation__lt=conversation.generation):
        if not outbox.has_begun(message):
            outbox.take_back(message, reason="superseded")
            conversation.refresh_from_db(fields=["ai_disclosed_at"])


def _key(conversation: Conversation) -> str:
    """One intent for each unanswered run of messages, named after its last one; another once an answer was dropped."""
    last = conversation.messages.filter(direction=Message.Direction.IN, generation=conversation.generation)
    newest = last.order_by("-id").values_list("provider_id", flat=True).first()
    key = storable.key(f"reply:{newest}")
    dropped = conversation.messages.filter(effect_key__startswith=key, state=Message.State.DROPPED).count()
    return f"{key}:{dropped}" if dropped else key


def _silent(conversation: Conversation, now: datetime) -> str:
    """Return why the coach keeps silent, or an empty string."""
    settings = config.current()
    if conversation.lead.status == Lead.Status.OPTED_OUT:
        return "opted_out"
    if conversation.owner == Owner.HUMAN:
        return "a_person_answers"
    if not (settings.is_on(now) and settings.auto_reply):
        return "auto_reply_off"
    if not gates.may_answer():
        return "no_subscription"
    return ""


def _to_people(conversation: Conversation, reason: str) -> dict[str, Any]:
    with atomic():
        Conversation.objects.filter(pk=conversation.pk, owner=Owner.AI).update(owner=Owner.WAITING)
    return {"outcome": "left_to_people", "reason": reason}


def _claim(conversation: Conversation, written: Written, now: datetime) -> Message | None:
    """Write the intent if the answer is still wanted: same generation, no stop, no person who took over meanwhile."""
    with atomic():
        lead = optout.locked(conversation.lead)
        fresh = Conversation.objects.select_related("lead").get(pk=conversation.pk)
        stale = fresh.generation != conversation.generation or fresh.owner == Owner.HUMAN
        if stale or lead.status == Lead.Status.OPTED_OUT:
            return None
        try:
            with savepoint():
                message = outbox.put(fresh, written.draft, key=_key(fresh), now=now, generation=fresh.generation)
        except budgets.Exceeded:
            Conversation.objects.filter(pk=fresh.pk).update(owner=Owner.WAITING)
            activity.log(
                "chat.waiting",
                gettext_noop("The day's messages are used up; a member waits for an answer"),
                {},
                subject=lead,
            )
            return None
        if written.change and written.asked_in:
            wishes.keep(written.change, lead, asked_in=written.asked_in, now=now)
        _settle(fresh, written, now)
        return message


def _settle(conversation: Conversation, written: Written, now: datetime) -> None:
    conversation.answered_generation = conversation.generation
    conversation.unread = 0
    if written.hand_over:
        conversation.owner = Owner.WAITING
        activity.log(
            "chat.waiting", gettext_noop("A member waits for an answer by a person"), {}, subject=conversation.lead
        )
    conversation.save(update_fields=["answered_generation", "unread", "owner"])
    writer.disclosed(conversation, written.draft, now=now)


def deliver(work: Work[MessageReady]) -> dict[str, Any] | Reschedule | None:
    """Send a message that was put down: fixed texts and what people of the studio write."""
    with atomic():
        message = Message.objects.filter(pk=work.payload.message_id).first()
    return _deliver(message, clock.now()) if message else None


def _deliver(message: Message, now: datetime) -> dict[str, Any] | Reschedule:
    try:
        delivery = outbox.deliver(message.pk, now=now)
    except ProviderError as error:
        waited = now - message.at
        pause = timedelta(seconds=error.retry_after or min(120.0, max(2.0, waited.total_seconds())))
        if waited + pause < PATIENCE:
            return Reschedule(now + pause, error.code or error.error_class)
        _give_up(message, error)
        raise
    if delivery.outcome == Outcome.REFUSED:
        _refused(message, delivery.failure, now)
    elif delivery.outcome == Outcome.ACCEPTED:
        _mark_read(message)
    return {"message_id": str(message.pk), "outcome": str(delivery.outcome)}


def _give_up(message: Message, error: ProviderError) -> None:
    with atomic():
        outbox.give_up(message, error)
        Conversation.objects.filter(pk=message.conversation_id).update(owner=Owner.WAITING)


def _refused(message: Message, failure: ContactFailure | ProviderError | None, now: datetime) -> None:
    with atomic():
        consequences.of_refusal(message, failure, now=now)
        Conversation.objects.filter(pk=message.conversation_id, owner=Owner.AI).update(owner=Owner.WAITING)
    log.warning("reply.refused", message=str(message.pk), code=failure.code if failure else "")


def _mark_read(message: Message) -> None:
    """Show the person that we read what they wrote; a failure here costs nothing and changes nothing."""
    with atomic():
        inbound = Message.objects.filter(conversation_id=message.conversation_id, direction=Message.Direction.IN)
        last = inbound.order_by("-at", "-id").values_list("provider_id", flat=True).first()
    if not last or message.by == Message.By.TEMPLATE:
        return
    try:
        messages.mark_read(last)
    except (ProviderError, ContactFailure, budgets.Exceeded) as error:
        log.info("reply.not_marked_read", error=str(error))
