"""What a person wrote: kept first, then judged by rule, and only then left to the model (reliability S8)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F
from django.utils.translation import gettext_noop

from coach import aliases, consents, followups, gates, leads, optout, outbox, redlines, stopwords, suppression
from coach.agent import writer
from coach.aliases import Contact
from coach.models import CoachingState, Consent, Conversation, Followup, Lead, Message
from coach.outbox import Draft
from coach.payloads import ReplyDue
from coach.stopwords import Wish
from pilar.backplane import activity, jobs
from pilar.backplane.tenancy import atomic, current
from pilar.kernel import clock
from pilar.kernel.switchboard import Happened
from pilar.providers import storable
from pilar.providers.events import WhatsAppInbound, WhatsAppPreference
from workspaces.models import Workspace

DEBOUNCE = timedelta(milliseconds=800)
LONGEST_DEBOUNCE = timedelta(seconds=2)
"""Several quick messages get one answer; someone who never pauses gets one all the same."""
SILENT_KINDS = frozenset({"reaction", "unsupported", "unknown", "system", "edit", "revoke", "request_welcome"})
"""Kinds that ask for no answer: nothing is said, or nothing that WhatsApp passes on."""
_JUST_NOW = timedelta(seconds=5)
_OVERTOOK = {"overtook": True}
"""Marks what stands in the place of a message that has not come yet."""
_PAUSE_AFTER_RED = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Received:
    """A stored message with whom and where it is from."""

    lead: Lead
    conversation: Conversation
    message: Message
    studio: str
    now: datetime


def on_inbound(happened: Happened[WhatsAppInbound]) -> None:
    """Take in one message, however often it is handed to us."""
    receive(happened.payload, now=clock.now())


def receive(inbound: WhatsAppInbound, *, now: datetime) -> None:
    """Store the message and do what it asks for, in one transaction."""
    contact = Contact(sender=inbound.sender or "", user_id=inbound.user_id or "")
    with atomic():
        if inbound.kind == "system":
            _renamed(contact, inbound)
            return
        if not contact.aliases():
            return
        lead = optout.locked(leads.met(contact, name=inbound.profile_name))
        known = Message.objects.filter(provider_id=inbound.message_id).first()
        if known is not None:
            _overtaken(known, lead, inbound, now)
            return
        if inbound.about:
            _corrected(lead, inbound, now)
            return
        received = _store(lead, inbound, now)
        if inbound.kind not in SILENT_KINDS:
            _react(received)


def _renamed(contact: Contact, inbound: WhatsAppInbound) -> None:
    """The person has a new number or user id: add it and write there from now on, for the old number may be another's
    soon. What was stopped stays stopped under the new name as well.
    """
    lead = aliases.find(Contact(sender=contact.sender, user_id=inbound.previous_user_id or contact.user_id))
    if lead is None:
        return
    if not (inbound.new_sender or inbound.new_user_id):
        return
    new = Contact(sender=inbound.new_sender or "", user_id=inbound.new_user_id or inbound.user_id or "")
    lead = optout.locked(lead)
    aliases.add(lead, new)
    aliases.moved(lead, new)
    if lead.status == Lead.Status.OPTED_OUT:
        suppression.add([value for _, value in new.aliases()], "stop")
    activity.log("lead.renamed", gettext_noop("A member has a new number on WhatsApp"), {}, subject=lead)


def _corrected(lead: Lead, inbound: WhatsAppInbound, now: datetime) -> None:
    """The person changed a message or took it back: it reads so from now on, for people and for the model.

    That asks for no second answer, except that a stop is a stop and a red line one. Where the message itself comes later,
    what we know of it already stands in its place. A message that proves a consent stays as it was given.
    """
    is_gone, about = inbound.kind == "revoke", inbound.about or ""
    message = Message.objects.filter(lead=lead, provider_id=about, direction=Message.Direction.IN).first()
    if message is None:
        kind = "revoke" if is_gone else "text"
        received = _store(lead, inbound.model_copy(update={"message_id": about, "kind": kind}), now)
        Message.objects.filter(pk=received.message.pk).update(why=_OVERTOOK)
        if not is_gone:
            _react(received)
        return
    if message.kind != "revoke" and not Consent.objects.filter(proof_message=message).exists():
        message.kind, message.body = ("revoke", "") if is_gone else (message.kind, inbound.text[:4096])
        message.save(update_fields=["kind", "body"])
    if not _stop_if_asked(message, lead, inbound, now) and redlines.crossed(inbound.text):
        message.conversation.generation += 1  # no model answers what it read before
        message.conversation.save(update_fields=["generation"])
        _red_line(_received(message, lead, now))


def _overtaken(known: Message, lead: Lead, inbound: WhatsAppInbound, now: datetime) -> None:
    """The message itself, after what was changed about it: nothing of it is kept, but a stop in it was said all the same."""
    if known.why == _OVERTOOK:
        Message.objects.filter(pk=known.pk).update(why={})
        _stop_if_asked(known, lead, inbound, now)


def _stop_if_asked(message: Message, lead: Lead, inbound: WhatsAppInbound, now: datetime) -> bool:
    asked = stopwords.wish_of(inbound.text or inbound.button_payload) is Wish.STOP
    return asked and _stop(_received(message, lead, now))


def _received(message: Message, lead: Lead, now: datetime) -> Received:
    return Received(lead, message.conversation, message, Workspace.objects.get(pk=current()).name, now)


def _store(lead: Lead, inbound: WhatsAppInbound, now: datetime) -> Received:
    conversation = leads.conversation_of(lead)
    answers = inbound.kind not in SILENT_KINDS
    wrote_at = min(inbound.timestamp, now)
    conversation.last_inbound_at = max(wrote_at, conversation.last_inbound_at or wrote_at)
    conversation.last_message_at = now
    conversation.generation += answers
    conversation.unread += 1
    conversation.save(update_fields=["last_inbound_at", "last_message_at", "generation", "unread"])
    message = Message.objects.create(
        conversation=conversation,
        lead=lead,
        direction=Message.Direction.IN,
        kind=inbound.kind[:24],
        body=(inbound.text or inbound.button_payload)[:4096],
        by=Message.By.MEMBER,
        state=Message.State.RECEIVED,
        provider_id=inbound.message_id,
        generation=conversation.generation,
        at=_moment(wrote_at, now),
    )
    _note_response(lead, now)
    return Received(lead, conversation, message, Workspace.objects.get(pk=current()).name, now)


def _moment(wrote_at: datetime, now: datetime) -> datetime:
    """WhatsApp tells whole seconds, cut off: a message that has just come would stand before the one it answers."""
    return now if now - wrote_at < _JUST_NOW else wrote_at


def _note_response(lead: Lead, now: datetime) -> None:
    state, _new = CoachingState.objects.get_or_create(lead=lead)
    rested = state.unanswered >= followups.SILENT_AFTER
    CoachingState.objects.filter(pk=state.pk).update(
        last_response_at=now, unanswered=0, answered_nudges=F("answered_nudges") + int(state.unanswered > 0)
    )
    if lead.status == Lead.Status.UNREACHABLE:
        lead.status, lead.undeliverable_times = Lead.Status.ACTIVE, 0
        lead.save(update_fields=["status", "undeliverable_times", "updated_at"])
    if rested:
        followups.plan_next(lead, now=now)


def _react(received: Received) -> None:
    """Rules before everything: stop, start, agreement, red lines, a wish for a person. Only then the model."""
    words = received.message.body
    standing = consents.standing(received.lead)
    awaits_yes = standing.state in ("given", "pending") and not standing.confirmed
    wish = stopwords.wish_of(words)
    if wish is None and awaits_yes and stopwords.begins_with_yes(words):
        wish = Wish.AGREE
    handlers: dict[Wish, Callable[[Received], bool]] = {
        Wish.STOP: _stop,
        Wish.START: _start,
        Wish.PERSON: _wants_person,
    }
    if awaits_yes:
        handlers |= {Wish.AGREE: _agree, Wish.START: _agree, Wish.REFUSE: _refuse}
    if received.lead.status == Lead.Status.OPTED_OUT:
        handlers |= {Wish.START: _start}
    handled = wish is not None and wish in handlers and handlers[wish](received)
    if not handled and received.lead.status == Lead.Status.OPTED_OUT:
        _leave_to_people(received)
    elif not handled:
        _red_line(received) if redlines.crossed(words) else _ask_for_reply(received)


def _stop(received: Received) -> bool:
    if optout.stop(received.lead, how="chat", now=received.now):
        _say(received, "stopped", "stop", trigger=gates.TRIGGER_OPT_OUT)
    return True


def _start(received: Received) -> bool:
    again = optout.start_again(received.lead, message=received.message, studio=received.studio, now=received.now)
    if again:
        _say(received, "started", "reply", trigger="opt_in")
    return again


def _agree(received: Received) -> bool:
    confirmed = consents.confirm(received.lead, message=received.message, now=received.now)
    if confirmed:
        followups.cancel(received.lead, reason="confirmed", now=received.now, types=[followups.WELCOME])
        followups.plan_next(received.lead, now=received.now)
        _say(received, "confirmed", "reply", trigger="consent")
        activity.log(
            "consent.confirmed", gettext_noop("A member confirmed the consent in the chat"), {}, subject=received.lead
        )
    return confirmed


def _refuse(received: Received) -> bool:
    """A plain no is a refusal only as the answer to our question for consent."""
    last = received.conversation.messages.filter(direction=Message.Direction.OUT).order_by("-at", "-id").first()
    asked = Followup.objects.filter(lead=received.lead, type=followups.WELCOME, status=Followup.Status.SENT).exists()
    return bool(last and last.template and asked) and _stop(received)


def _wants_person(received: Received) -> bool:
    if received.conversation.owner == Conversation.Owner.HUMAN:
        return True
    _say(received, "person_comes", "reply", trigger="hand_over")
    _leave_to_people(received)
    return True


def _red_line(received: Received) -> None:
    lead = received.lead
    lead.nudges_paused_until = received.now + _PAUSE_AFTER_RED
    lead.save(update_fields=["nudges_paused_until", "updated_at"])
    _say(received, "care", "reply", trigger="red_line")
    _leave_to_people(received)


def _leave_to_people(received: Received) -> None:
    Conversation.objects.filter(pk=received.conversation.pk).exclude(owner=Conversation.Owner.HUMAN).update(
        owner=Conversation.Owner.WAITING
    )
    activity.log("chat.waiting", gettext_noop("A member waits for an answer by a person"), {}, subject=received.lead)


def _say(received: Received, name: str, kind: str, *, trigger: str) -> None:
    """Answer by fixed words what the person asked for. No budget holds such an answer up: stops, consents and safety."""
    draft: Draft = writer.fixed(name, received.conversation, received.studio, trigger=trigger)
    key = storable.key(f"{kind}:{received.message.provider_id}")
    said = Message.objects.filter(effect_key__startswith=key).count()  # an edit may ask for the same once more
    key = f"{key}:{said}" if said else key
    outbox.say(received.conversation, draft, key=key, now=received.now, critical=True)
    Conversation.objects.filter(pk=received.conversation.pk).update(
        answered_generation=received.conversation.generation
    )


def _ask_for_reply(received: Received) -> None:
    chat = received.conversation
    first = (
        Message.objects.filter(
            conversation=chat, direction=Message.Direction.IN, generation__gt=chat.answered_generation
        )
        .order_by("created_at")
        .first()
    )
    since = first.created_at if first else received.now
    at = min(received.now + DEBOUNCE, max(since + LONGEST_DEBOUNCE, received.now))
    payload = ReplyDue(conversation_id=chat.pk, generation=chat.generation)
    jobs.enqueue("coach.reply", payload, key=f"reply:{chat.pk}:{chat.generation}", at=at, priority=0)


def on_preference(happened: Happened[WhatsAppPreference]) -> None:
    """A stop made in WhatsApp's own settings is a stop; a resume alone is no consent (providers.md 3.4)."""
    wish = happened.payload
    if wish.value == "stop":
        contact = Contact(sender=wish.sender or "", user_id=wish.user_id or "")
        optout.stopped_elsewhere(contact, how="whatsapp_preference", now=clock.now())
