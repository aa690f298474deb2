"""The trails of a studio: what the autopilot did and who changed what, narrowed by who, what, when and object."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db.models import QuerySet

from pilar.backplane import tenants
from pilar.backplane.models import ActivityLog, AuditLog
from workspaces.models import Membership

UNSEEN_KINDS = ("provisioning.step",)
"""The single steps of a set-up have a page of their own."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters; an empty one does not narrow. `what` is the beginning of an action or kind, days are the studio's."""

    who: str = ""
    what: str = ""
    object_id: str = ""
    since: date | None = None
    until: date | None = None


def changes(wanted: Wanted) -> QuerySet[AuditLog]:
    """Return who changed what, in the studio's scope, unordered."""
    rows = _within(AuditLog.objects.all(), wanted)
    rows = rows.filter(actor=wanted.who) if wanted.who else rows
    rows = rows.filter(action__startswith=wanted.what) if wanted.what else rows
    return rows.filter(object_id=wanted.object_id) if wanted.object_id else rows


def happenings(wanted: Wanted) -> QuerySet[ActivityLog]:
    """Return what the autopilot did, in the studio's scope, unordered."""
    rows = _within(ActivityLog.objects.exclude(kind__in=UNSEEN_KINDS), wanted)
    rows = rows.filter(kind__startswith=wanted.what) if wanted.what else rows
    return rows.filter(subject_id=wanted.object_id) if wanted.object_id else rows


def people(workspace_id: UUID) -> dict[str, str]:
    """Return the names of the studio's people by the actor that the trails name."""
    rows = Membership.objects.filter(workspace_id=workspace_id).select_related("user")
    return {f"user:{row.user_id}": row.user.name or row.user.email for row in rows}


def _within[M: ActivityLog | AuditLog](rows: QuerySet[M], wanted: Wanted) -> QuerySet[M]:
    zone = tenants.zone()
    rows = rows.filter(at__gte=datetime.combine(wanted.since, time(), zone)) if wanted.since else rows
    if wanted.until:
        rows = rows.filter(at__lt=datetime.combine(wanted.until + timedelta(days=1), time(), zone))
    return rows
