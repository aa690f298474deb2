"""Adding, changing and erasing the people a studio coaches."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from coach import aliases, consents, followups, numbers, suppression, texts
from coach.aliases import Contact
from coach.consents import NewConsent
from coach.models import Consent, Conversation, Lead
from pilar.backplane import activity, audit
from pilar.backplane.tenancy import current, savepoint
from pilar.kernel import zones
from pilar.kernel.problems import Conflict, NotFound, Problem
from workspaces import plan_limits
from workspaces.models import Workspace

PLAN_FULL = "plan_limit_reached"
_IMPERSONAL = {"language", "timezone"}
_TAG = re.compile(r"^[\w .-]{1,40}$")


@dataclass(frozen=True, slots=True)
class NewLead:
    """What the studio tells about a person. Empty language and zone: as the studio's own."""

    name: str
    phone: str
    email: str = ""
    language: str = ""
    timezone: str = ""
    tags: list[str] = field(default_factory=list)
    consent: NewConsent | None = None


class AlreadyThere(Conflict):
    """The number belongs to a member already: `lead`."""

    def __init__(self, lead: Lead) -> None:
        text = _("You already have a member with this number.")
        super().__init__(text, code="lead_exists", fields={"phone": text})
        self.lead = lead


def get(lead_id: UUID) -> Lead:
    """Return a lead of the current workspace. Raises NotFound for absent and foreign ids alike."""
    lead = Lead.objects.filter(pk=lead_id).first()
    if lead is None:
        raise NotFound
    return lead


def count() -> int:
    """Count the current workspace's people, whom the plan limits."""
    return Lead.objects.count()


def all_ids() -> list[UUID]:
    """Return the ids of all people of the current workspace."""
    return list(Lead.objects.order_by("pk").values_list("pk", flat=True))


def add(new: NewLead, *, actor: str, source: str = "manual", now: datetime) -> Lead:
    """Add a person, with consent if there is one on record, and plan what follows from it.

    Raises Problem for bad input or a full plan, Conflict when the number is known already.
    """
    studio = Workspace.objects.select_for_update(of=("self",)).select_related("plan").get(pk=current())
    _refuse_when_full(studio)
    phone = numbers.normalise(new.phone, country=studio.country)
    lead = Lead(
        name=new.name,
        phone=phone,
        email=new.email,
        language=_language(new.language or studio.language),
        timezone=_zone(new.timezone or studio.timezone),
        tags=_tags(new.tags),
        source=source,
    )
    _create(lead)
    _apply_consent(lead, new.consent, actor=actor, now=now)
    audit.record(actor, "lead.added", "Lead", str(lead.pk), after={"source": source})
    return lead


def _create(lead: Lead) -> None:
    contact = Contact(sender=numbers.wa_id(lead.phone))
    known = aliases.find(contact)
    try:
        with savepoint():
            if known is None:
                lead.save(force_insert=True)
                aliases.add(lead, contact)
    except IntegrityError:
        known = lead
    if known is not None:
        raise AlreadyThere(known if known is not lead else Lead.objects.get(phone=lead.phone))


def _refuse_when_full(studio: Workspace) -> None:
    limit = studio.plan.leads
    if count() >= limit:
        text = _("Your plan holds %(limit)s members. Choose a larger plan to add more.") % {"limit": limit}
        raise Problem(text, code=PLAN_FULL, status=403, action_url=plan_limits.larger_plans())


def _apply_consent(lead: Lead, given: NewConsent | None, *, actor: str, now: datetime) -> None:
    suppressed = suppression.matches(suppression.names_of(lead))
    if suppressed:
        Lead.objects.filter(pk=lead.pk).update(status=Lead.Status.OPTED_OUT, opted_out_at=now)
        lead.status, lead.opted_out_at = Lead.Status.OPTED_OUT, now
    if given is not None:
        consents.record(lead, given, actor=actor, now=now, void=suppressed)
        followups.plan_first(lead, now=now)


def add_consent(lead: Lead, given: NewConsent, *, actor: str, now: datetime) -> None:
    """Record a further consent of a lead. After a STOP it is kept as paper only: the person must write START."""
    if given.at and given.at > now:
        text = _("The consent cannot lie in the future.")
        raise Problem(text, code="validation_failed", fields={"at": text})
    _apply_consent(lead, given, actor=actor, now=now)
    audit.record(actor, "consent.recorded", "Lead", str(lead.pk), after={"source": given.source})


def withdraw_consent(lead: Lead, consent_id: UUID, *, actor: str, now: datetime) -> None:
    """Note that a consent was taken back at the studio. What is planned is cancelled when none is left. Raises NotFound."""
    consent = Consent.objects.filter(lead=lead, pk=consent_id).first()
    if consent is None:
        raise NotFound
    consents.end(consent, by=actor[:40], now=now)
    if not consents.standing(lead).allows_nudges:
        followups.cancel(lead, reason="no_consent", now=now)
    audit.record(actor, "consent.withdrawn", "Lead", str(lead.pk), after={"consent": str(consent.pk)})


def met(contact: Contact, *, name: str) -> Lead:
    """Return the lead who writes, adding an unknown one without any consent: answers yes, nudges no."""
    lead = aliases.find(contact)
    if lead is None:
        return _newcomer(contact, name)
    aliases.add(lead, contact)
    return lead


def _newcomer(contact: Contact, name: str) -> Lead:
    studio = Workspace.objects.get(pk=current())
    lead = Lead(name=name[:120], phone=contact.phone, source="whatsapp")
    lead.language, lead.timezone = texts.language_or_default(studio.language), studio.timezone
    try:
        with savepoint():
            lead.save(force_insert=True)
    except IntegrityError:
        lead = Lead.objects.get(phone=contact.phone)
        aliases.add(lead, contact)
        return lead
    aliases.add(lead, contact)
    known = aliases.find(contact)
    if known is not None and known.pk != lead.pk:  # whom WhatsApp names by user id only may write twice at once
        lead.delete()
        return known
    activity.log("lead.met", gettext_noop("A new contact wrote on WhatsApp"), {}, subject=lead)
    return lead


def conversation_of(lead: Lead) -> Conversation:
    """Return the lead's one conversation, making it when it is the first time."""
    Conversation.objects.bulk_create([Conversation(lead=lead)], ignore_conflicts=True)
    return Conversation.objects.select_related("lead").get(lead=lead)


def change(lead: Lead, changes: dict[str, Any], *, actor: str) -> Lead:
    """Change name, e-mail, language, zone or tags. The number stays: another number is another contact."""
    before = {name: getattr(lead, name) for name in changes}
    checks: dict[str, Callable[[Any], Any]] = {"language": _language, "timezone": _zone, "tags": _tags}
    for name, value in changes.items():
        setattr(lead, name, checks[name](value) if name in checks else value)
    lead.save(update_fields=[*changes, "updated_at"])
    audit.record(actor, "lead.changed", "Lead", str(lead.pk), before=_told(before), after=_told(changes))
    return lead


def _told(values: dict[str, Any]) -> dict[str, Any]:
    """What the audit may keep: it cannot be erased, so it says that a name was changed and not to what."""
    return {name: value if name in _IMPERSONAL else "[personal]" for name, value in values.items()}


def _language(value: str) -> str:
    short = value.lower()[:2]
    if short != texts.language_or_default(short):
        text = _("Choose de, en, es, fr or it.")
        raise Problem(text, code="validation_failed", fields={"language": text})
    return short


def _zone(value: str) -> str:
    if value not in zones.known():
        text = _("This time zone is unknown. Write it like Europe/Berlin.")
        raise Problem(text, code="validation_failed", fields={"timezone": text})
    return value


def is_tag(text: str) -> bool:
    """Say whether a text may be a tag: up to 40 letters, digits, spaces, dots and hyphens."""
    return bool(_TAG.match(text))


def _tags(value: list[str]) -> list[str]:
    if len(value) > 20 or not all(map(is_tag, value)):
        text = _("Give at most 20 tags of up to 40 letters each.")
        raise Problem(text, code="validation_failed", fields={"tags": text})
    return list(dict.fromkeys(value))
