"""One person's story, each entry as a sentence."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from coach.history import Entry
from coach.models import Message
from coach.pages.shown.people import actor_name
from coach.reasons import told as reason
from pilar.ui import words

_ICONS = {
    "message": "message-circle",
    "consent": "shield-check",
    "confirmed": "shield-check",
    "withdrawn": "ban",
    "followup": "calendar-clock",
    "check_in": "activity",
    "note": "file-text",
    "change": "info",
}


def told(entry: Entry) -> dict[str, Any]:
    """An entry with its icon, its headline and what was said."""
    headline, text, state = _TELL[entry.kind](entry.row)
    return {
        "at": entry.at,
        "icon": _ICONS[entry.kind],
        "headline": headline,
        "text": text,
        "state": state,
        "kind": entry.kind,
    }


type _Told = tuple[str, str, str]


def _message(row: Message) -> _Told:
    who = {
        "member": _("Wrote to you"),
        "ai": _("The coach wrote"),
        "human": _("You wrote"),
        "template": _("The coach wrote"),
    }
    state = row.state if row.direction == Message.Direction.OUT else ""
    return who.get(row.by, _("Message")), row.body, state


def _consent(row: Any) -> _Told:
    by = actor_name(row.recorded_by)
    return _("Consent recorded by %(who)s: %(source)s") % {"who": by, "source": row.source or "–"}, row.wording, ""


def _followup(row: Any) -> _Told:
    kind = words.word("followup_type", row.type)
    return _("Follow-up “%(kind)s” was not sent") % {"kind": kind}, reason(row.reason) if row.reason else "", ""


_TELL: dict[str, Callable[[Any], _Told]] = {
    "message": _message,
    "consent": _consent,
    "confirmed": lambda _row: (_("Confirmed the consent in the chat"), "", ""),
    "withdrawn": lambda _row: (_("Consent withdrawn"), "", ""),
    "followup": _followup,
    "check_in": lambda _row: (_("Was in the studio"), "", ""),
    "note": lambda row: (_("Note by %(who)s") % {"who": actor_name(row.author)}, row.body, ""),
    "change": lambda row: (_(row.summary_key) % row.facts if row.facts else _(row.summary_key), "", ""),
}
