"""What became of a message, in WhatsApp's words: states only move forward, whatever the order (providers.md 3.4)."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext_noop

from coach import aliases, nudges, optout, outbox
from coach.models import Conversation, Lead, Message
from pilar.backplane import activity, effects
from pilar.backplane.tenancy import atomic
from pilar.kernel import clock
from pilar.kernel.switchboard import Happened
from pilar.providers.events import StatusError, WhatsAppStatus

State = Message.State
RANK = {
    State.DROPPED: 0,
    State.QUEUED: 0,
    State.UNKNOWN: 1,
    State.FAILED: 2,
    State.SENT: 2,
    State.DELIVERED: 3,
    State.READ: 4,
}
_WORD = {
    "sent": State.SENT,
    "delivered": State.DELIVERED,
    "read": State.READ,
    "played": State.READ,
    "failed": State.FAILED,
}
_STAMP = {State.SENT: "sent_at", State.DELIVERED: "delivered_at", State.READ: "read_at"}
_UNREACHABLE_AFTER = 3
_CAPPED_DAYS = (1, 2, 3)
WINDOW_CLOSED, CAPPED, OPTED_OUT, UNREACHABLE = {131047}, {131049, 130472}, {131050}, {131026, 131062}


def apply(status: WhatsAppStatus, *, now: datetime) -> None:
    """Take over one status. Unknown messages (sent by hand from the phone app, erased people) are passed over."""
    state = _WORD.get(status.status)
    with atomic():
        message = _find(status)
        if message is None or state is None:
            return
        lead = optout.locked(message.lead)
        message.refresh_from_db()
        moved = _advance(message, state, status)
        _account(message)
        if moved and state == State.FAILED and status.errors:
            _failed(message, lead, status.errors[0], now)
    if message.effect_key:
        effects.settle(message.effect_key, state="sent", ref=status.message_id)
    if moved:
        nudges.told(message, now=now)


def _find(status: WhatsAppStatus) -> Message | None:
    wanted = Q(provider_id=status.message_id)
    ours = _uuid(status.opaque)
    if ours:
        wanted |= Q(pk=ours)
    return Message.objects.select_related("lead").filter(wanted, direction=Message.Direction.OUT).first()


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None


def may_follow(before: str, after: str) -> bool:
    """Say whether a state may follow another: forward only, and failed only what was not delivered."""
    if after == State.FAILED:
        return before in (State.QUEUED, State.UNKNOWN, State.SENT, State.DROPPED)
    return RANK[State(after)] > RANK[State(before)] or (before, after) == (State.FAILED, State.DELIVERED)


def _advance(message: Message, state: State, status: WhatsAppStatus) -> bool:
    message.provider_id = message.provider_id or status.message_id
    if status.pricing:
        message.pricing = status.pricing
        message.category = _category(status.pricing, message.category)
        message.micro_euro = _price(message, status.pricing)
    stamp = _STAMP.get(state)
    if stamp and getattr(message, stamp) is None:
        setattr(message, stamp, status.timestamp)
    moves = may_follow(message.state, state)
    if moves:
        message.state = state
        message.error_code = str(status.errors[0].code) if state == State.FAILED and status.errors else ""
        message.error_text = status.errors[0].details or status.errors[0].title if message.error_code else ""
    message.save()
    return moves


def _category(pricing: dict[str, object], before: str) -> str:
    told = str(pricing.get("category", ""))
    return told if told in Message.Category.values else before


def _price(message: Message, pricing: dict[str, object]) -> int | None:
    if pricing.get("billable") is False:
        return 0
    return outbox.price_of(aliases.address(message.lead), str(pricing.get("category", "")), message.at)


def _account(message: Message) -> None:
    """WhatsApp asks for what was delivered, and for nothing that failed."""
    if message.state == State.FAILED:
        Message.objects.filter(pk=message.pk).update(micro_euro=0)
        outbox.billed(message, 0)
    elif message.state in (State.DELIVERED, State.READ) and message.micro_euro is not None:
        outbox.billed(message, message.micro_euro)


def _failed(message: Message, lead: Lead, error: StatusError, now: datetime) -> None:
    """Draw the consequences for the person (providers.md 3.8). What to do with the follow-up itself decides `nudges`."""
    if error.code in OPTED_OUT:
        optout.stop(lead, how="whatsapp_preference", now=now)
    elif error.code in CAPPED:
        _hold_back(lead, now)
    elif error.code in UNREACHABLE:
        _count_unreachable(lead)
    elif error.code in WINDOW_CLOSED:
        Conversation.objects.filter(pk=message.conversation_id).update(window_closed_at=now)
    facts = {"code": str(error.code)}
    activity.log("message.failed", gettext_noop("A message was not delivered"), facts, subject=lead)


def _hold_back(lead: Lead, now: datetime) -> None:
    """WhatsApp holds marketing back: 24, then 48, then 72 hours; quick repeats make it worse."""
    days = _CAPPED_DAYS[min(lead.capped_times, len(_CAPPED_DAYS) - 1)]
    lead.nudges_paused_until = now + timedelta(days=days)
    lead.capped_times += 1
    lead.save(update_fields=["nudges_paused_until", "capped_times", "updated_at"])


def _count_unreachable(lead: Lead) -> None:
    lead.undeliverable_times += 1
    if lead.undeliverable_times >= _UNREACHABLE_AFTER and lead.status == Lead.Status.ACTIVE:
        lead.status = Lead.Status.UNREACHABLE
    lead.save(update_fields=["undeliverable_times", "status", "updated_at"])


def refused(message_id: UUID, *, code: str, now: datetime) -> None:
    """Draw the same consequences from an answer that refused the message at once."""
    with atomic():
        message = Message.objects.select_related("lead").get(pk=message_id)
        if code.isdigit():
            _failed(message, optout.locked(message.lead), StatusError(code=int(code)), now)


def on_status(happened: Happened[WhatsAppStatus]) -> None:
    """Take over what WhatsApp says of one of our messages."""
    apply(happened.payload, now=clock.now())
