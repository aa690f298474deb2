"""Activities as sentences in the reader's language."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import gettext

from pilar.backplane.models import ActivityLog
from pilar.kernel import switchboard
from pilar.kernel.shown import Hit
from pilar.ui import words
from pilar.ui.templatetags.ui import phone

_KINDS = {"step": "setup", "outcome": "step", "trigger": "trigger", "type": "followup_type"}
"""Facts that hold a state of ours, by the kind of words that says it."""


def of(entry: ActivityLog) -> str:
    """Return what happened; facts that no longer fit the sentence are left out of it."""
    text = gettext(entry.summary_key)
    try:
        return text % {name: _said(name, value) for name, value in _facts(entry).items()}
    except (KeyError, TypeError, ValueError):
        return text


def about(entries: Iterable[ActivityLog]) -> dict[UUID, Hit]:
    """Return whom or what each entry is about, where that has a name and a page; one query a kind. In a transaction."""
    wanted: dict[str, dict[UUID, str]] = {}
    for entry in entries:
        if entry.subject_type in switchboard.subjects:
            wanted.setdefault(entry.subject_type, {})[entry.pk] = entry.subject_id
    found: dict[UUID, Hit] = {}
    for kind, ids in wanted.items():
        named = switchboard.subjects[kind].find(set(ids.values()))
        found |= {pk: named[key] for pk, key in ids.items() if key in named}
    return found


def _facts(entry: ActivityLog) -> Mapping[str, Any]:
    return entry.facts if isinstance(entry.facts, dict) else {}


def _said(name: str, value: Any) -> Any:
    if name == "number":
        return phone(value)
    return words.word(_KINDS[name], value) if name in _KINDS else value
