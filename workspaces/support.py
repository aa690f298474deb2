"""Operators who look into a studio: with a reason, for an hour, seen by the studio, never as its owner.

Nobody takes on a member's identity: the operator acts in their own name, and the studio's audit says so.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from pilar.backplane import activity, audit
from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel.principal import Role
from pilar.kernel.problems import Forbidden, Problem
from workspaces import directory
from workspaces.models import Membership, User

SESSION_KEY = "support"
LASTS = timedelta(hours=1)
SHORTEST_REASON = 10
ROLES = (Role.VIEWER, Role.COACH)
"""Looking, or doing what a coach may. Settings are changed in the admin, where each change has a page of its own."""


@dataclass(frozen=True, slots=True)
class Support:
    """An operator inside a studio. `membership` is theirs for the time being and stands in no table."""

    membership: Membership
    reason: str
    until: datetime


def enter(*, session: Any, operator: User, workspace_id: UUID, role: str, reason: str, now: datetime) -> Support:
    """Let an operator into a studio from this session on.

    Raises Forbidden for who is none, Problem without a reason or for a role that support cannot have, NotFound.
    """
    if not operator.is_staff:
        raise Forbidden(_("Only operators look into studios."))
    if role not in ROLES:
        raise Problem(_("Support looks, or helps as a coach."), code="validation_failed")
    reason = " ".join(reason.split())[:300]
    if len(reason) < SHORTEST_REASON:
        raise Problem(_("Say why in a few words: the studio reads it."), code="validation_failed")
    workspace = directory.get(workspace_id)
    until = now + LASTS
    with tenant(workspace_id), atomic():
        facts = {"reason": reason, "role": str(role), "until": until.isoformat()}
        audit.record(f"operator:{operator.pk}", "support.entered", "workspace", workspace_id, after=facts)
        activity.log("support.entered", gettext_noop("PILAR support looked into the studio: %(reason)s"), facts)
    session[SESSION_KEY] = {"workspace": str(workspace_id), **facts}
    return Support(Membership(workspace=workspace, user=operator, role=role), reason, until)


def leave(*, session: Any, operator: User) -> None:
    """End the visit. Does nothing when there is none."""
    kept = session.pop(SESSION_KEY, None)
    if kept is None:
        return
    with tenant(UUID(kept["workspace"])), atomic():
        audit.record(f"operator:{operator.pk}", "support.left", "workspace", kept["workspace"])


def current(*, session: Any, user: User, now: datetime) -> Support | None:
    """Return the visit that goes on in this session, or None: it is over after an hour, and for who is no operator any more."""
    kept = session.get(SESSION_KEY)
    until = parse_datetime(kept["until"]) if kept else None
    if until is None or until <= now or not user.is_staff:
        return None
    workspace = directory.get(UUID(kept["workspace"]))
    return Support(Membership(workspace=workspace, user=user, role=kept["role"]), kept["reason"], until)
