"""Why a planned message does not go out, in the reader's words."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_REASONS: dict[str, str | Promise] = {
    "opted_out": _("The person said stop."),
    "unreachable": _("WhatsApp cannot reach this number."),
    "no_consent": _("There is no consent on record."),
    "expired": _("It was too late for it."),
    "coach_paused": _("The coach is paused."),
    "no_subscription": _("The subscription is not active."),
    "whatsapp_not_connected": _("WhatsApp is not connected."),
    "paused": _("The messages to this person are paused."),
    "held_back_by_whatsapp": _("WhatsApp holds messages to this person back for a while."),
    "quiet_hours": _("It is outside the hours in which the coach may write."),
    "a_person_talks": _("Somebody of the studio is talking to this person."),
    "cap_per_person": _("This person already gets a message that day."),
    "no_approved_template": _("WhatsApp has not approved a template for it yet."),
    "budget": _("The day's messages are used up."),
    "costs": _("The limit that was set for costs is reached."),
    "resting": _("The last messages stayed without an answer, so the coach waits for the person to write."),
    "confirmed": _("The consent was confirmed before it was due."),
    "superseded": _("The member wrote more before it could leave."),
    "skipped_by_person": _("Somebody of the studio left it out."),
    "not_due": _("Nothing is due in this week."),
}


def told(reason: str) -> str:
    """Return the reason as a sentence; one without words of its own is shown as it is."""
    return str(_REASONS.get(reason, reason.replace("_", " ")))
