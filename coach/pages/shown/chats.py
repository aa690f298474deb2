"""What the pages show of conversations and messages: raw values, worded by the templates."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Any

from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from coach.chat_list import Page, Row
from coach.models import ChatNote, Conversation, Lead, Message
from coach.models.chats import WINDOW
from coach.pages.shown import actors, failures
from coach.reading import Part

_LITTLE = 0.25
"""Share of the window below which it is shown as running out."""


def rows(page: Page, *, now: datetime) -> list[dict[str, Any]]:
    """The lines of the list of chats."""
    names = actors.names(row.conversation.taken_by for row in page.rows)
    return [_row(row, names, now) for row in page.rows]


def _row(row: Row, names: dict[str, str], now: datetime) -> dict[str, Any]:
    found = row.found or row.last
    return head(row.conversation, now=now, taken_by=names.get(row.conversation.taken_by, "")) | {
        "url": reverse("coach:chat", args=[row.conversation.pk]),
        "last_text": found.body if found else "",
        "last_kind": found.kind if found else "",
        "last_direction": found.direction if found else "",
        "last_by": found.by if found else "",
        "last_status": row.last.state if row.last else "",
        "last_at": row.conversation.last_message_at,
        "unread": row.conversation.unread,
    }


def head(row: Conversation, *, now: datetime, taken_by: str = "") -> dict[str, Any]:
    """What stands above a chat."""
    return {
        "id": row.pk,
        "name": row.lead.name or row.lead.phone,
        "phone": row.lead.phone,
        "owner": row.owner,
        "taken_by": taken_by,
        "window": window(row, now),
        "language": row.lead.language,
        "has_stopped": row.lead.status == Lead.Status.OPTED_OUT,
        "lead_url": reverse("coach:member", args=[row.lead_id]),
    }


def window(row: Conversation, now: datetime) -> dict[str, Any]:
    """The 24-hour window: whether it is open, until when, how much of it is left (in percent), and in words."""
    until = row.window_until
    if until is None or until <= now:
        return {"is_open": False, "until": until, "percent": 0, "tone": "mute", "left": ""}
    share = (until - now) / WINDOW
    tone = "wait" if share < _LITTLE else "ok"
    return {"is_open": True, "until": until, "percent": round(share * 100), "tone": tone, "left": _left(until, now)}


def _left(until: datetime, now: datetime) -> str:
    minutes = max(1, int((until - now).total_seconds() // 60))
    if minutes < 60:
        return _("%(minutes)s min left") % {"minutes": minutes}
    return _("%(hours)s h left") % {"hours": round(minutes / 60)}


def days(part: Part, conversation: Conversation) -> list[dict[str, Any]]:
    """The bubbles and notes of a conversation by local day."""
    authors = actors.names(_authors(part.entries))
    entries = [_entry(entry, conversation, authors) for entry in part.entries]
    grouped = groupby(entries, key=lambda entry: timezone.localdate(entry["at"]))
    return [{"label": _day(day), "date": day, "entries": list(found)} for day, found in grouped]


def _authors(entries: Iterable[Message | ChatNote]) -> Iterable[str]:
    return (entry.author for entry in entries if entry.author)


def _day(day: Any) -> str:
    away = (timezone.localdate() - day).days
    return {0: _("Today"), 1: _("Yesterday")}.get(away) or formats.date_format(day, "DATE_FORMAT")


def _entry(entry: Message | ChatNote, conversation: Conversation, authors: dict[str, str]) -> dict[str, Any]:
    if isinstance(entry, ChatNote):
        return note(entry, conversation, authors.get(entry.author, ""))
    return message(entry, authors.get(entry.author, ""))


def note(row: ChatNote, conversation: Conversation, author: str) -> dict[str, Any]:
    """A remark between the bubbles."""
    remove = reverse("coach:note_remove", args=[conversation.pk, row.pk])
    return {"is_note": True, "id": row.pk, "text": row.body, "at": row.created_at, "author": author, "remove": remove}


def message(row: Message, author: str = "") -> dict[str, Any]:
    """One bubble."""
    outgoing = row.direction == Message.Direction.OUT
    why = reverse("coach:why", args=[row.conversation_id, row.pk]) if outgoing else ""
    return {
        "is_note": False,
        "id": row.pk,
        "direction": row.direction,
        "kind": row.kind,
        "text": row.body,
        "status": row.state,
        "at": row.at,
        "by": row.by,
        "author": author,
        "failure": failures.of(row),
        "why_url": why,
        "template": (row.template or {}).get("name", ""),
    }
