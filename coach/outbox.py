"""The way of every outgoing message: written down first, sent once, its state told by WhatsApp alone (reliability P2).

`put` belongs to the transaction that decides; `deliver` does the sending outside any transaction, under the message's one
intent. A crash between the two is picked up by the job's next attempt, which finds the intent and never sends twice.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from coach import aliases, gates, numbers
from coach.models import Conversation, Lead, Message
from coach.payloads import MessageReady
from pilar.backplane import budgets, effects, jobs
from pilar.backplane.tenancy import atomic, savepoint
from pilar.kernel.errors import ContactFailure, ContactOutcome, ErrorClass, ProviderError
from pilar.providers import prices
from pilar.providers.whatsapp import errors, messages

State = Message.State
_HELD = {
    gates.STOPPED: "The person stopped the messages.",
    gates.NO_CONSENT: "The consent has ended.",
    gates.TAKEN_OVER: "A person of the studio took the chat over.",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """Words that are ready to be put down. `template` is {name, language, params} when they are an approved template's."""

    text: str
    by: str
    why: dict[str, Any] = field(default_factory=dict)
    template: dict[str, Any] | None = None
    model: str = ""
    prompt_version: str = ""
    author: str = ""

    @property
    def category(self) -> str:
        return Message.Category.MARKETING if self.template else Message.Category.SERVICE


class Outcome(StrEnum):
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a sending ended. `failure` says why it was refused; the person can be reached differently, later, or not."""

    outcome: Outcome
    failure: ContactFailure | ProviderError | None = None


def put(
    conversation: Conversation, draft: Draft, *, key: str, now: datetime, generation: int = 0, critical: bool = False
) -> Message:
    """Write the message down as queued, counting it and its price against the budgets.

    A `critical` message counts while there is room and goes out without: what somebody asked for by rule waits for no
    budget. Runs in the transaction that decided to send, with the lead locked. Raises budgets.Exceeded.
    """
    price = price_of(aliases.address(conversation.lead), draft.category, now)
    try:
        with savepoint():
            budgets.reserve("messages", 1, key=key, now=now)
            if price:
                budgets.reserve("euro", price, key=key, now=now)
    except budgets.Exceeded:
        if not critical:
            raise
    message = Message.objects.create(
        conversation=conversation,
        lead_id=conversation.lead_id,
        direction=Message.Direction.OUT,
        kind="template" if draft.template else "text",
        body=draft.text,
        by=draft.by,
        category=draft.category,
        state=State.QUEUED,
        effect_key=key,
        template=draft.template,
        author=draft.author,
        generation=generation,
        model=draft.model,
        prompt_version=draft.prompt_version,
        why=draft.why | ({"critical": True} if critical else {}),
        micro_euro=price,
        at=now,
    )
    Conversation.objects.filter(pk=conversation.pk).update(last_message_at=now)
    return message


def price_of(address: str, category: str, at: datetime) -> int | None:
    """Return what WhatsApp asks for a message to the address, in micro-euro; None where we know no price."""
    return prices.message(country=numbers.country_of(address), category=category, at=at)


def say(conversation: Conversation, draft: Draft, *, key: str, now: datetime, critical: bool = False) -> Message:
    """Put a message down and give it a job of its own that sends it at once."""
    message = put(conversation, draft, key=key, now=now, critical=critical)
    jobs.enqueue("coach.deliver", MessageReady(message_id=message.pk), key=f"deliver:{message.pk}", priority=0)
    return message


def deliver(message_id: UUID, *, now: datetime) -> Delivery:
    """Send a message that was put down. Call it outside `atomic()`.

    Raises ProviderError when it surely did not leave and a later attempt may help; the message stays queued then.
    """
    message = _written(message_id)
    if message is None or message.provider_id or message.state not in (State.QUEUED, State.UNKNOWN):
        return _ended(message)
    try:
        effect = effects.perform(
            key=message.effect_key,
            provider="whatsapp",
            operation="messages.send",
            call=lambda _key: _send(message_id, now),
        )
    except effects.Unknown:
        _move(message, State.UNKNOWN, used=1)
        return Delivery(Outcome.UNKNOWN)
    except ContactFailure as failure:
        _refuse(message, failure)
        return Delivery(Outcome.REFUSED, failure)
    except ProviderError as failure:
        if failure.passes:
            raise
        _refuse(message, failure)
        return Delivery(Outcome.REFUSED, failure)
    with atomic():
        Message.objects.filter(pk=message.pk, provider_id="").update(provider_id=effect.provider_ref)
        _settle(message, 1)
    return Delivery(Outcome.ACCEPTED)


def drop(lead: Lead, *, reason: str) -> None:
    """Take back what has not left yet for this person, and what is reserved for it unless its sending has begun."""
    waiting = list(Message.objects.filter(lead=lead, state=State.QUEUED, provider_id=""))
    for message in waiting:
        Message.objects.filter(pk=message.pk).update(state=State.DROPPED, error_text=reason)
        unread(message)
        if not has_begun(message):
            _settle(message, 0)


def take_back(message: Message, *, reason: str) -> None:
    """Drop one message whose sending has not begun."""
    _move(message, State.DROPPED, used=0, text=reason)


def has_begun(message: Message) -> bool:
    """Say whether WhatsApp may have been handed the message; a try that surely failed is none."""
    effect = effects.find(message.effect_key)
    return effect is not None and effect.state not in (effect.State.PLANNED, effect.State.FAILED)


def _written(message_id: UUID) -> Message | None:
    with atomic():
        return Message.objects.filter(pk=message_id).first()


def _ended(message: Message | None) -> Delivery:
    """How a message ended that waits no more: it has left (its status may have been quicker than we), or was refused by
    an earlier run that could not tell anybody, or dropped. An erased one is nobody's business any more.
    """
    if message is None or message.provider_id or message.state not in (State.DROPPED, State.FAILED):
        return Delivery(Outcome.ACCEPTED)
    if message.state == State.DROPPED:
        return Delivery(Outcome.REFUSED, _stopped(message.error_code or gates.STOPPED))
    code, text = message.error_code, message.error_text
    outcome = errors.verdict(int(code)) if code.isdigit() else None
    if isinstance(outcome, ContactOutcome):
        return Delivery(Outcome.REFUSED, ContactFailure(outcome, provider="whatsapp", code=code, message=text))
    refusal = ProviderError(text, provider="whatsapp", error_class=ErrorClass.CONFIGURATION_ERROR, code=code)
    return Delivery(Outcome.REFUSED, refusal)


def _send(message_id: UUID, now: datetime) -> effects.EffectResult:
    with atomic():
        found = Message.objects.select_related("lead", "conversation").filter(pk=message_id).first()
        held = gates.held(found, found.lead, found.conversation, now=now) if found else gates.STOPPED
        if found is None or held:
            raise _stopped(held)
        to = aliases.address(found.lead)
    return effects.EffectResult(ref=_post(found, to).id)


def _stopped(held: str) -> ContactFailure:
    return ContactFailure(ContactOutcome.OPTED_OUT, provider="whatsapp", code=held, message=_HELD[held])


def _post(message: Message, to: str) -> messages.SentMessage:
    """Hand the message to WhatsApp; the message's own id comes back with every status."""
    opaque = str(message.pk)
    if message.template is None:
        return messages.send_text(to=to, body=message.body, opaque=opaque)
    return messages.send_template(
        to=to,
        name=message.template["name"],
        language=message.template["language"],
        parameters=message.template["params"],
        opaque=opaque,
    )


def _refuse(message: Message, failure: ContactFailure | ProviderError) -> None:
    held = isinstance(failure, ContactFailure) and failure.code in _HELD
    state = State.DROPPED if held else State.FAILED
    _move(message, state, used=0, code=failure.code, text=failure.message)


def give_up(message: Message, error: ProviderError) -> None:
    """Close a message that surely did not leave and is too late to send."""
    _refuse(message, error)


def _move(message: Message, state: str, *, used: int, code: str = "", text: str = "") -> None:
    with atomic():
        Message.objects.filter(pk=message.pk, state__in=(State.QUEUED, State.UNKNOWN)).update(
            state=state, error_code=code[:20], error_text=text
        )
        _settle(message, used)
        if not used:
            unread(message)


def unread(message: Message) -> None:
    """Of a message that did not arrive nobody has read that an AI writes: the next one says it (EU AI Act Art. 50 (1))."""
    told_with_it = Conversation.objects.filter(pk=message.conversation_id, ai_disclosed_at=message.at)
    told_with_it.update(ai_disclosed_at=None)


def _settle(message: Message, used: int) -> None:
    """Settle what `put` reserved. The price waits for WhatsApp's own word, unless the message surely did not leave."""
    counted = budgets.held("messages", key=message.effect_key)
    if counted:
        budgets.close(counted, used)
    if not used:
        Message.objects.filter(pk=message.pk).update(micro_euro=0)
        billed(message, 0)


def billed(message: Message, micro_euro: int) -> None:
    """Settle the reserved price with what the message really costs. Repeats do nothing."""
    reserved = budgets.held("euro", key=message.effect_key)
    if reserved:
        budgets.close(reserved, micro_euro)
