"""What the list of members shows above and below its rows."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from coach import leads
from coach.models import BulkAction, Segment
from coach.roster import SILENT_DAYS, Counts, Filter
from pilar.ui import words
from pilar.ui.templatetags.ui import language_label
from workspaces import billing

NEARLY_FULL = 0.9


def _chip(label: str, wanted: Filter, target: Filter, count: int) -> dict[str, Any]:
    """A chip that is on leads back to the list without it."""
    on = wanted == target
    leads_to = Filter(q=wanted.q, sort=wanted.sort) if on else target
    return {"label": label, "url": "?" + urlencode(leads_to.query()), "count": count, "on": on}


def chips(wanted: Filter, counts: Counts) -> list[dict[str, Any]]:
    """The states that matter most, each with its number."""
    plain = Filter(q=wanted.q, sort=wanted.sort)
    consents = {"consented": "given", "pending": "pending", "missing": "missing", "stopped": "withdrawn"}
    found = [_chip(pgettext("members", "All"), wanted, plain, counts.total)]
    found += [
        _chip(words.word("consent", word), wanted, replace(plain, consent=name), counts.states[name])
        for name, word in consents.items()
    ]
    found.append(_chip(_("Paused"), wanted, replace(plain, paused=True), counts.states["paused"]))
    found.append(_chip(_("Never written to"), wanted, replace(plain, never=True), counts.states["never"]))
    for days in SILENT_DAYS:
        label = _("Silent for %(days)s days") % {"days": days}
        found.append(_chip(label, wanted, replace(plain, silent=days), counts.states[f"silent{days}"]))
    return found


def groups(wanted: Filter, counts: Counts) -> list[dict[str, Any]]:
    """Language, tag and source: only where there is a choice."""
    named = (
        (_("Tag"), "tag", counts.tags, lambda value: value),
        (_("Language"), "language", counts.languages, language_label),
        (_("Came by"), "source", counts.sources, lambda value: words.word("lead_source", value)),
    )
    return [
        {
            "label": label,
            "name": name,
            "options": [(value, f"{say(value)} ({n})") for value, n in values.items()],
            "value": getattr(wanted, name),
        }
        for label, name, values, say in named
        if len(values) > (0 if name == "tag" else 1)
    ]


def sorts(wanted: Filter) -> list[dict[str, Any]]:
    """The orders of the list."""
    named = {"newest": _("Newest first"), "oldest": _("Oldest first"), "name": _("By name")}
    return [{"value": value, "label": label, "on": wanted.sort == value} for value, label in named.items()]


def segments(wanted: Filter, rows: Iterable[Segment]) -> list[dict[str, Any]]:
    """The saved filters."""
    found = []
    for row in rows:
        target = Filter.of(row.filter)
        delete = reverse("coach:segment_delete", args=[row.pk])
        found.append(
            {"label": row.name, "url": "?" + urlencode(target.query()), "on": target == wanted, "delete": delete}
        )
    return found


def room(total: int | None = None) -> dict[str, Any]:
    """How full the plan is, and whether it is time to say so; the members are counted unless that was done."""
    total, limit = leads.count() if total is None else total, billing.limits().leads
    return {"total": total, "limit": limit, "full": total >= limit, "nearly": limit * NEARLY_FULL <= total < limit}


def done(action: BulkAction) -> str:
    """What was done, as a sentence; where nobody was changed, why."""
    if action.status == BulkAction.Status.UNDONE:
        return _("Undone. Everything is as it was before.")
    if not action.changed:
        return _why_nobody(action)
    n, value = action.changed, action.params.get("value") or ""
    sentences = {
        "tag": ngettext("%(n)s member has the tag “%(tag)s” now.", "%(n)s members have the tag “%(tag)s” now.", n),
        "untag": ngettext("The tag “%(tag)s” is off %(n)s member.", "The tag “%(tag)s” is off %(n)s members.", n),
        "pause": ngettext("%(n)s member is paused.", "%(n)s members are paused.", n),
        "resume": ngettext("%(n)s member gets messages again.", "%(n)s members get messages again.", n),
        "erase": ngettext("%(n)s member was erased.", "%(n)s members were erased.", n),
    }
    return sentences[action.kind] % {"n": n, "tag": value}


def _why_nobody(action: BulkAction) -> str:
    n, tag = action.total, action.params.get("value") or ""
    sentences = {
        "tag": ngettext(
            "Nothing has changed: the member has the tag “%(tag)s” already, or 20 others, which is the most.",
            "Nothing has changed: all of them have the tag “%(tag)s” already, or 20 others, which is the most.",
            n,
        ),
        "untag": ngettext(
            "Nothing has changed: the member does not have the tag “%(tag)s”.",
            "Nothing has changed: none of them has the tag “%(tag)s”.",
            n,
        ),
        "pause": ngettext(
            "Nothing has changed: the member was paused until then already.",
            "Nothing has changed: all of them were paused until then already.",
            n,
        ),
        "resume": ngettext(
            "Nothing has changed: the member was not paused.", "Nothing has changed: none of them was paused.", n
        ),
        "erase": ngettext(
            "Nothing has changed: the member was erased already.",
            "Nothing has changed: all of them were erased already.",
            n,
        ),
    }
    return sentences[action.kind] % {"tag": tag}
