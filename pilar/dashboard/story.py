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
from pilar.dashboard import happenings, sentences
from pilar.kernel.shown import Hit
from pilar.ui import words

SHOWN = 200
"""Lines of one story; a longer one ends with how many more there are."""

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
    about: Hit | None = None


def tell(correlation_id: UUID) -> list[Line]:
    """Tell what the current workspace has under this id, oldest first; an unknown id is an empty list.

    How it was done inside is left out: who runs the platform sees that in the admin.
    """
    with atomic():
        logged = {str(entry.pk): entry for entry in ActivityLog.objects.filter(correlation_id=correlation_id)[:SHOWN]}
        whom = sentences.about(logged.values())
        entries = timeline.read(correlation_id)
    told = list(_without_echoes(line for entry in entries if (line := _line(entry, logged, whom))))
    return told or [_plain(entry) for entry in entries if entry.kind == "job"]


def _plain(entry: Entry) -> Line:
    """Work of which nothing more is on record: what it was for."""
    return Line(entry.at, happenings.work_said(entry.what), "ok" if entry.state == "succeeded" else "mute")


def _without_echoes(lines: Iterator[Line]) -> Iterator[Line]:
    """The same thing said twice in a row is said once."""
    last: tuple[str, Hit | None] | None = None
    for line in lines:
        if (line.text, line.about) != last:
            yield line
        last = line.text, line.about


_TROUBLE = ("incident.opened", "incident.escalated")


def _tone(row: ActivityLog) -> str:
    """Trouble looks like trouble; a step of the set-up looks as it ended; all else was done."""
    if row.kind in _TROUBLE:
        return "bad"
    outcome = row.facts.get("outcome") if isinstance(row.facts, dict) else None
    return words.tone("step", outcome) if outcome else "ok"


def _line(entry: Entry, logged: dict[str, ActivityLog], whom: dict[UUID, Hit]) -> Line | None:
    match entry.kind:
        case "activity" if entry.ref in logged:
            row = logged[entry.ref]
            return Line(entry.at, sentences.of(row), _tone(row), whom.get(row.pk))
        case "event":
            return Line(entry.at, str(happenings.EVENTS.get(entry.what, entry.what)), "mute")
        case "effect":
            tone, state = _EFFECTS.get(entry.state, ("mute", entry.state))
            provider = words.word("provider", entry.what.partition(" ")[0])
            return Line(entry.at, _("%(provider)s: %(state)s") % {"provider": provider, "state": state}, tone)
        case "job" | "run" if (entry.kind, entry.state) in _JOBS:
            tone, text = _JOBS[entry.kind, entry.state]
            return Line(entry.at, str(text), tone)
    return None
