"""What became of a message, in WhatsApp's words: states only move forward, whatever the order (providers.md 3.4)."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from coach import aliases, consequences, nudges, optout, outbox
from coach.models import Message
from pilar.backplane import effects
from pilar.backplane.tenancy import atomic
from pilar.kernel import clock
from pilar.kernel.switchboard import Happened
from pilar.providers.events import WhatsAppStatus

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
            consequences.draw(message, lead, code=status.errors[0].code, now=now)
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
        outbox.unread(message)
    elif message.state in (State.DELIVERED, State.READ) and message.micro_euro is not None:
        outbox.billed(message, message.micro_euro)


def on_status(happened: Happened[WhatsAppStatus]) -> None:
    """Take over what WhatsApp says of one of our messages."""
    apply(happened.payload, now=clock.now())
