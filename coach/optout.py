"""Stopping and starting again: at once, for everything, before anything else (reliability S8, providers.md section 7, no. 4)."""

from datetime import datetime

from django.utils.translation import gettext_noop

from coach import aliases, consents, followups, outbox, suppression, texts
from coach.aliases import Contact
from coach.consents import NewConsent
from coach.models import Lead, Message
from pilar.backplane import activity
from pilar.backplane.tenancy import atomic
from pilar.kernel import clock


def locked(lead: Lead) -> Lead:
    """Lock a person's row: everything that decides about writing to them takes this one lock, so a stop is never overtaken."""
    return Lead.objects.select_for_update(of=("self",)).get(pk=lead.pk)


def stop(lead: Lead, *, how: str, now: datetime) -> bool:
    """Write to this person no more; False when they had stopped before. Call it with the lead locked.

    Ends consents, puts every alias on the suppression list, cancels what is planned and drops what has not left yet.
    """
    if lead.status == Lead.Status.OPTED_OUT:
        return False
    # From when the lock was had: what was decided while this stop waited for it came before.
    lead.status, lead.opted_out_at = Lead.Status.OPTED_OUT, max(now, clock.now())
    lead.save(update_fields=["status", "opted_out_at", "updated_at"])
    consents.withdraw(lead, by=how, now=now)
    suppression.add(suppression.names_of(lead), "stop")
    followups.cancel(lead, reason="opted_out", now=now)
    outbox.drop(lead, reason="opted_out")
    activity.log("lead.opted_out", gettext_noop("A member stopped the messages"), {"how": how}, subject=lead)
    return True


def start_again(lead: Lead, *, message: Message, studio: str, now: datetime) -> bool:
    """Undo a stop because the person wrote START: that message is the new consent and its proof. Lead locked."""
    if lead.status != Lead.Status.OPTED_OUT:
        return False
    lead.status, lead.opted_out_at, lead.nudges_paused_until = Lead.Status.ACTIVE, None, None
    lead.save(update_fields=["status", "opted_out_at", "nudges_paused_until", "updated_at"])
    suppression.lift(suppression.names_of(lead))
    given = NewConsent(source="whatsapp", wording=texts.say("consent", lead.language, studio=studio), at=now)
    consents.record(lead, given, actor="member", now=now)
    consents.confirm(lead, message=message, now=now)
    followups.plan_next(lead, now=now)
    activity.log("lead.opted_in", gettext_noop("A member wants messages again"), {}, subject=lead)
    return True


def stopped_elsewhere(contact: Contact, *, how: str, now: datetime) -> None:
    """Obey a stop that WhatsApp passes on, of a known lead or of somebody we do not know (yet)."""
    with atomic():
        lead = aliases.find(contact)
        if lead is None:
            suppression.add([value for _, value in contact.aliases()], "stop")
        else:
            stop(locked(lead), how=how, now=now)
