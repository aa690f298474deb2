"""What a person agreed to, with its proof; the rules are explained in docs/coach.md.

A nudge may go out when the consent is confirmed by an own message of the person, or proven: source, wording and time are
on record. Anything less allows answers only.
"""

from dataclasses import dataclass
from datetime import datetime

from coach.models import Consent, Lead, Message
from coach.payloads import Agreed
from pilar.backplane import events

START_WORDING = "1"
CONFIRMED = "consent.confirmed"


@dataclass(frozen=True, slots=True)
class NewConsent:
    """What the studio has on record of somebody's agreement."""

    source: str = ""
    wording: str = ""
    at: datetime | None = None
    purpose: str = Consent.Purpose.COACHING
    version: str = "1"


@dataclass(frozen=True, slots=True)
class Standing:
    """The present state of one purpose: `given`, `pending`, `missing` or `withdrawn`."""

    state: str
    confirmed: bool = False

    @property
    def allows_nudges(self) -> bool:
        return self.state == "given"


def record(lead: Lead, given: NewConsent, *, actor: str, now: datetime, void: bool = False) -> Consent:
    """Add a consent. `void` keeps the paper without its effect: the person said stop, and only they can undo that."""
    return Consent.objects.create(
        lead=lead,
        purpose=given.purpose,
        source=given.source,
        wording=given.wording,
        version=given.version,
        at=given.at,
        recorded_by=actor,
        withdrawn_at=now if void else None,
        withdrawn_by="suppression list" if void else "",
    )


def standing(lead: Lead, purpose: str = Consent.Purpose.COACHING) -> Standing:
    """Return where the lead's consent for a purpose stands."""
    return standing_of(list(Consent.objects.filter(lead=lead, purpose=purpose).order_by("-id")))


def standing_of(rows: list[Consent]) -> Standing:
    """Judge the consents of one purpose; an open one outweighs those withdrawn before."""
    open_rows = [row for row in rows if row.withdrawn_at is None]
    if any(row.confirmed_at for row in open_rows):
        return Standing("given", confirmed=True)
    if any(row.proven for row in open_rows):
        return Standing("given")
    if open_rows:
        return Standing("pending")
    return Standing("withdrawn" if rows else "missing")


def confirm(lead: Lead, *, message: Message, now: datetime) -> bool:
    """Close the double opt-in: the person agreed by an own message. Returns whether there was something to confirm."""
    waiting = Consent.objects.filter(lead=lead, purpose=Consent.Purpose.COACHING, withdrawn_at=None, confirmed_at=None)
    confirmed = bool(waiting.update(confirmed_at=now, proof_message=message))
    if confirmed:
        events.publish(CONFIRMED, Agreed(lead_id=lead.pk), key=f"agreed:{message.pk}", aggregate=("lead", lead.pk))
    return confirmed


def withdraw(lead: Lead, *, by: str, now: datetime) -> None:
    """End every consent of the lead; answering a member's own question needs none."""
    Consent.objects.filter(lead=lead, withdrawn_at=None).update(withdrawn_at=now, withdrawn_by=by)


def end(consent: Consent, *, by: str, now: datetime) -> None:
    """Close one agreement; it stays on record with its end."""
    Consent.objects.filter(pk=consent.pk, withdrawn_at=None).update(withdrawn_at=now, withdrawn_by=by)
