"""What belongs to one correlation id, told to the studio's people: what came in, what was done, what went out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from pilar.backplane import timeline
from pilar.backplane.models import ActivityLog
from pilar.backplane.tenancy import atomic
from pilar.backplane.timeline import Entry
from pilar.dashboard import sentences
from pilar.ui import words

SHOWN = 200
"""Lines of one story; a longer one ends with how many more there are."""

_CHECKED = gettext_lazy("We looked whether everything works")
_LOOKED_AGAIN = gettext_lazy("The set-up looked again at what was waiting")
EVENTS: dict[str, str | Promise] = {
    "coach.goal_progress_report": gettext_lazy("A progress report was due"),
    "coach.missed_training_nudge": gettext_lazy("A member missed a training"),
    "coach.morning_nudge": gettext_lazy("A good-morning message was due"),
    "coach.motivation_message": gettext_lazy("A motivating message was due"),
    "coach.nutrition_reminder": gettext_lazy("A nutrition reminder was due"),
    "coach.weekly_checkin": gettext_lazy("A weekly check-in was due"),
    "document.added": gettext_lazy("You gave us a paper"),
    "email.lost": gettext_lazy("An e-mail may not have arrived"),
    "health.ai_provider_check": _CHECKED,
    "health.integration_check": _CHECKED,
    "health.queue_check": _CHECKED,
    "health.rate_limit_check": _CHECKED,
    "health.webhook_check": _CHECKED,
    "onboarding.completed": gettext_lazy("Your details were complete"),
    "provider.failed": gettext_lazy("A provider did not answer as it should"),
    "provider.recovered": gettext_lazy("A provider works again"),
    "provisioning.completed": gettext_lazy("Your set-up was finished"),
    "provisioning.step_failed": gettext_lazy("A step of your set-up did not work"),
    "provisioning.twilio_retry": _LOOKED_AGAIN,
    "provisioning.webhook_recreate": _LOOKED_AGAIN,
    "provisioning.whatsapp_retry": _LOOKED_AGAIN,
    "provisioning.workspace_setup": gettext_lazy("Your set-up began"),
    "stripe.event": gettext_lazy("Stripe told us about your payment"),
    "subscription.changed": gettext_lazy("Your subscription changed"),
    "support.auto_reply_request": gettext_lazy("You asked us something"),
    "support.escalation_needed": gettext_lazy("We were asked to have a look"),
    "support.incident_created": gettext_lazy("We noticed a disturbance, or its end"),
    "twilio.bundle": gettext_lazy("Your papers were reviewed for the phone number"),
    "twilio.call": gettext_lazy("Somebody called your number"),
    "twilio.sms": gettext_lazy("An SMS came in"),
    "twilio.status": gettext_lazy("The phone provider told us what became of a message"),
    "whatsapp.account": gettext_lazy("WhatsApp told us something about your account"),
    "whatsapp.connected": gettext_lazy("WhatsApp was connected"),
    "whatsapp.inbound": gettext_lazy("A member wrote to you"),
    "whatsapp.preference": gettext_lazy("A member changed whether we may write"),
    "whatsapp.status": gettext_lazy("WhatsApp told us what became of a message"),
    "whatsapp.template": gettext_lazy("WhatsApp reviewed a text"),
    "workspace.created": gettext_lazy("Your studio was founded"),
    "workspace.ready_to_provision": gettext_lazy("Everything was there for your set-up"),
    "workspace.resumed": gettext_lazy("Your autopilot went on"),
    "workspace.suspended": gettext_lazy("Your autopilot was paused"),
}
"""Every fact that may happen, in words for the studio; held complete by a test."""

_EFFECTS: dict[str, tuple[str, str | Promise]] = {
    "sent": ("ok", pgettext_lazy("effect", "Carried out")),
    "failed": ("bad", pgettext_lazy("effect", "Not carried out")),
    "unknown": ("wait", pgettext_lazy("effect", "We are finding out whether it was carried out")),
    "sending": ("busy", pgettext_lazy("effect", "Being carried out")),
    "planned": ("mute", pgettext_lazy("effect", "Planned")),
}
_JOBS: dict[tuple[str, str], tuple[str, str | Promise]] = {
    ("job", "dead"): ("bad", gettext_lazy("Something did not work. We have seen it and look after it.")),
    ("job", "pending"): ("mute", gettext_lazy("Something more is planned")),
    ("job", "running"): ("busy", gettext_lazy("We are on it right now")),
    ("run", "retry"): ("wait", gettext_lazy("It did not work at once; we tried again")),
    ("run", "timeout"): ("wait", gettext_lazy("It took too long; we tried again")),
    ("run", "deferred"): ("wait", gettext_lazy("A provider was busy; we waited")),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a story."""

    at: datetime
    text: str
    tone: str


def tell(correlation_id: UUID) -> list[Line]:
    """Tell what the current workspace has under this id, oldest first; an unknown id is an empty list.

    How it was done inside is left out: who runs the platform sees that in the admin.
    """
    with atomic():
        logged = {str(entry.pk): entry for entry in ActivityLog.objects.filter(correlation_id=correlation_id)[:SHOWN]}
        entries = timeline.read(correlation_id)
    return list(_without_echoes(line for entry in entries if (line := _line(entry, logged))))


def _without_echoes(lines: Iterator[Line]) -> Iterator[Line]:
    """The same thing said twice in a row is said once."""
    last = ""
    for line in lines:
        if line.text != last:
            yield line
        last = line.text


_TROUBLE = ("incident.opened", "incident.escalated")


def _tone(row: ActivityLog) -> str:
    """Trouble looks like trouble; a step of the set-up looks as it ended; all else was done."""
    if row.kind in _TROUBLE:
        return "bad"
    outcome = row.facts.get("outcome") if isinstance(row.facts, dict) else None
    return words.tone("step", outcome) if outcome else "ok"


def _line(entry: Entry, logged: dict[str, ActivityLog]) -> Line | None:
    match entry.kind:
        case "activity" if entry.ref in logged:
            return Line(entry.at, sentences.of(logged[entry.ref]), _tone(logged[entry.ref]))
        case "event":
            return Line(entry.at, str(EVENTS.get(entry.what, entry.what)), "mute")
        case "effect":
            tone, state = _EFFECTS.get(entry.state, ("mute", entry.state))
            provider = words.word("provider", entry.what.partition(" ")[0])
            return Line(entry.at, _("%(provider)s: %(state)s") % {"provider": provider, "state": state}, tone)
        case "job" | "run" if (entry.kind, entry.state) in _JOBS:
            tone, text = _JOBS[entry.kind, entry.state]
            return Line(entry.at, str(text), tone)
    return None
