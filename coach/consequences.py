"""What a message that did not arrive means for its person (providers.md 3.8): whether WhatsApp refused it at once, or said so
later. What to do with the follow-up itself decides `nudges`.
"""

from datetime import datetime, timedelta

from django.utils.translation import gettext_noop

from coach import optout
from coach.models import Conversation, Lead, Message
from pilar.backplane import activity
from pilar.kernel.errors import ContactFailure, ProviderError

_UNREACHABLE_AFTER = 3
_CAPPED_DAYS = (1, 2, 3)
WINDOW_CLOSED, CAPPED, OPTED_OUT, UNREACHABLE = {131047}, {131049, 130472}, {131050}, {131026, 131062}


def draw(message: Message, lead: Lead, *, code: int, now: datetime) -> None:
    """Draw them from WhatsApp's code. Call it with the lead locked."""
    if code in OPTED_OUT:
        optout.stop(lead, how="whatsapp_preference", now=now)
    elif code in CAPPED:
        _hold_back(lead, now)
    elif code in UNREACHABLE:
        _count_unreachable(lead)
    elif code in WINDOW_CLOSED:
        Conversation.objects.filter(pk=message.conversation_id).update(window_closed_at=now)
    facts = {"code": str(code)}
    activity.log("message.failed", gettext_noop("A message was not delivered"), facts, subject=lead)


def of_refusal(message: Message, failure: ContactFailure | ProviderError | None, *, now: datetime) -> None:
    """Draw them from an answer that refused the message at once; what we dropped ourselves has none."""
    if failure and failure.code.isdigit():
        draw(message, optout.locked(message.lead), code=int(failure.code), now=now)


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
