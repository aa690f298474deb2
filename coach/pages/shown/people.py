"""What the pages show of people and their consents: raw values, worded by the templates."""

from datetime import date, datetime
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _

from coach import consents, texts
from coach.models import Consent, Conversation, Followup, Lead
from pilar.ui import words
from workspaces.models import User


def with_contacts(rows: QuerySet[Lead]) -> QuerySet[Lead]:
    """Add last contact and next follow-up to each lead; consents come along in one further query."""
    planned = Followup.objects.filter(lead=OuterRef("pk"), status=Followup.Status.PENDING).order_by("scheduled_at")
    last = Conversation.objects.filter(lead=OuterRef("pk"))
    return rows.prefetch_related("consents").annotate(
        next_followup_at=Subquery(planned.values("scheduled_at")[:1]),
        last_contact_at=Subquery(last.values("last_message_at")[:1]),
    )


def member(row: Any, *, now: datetime) -> dict[str, Any]:
    """One line of the list of members; `row` comes from `with_contacts`."""
    mine = [entry for entry in row.consents.all() if entry.purpose == Consent.Purpose.COACHING]
    standing = consents.standing_of(mine)
    stopped = row.status == Lead.Status.OPTED_OUT
    return {
        "id": row.pk,
        "url": reverse("coach:member", args=[row.pk]),
        "name": row.name or row.phone,
        "phone": row.phone,
        "email": row.email,
        "language": texts.language_or_default(row.language),
        "tags": row.tags,
        "consent": "withdrawn" if stopped else standing.state,
        "stopped": stopped,
        "paused_until": row.paused_until if row.paused_until and row.paused_until > now else None,
        "timezone": row.timezone,
        "source": row.source,
        "since": row.created_at,
        "last_contact_at": row.last_contact_at,
        "next_followup_at": row.next_followup_at,
    }


def consent(row: Consent) -> dict[str, Any]:
    """One consent with its proof."""
    return {
        "id": row.pk,
        "kind": row.purpose,
        "state": row.state,
        "source": row.source or _("without a source"),
        "wording": row.wording,
        "at": row.at or row.created_at,
        "confirmed_at": row.confirmed_at,
        "withdrawn_at": row.withdrawn_at,
        "by": actor_name(row.recorded_by),
        "open": row.withdrawn_at is None,
    }


def actor_name(actor: str) -> str:
    """Who did it, as the studio knows them."""
    kind, _sep, key = actor.partition(":")
    if kind == "user":
        user = User.objects.filter(pk=key).first() if key.isdigit() or len(key) == 36 else None
        return (user.name or user.email) if user else _("somebody who has left")
    return {"api": _("another program"), "member": _("the member"), "key": _("another program")}.get(kind, actor)


def weeks(days: list[tuple[date, str]]) -> list[list[dict[str, Any]]]:
    """The dots of the calendar, a column a week, each with a sentence."""
    dots = [
        {"day": day, "kind": kind, "tone": words.tone("day", kind), "word": words.word("day", kind)}
        for day, kind in days
    ]
    return [dots[start : start + 7] for start in range(0, len(dots), 7)]
