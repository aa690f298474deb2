"""Activities as sentences in the reader's language."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext

from pilar.backplane.models import ActivityLog
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


def _facts(entry: ActivityLog) -> Mapping[str, Any]:
    return entry.facts if isinstance(entry.facts, dict) else {}


def _said(name: str, value: Any) -> Any:
    if name == "number":
        return phone(value)
    return words.word(_KINDS[name], value) if name in _KINDS else value
