"""The trails of a studio: what the autopilot did and who changed what, narrowed by who, what, when and object."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from pilar.backplane import tenants
from pilar.backplane.models import ActivityLog, AuditLog
from pilar.ui import words
from workspaces.models import ApiKey, Membership

SUBJECTS: dict[str, tuple[str | Promise, str]] = {
    "members": (_("Members"), r"^(lead|members|consent|goal|segment)\."),
    "chats": (_("Chats and messages"), r"^(chat|message|note|saved_reply|followup)\."),
    "coach": (_("Coach and limits"), r"^(agent|coach|templates|budget|workspace)\."),
    "setup": (_("Set-up and connections"), r"^(provisioning|studio|document|connection|whatsapp|health|incident)\."),
    "team": (_("Team and access"), r"^(member|membership|invitation|ownership|api_key|support)\."),
    "billing": (_("Plan and data"), r"^(subscription|plan|export)\."),
}
"""What a trail can be narrowed to: what it is called, and the actions and kinds that belong to it."""
UNSEEN_KINDS = ("provisioning.step",)
"""The single steps of a set-up have a page of their own."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters; an empty one does not narrow. `what` is a key of `SUBJECTS`, days are the studio's."""

    who: str = ""
    what: str = ""
    object_id: str = ""
    since: date | None = None
    until: date | None = None


def changes(wanted: Wanted) -> QuerySet[AuditLog]:
    """Return who changed what, in the studio's scope, unordered."""
    rows = _within(AuditLog.objects.all(), wanted)
    rows = rows.filter(Q(actor=wanted.who) | Q(actor__startswith=f"{wanted.who}:")) if wanted.who else rows
    rows = rows.filter(action__regex=SUBJECTS[wanted.what][1]) if wanted.what else rows
    return rows.filter(object_id=wanted.object_id) if wanted.object_id else rows


def happenings(wanted: Wanted) -> QuerySet[ActivityLog]:
    """Return what the autopilot did, in the studio's scope, unordered."""
    rows = _within(ActivityLog.objects.exclude(kind__in=UNSEEN_KINDS), wanted)
    rows = rows.filter(kind__regex=SUBJECTS[wanted.what][1]) if wanted.what else rows
    return rows.filter(subject_id=wanted.object_id) if wanted.object_id else rows


def people(workspace_id: UUID) -> dict[str, str]:
    """Return the names of the studio's people and of its programs' keys by the actor that the trails name."""
    rows = Membership.objects.filter(workspace_id=workspace_id).select_related("user")
    keys = ApiKey.objects.filter(workspace_id=workspace_id).values_list("prefix", "name")
    named = {f"user:{row.user_id}": row.user.name or row.user.email for row in rows}
    return named | {f"key:{prefix}": name for prefix, name in keys}


def others() -> dict[str, str]:
    """Return how those are called who are not of the studio, by the actor or the beginning of it."""
    return {kind: words.word("actor", kind) for kind in ("system", "member", "stripe", "operator")}


def name_of(actor: str, people: Mapping[str, str]) -> str:
    """Return who that was: somebody of `people`, or in words what kind of actor."""
    return people.get(actor) or words.word("actor", actor.partition(":")[0])


def _within[M: ActivityLog | AuditLog](rows: QuerySet[M], wanted: Wanted) -> QuerySet[M]:
    zone = tenants.zone()
    rows = rows.filter(at__gte=datetime.combine(wanted.since, time(), zone)) if wanted.since else rows
    return rows.filter(at__lte=datetime.combine(wanted.until, time.max, zone)) if wanted.until else rows
