"""What the pages show of people and their consents: raw values, worded by the templates."""

from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _

from coach import consents, texts
from coach.models import Consent, Conversation, Followup, Lead


def with_contacts(rows: QuerySet[Lead]) -> QuerySet[Lead]:
    """Add last contact and next follow-up to each lead; consents come along in one further query."""
    planned = Followup.objects.filter(lead=OuterRef("pk"), status=Followup.Status.PENDING).order_by("scheduled_at")
    last = Conversation.objects.filter(lead=OuterRef("pk"))
    return rows.prefetch_related("consents").annotate(
        next_followup_at=Subquery(planned.values("scheduled_at")[:1]),
        last_contact_at=Subquery(last.values("last_message_at")[:1]),
    )


def member(row: Any) -> dict[str, Any]:
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
        "last_contact_at": row.last_contact_at,
        "next_followup_at": row.next_followup_at,
    }


def consent(row: Consent) -> dict[str, Any]:
    """One consent with its proof."""
    return {
        "kind": row.purpose,
        "state": row.state,
        "source": row.source or _("without a source"),
        "wording": row.wording,
        "at": row.at or row.created_at,
    }


def having_consent(rows: QuerySet[Lead], wanted: str) -> QuerySet[Lead]:
    """Filter leads by the chips of the page: consented, pending, stopped; anything else is no filter."""
    open_ones = Consent.objects.filter(purpose=Consent.Purpose.COACHING, withdrawn_at=None)
    proven = ~Q(source="") & ~Q(wording="") & Q(at__isnull=False)
    given = open_ones.filter(Q(confirmed_at__isnull=False) | proven)
    match wanted:
        case "consented":
            return rows.filter(pk__in=given.values("lead"), status=Lead.Status.ACTIVE)
        case "pending":
            unconfirmed = open_ones.filter(confirmed_at=None)
            return rows.filter(pk__in=unconfirmed.values("lead"), status=Lead.Status.ACTIVE)
        case "stopped":
            return rows.filter(status=Lead.Status.OPTED_OUT)
    return rows
