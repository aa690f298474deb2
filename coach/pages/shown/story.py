"""One person's story, each entry as a sentence."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from coach.history import Entry
from coach.models import Message
from coach.pages.shown.people import actor_name
from coach.reasons import told as reason
from pilar.ui import words
from pilar.ui.templatetags.ui import day_or_clock

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


def all_told(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """The entries one by one, newest first; visits that follow each other are one."""
    return [one for kind, group in groupby(entries, key=lambda entry: entry.kind) for one in _run(kind, list(group))]


def _run(kind: str, entries: Sequence[Entry]) -> list[dict[str, Any]]:
    if kind != "check_in" or len(entries) == 1:
        return [told(entry) for entry in entries]
    visits = ngettext("Was in the studio %(n)s time", "Was in the studio %(n)s times", len(entries))
    span = f"{day_or_clock(entries[-1].at)} – {day_or_clock(entries[0].at)}"
    return [told(entries[0]) | {"at": None, "headline": visits % {"n": len(entries)}, "text": span}]


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


_CHANGES = {
    "lead.met": gettext_lazy("First wrote on WhatsApp"),
    "lead.renamed": gettext_lazy("Has a new number on WhatsApp"),
    "lead.opted_out": gettext_lazy("Said stop"),
    "lead.opted_in": gettext_lazy("Wants messages again"),
    "lead.wishes": gettext_lazy("Said in the chat when and how often to write"),
}
"""What the activity says of a member, where it is clear who is meant."""


def _change(row: Any) -> _Told:
    if row.kind in _CHANGES:
        return str(_CHANGES[row.kind]), "", ""
    return _(row.summary_key) % row.facts if row.facts else _(row.summary_key), "", ""


_TELL: dict[str, Callable[[Any], _Told]] = {
    "message": _message,
    "consent": _consent,
    "confirmed": lambda _row: (_("Confirmed the consent in the chat"), "", ""),
    "withdrawn": lambda _row: (_("Consent withdrawn"), "", ""),
    "followup": _followup,
    "check_in": lambda _row: (_("Was in the studio"), "", ""),
    "note": lambda row: (_("Note by %(who)s") % {"who": actor_name(row.author)}, row.body, ""),
    "change": _change,
}
