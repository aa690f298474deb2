"""What the coach's tests need besides the shared factories."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from coach import consents, leads
from coach.consents import NewConsent
from coach.models import Consent, Conversation, Lead, Message
from pilar.backplane.tenancy import atomic
from pilar.kernel.ids import uuid7
from pilar.providers.events import StatusError, WhatsAppInbound, WhatsAppStatus
from tests.factories import LeadFactory

NOON = datetime(2026, 11, 18, 11, 0, tzinfo=UTC)
"""A Wednesday, 12:00 in Berlin."""
PROOF = NewConsent(source="front desk", wording="I want messages from the coach.", at=NOON - timedelta(days=1))


def willing_lead(**fields: object) -> Lead:
    """A lead whose consent is proven and confirmed."""
    lead = lead_with_consent(**fields)
    Consent.objects.filter(lead=lead).update(confirmed_at=NOON - timedelta(hours=30))
    return lead


def lead_with_consent(**fields: object) -> Lead:
    """A lead whose consent is proven, not yet confirmed in the chat."""
    with atomic():
        lead: Lead = LeadFactory(**fields)
        leads.met(leads.Contact(sender=lead.phone.lstrip("+")), name="")
        consents.record(lead, PROOF, actor="test", now=NOON)
        return lead


def open_window(lead: Lead, *, at: datetime) -> Conversation:
    """Let the person have written at `at`."""
    conversation = leads.conversation_of(lead)
    Conversation.objects.filter(pk=conversation.pk).update(last_inbound_at=at)
    return leads.conversation_of(lead)


def inbound(lead: Lead | str, text: str, *, at: datetime = NOON, kind: str = "text", **more: str) -> WhatsAppInbound:
    """A message as the provider's event brings it."""
    sender = lead if isinstance(lead, str) else lead.phone.lstrip("+")
    return WhatsAppInbound(
        message_id=f"wamid.{uuid7()}", sender=sender, kind=kind, text=text, timestamp=at, phone_number_id="1", **more
    )


def status(message: Message, word: str, *, code: int | None = None, at: datetime = NOON) -> WhatsAppStatus:
    """A status of our message as the provider's event brings it."""
    errors = [StatusError(code=code, title="refused")] if code else []
    wamid = message.provider_id or f"wamid.{message.pk}"
    return WhatsAppStatus(message_id=wamid, status=word, timestamp=at, opaque=str(message.pk), errors=errors)


def last_out(lead: Lead | UUID) -> Message:
    """The newest outgoing message to a lead."""
    return Message.objects.filter(lead=lead, direction=Message.Direction.OUT).latest("id")
