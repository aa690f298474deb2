"""How a studio comes into being."""

from datetime import datetime
from uuid import UUID

from pilar.backplane import audit, events
from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel.switchboard import Empty
from workspaces import facts, plan_limits
from workspaces.models import Membership, Plan, User, Workspace
from workspaces.models.access import MemberRole
from workspaces.places import place


def found(
    *, workspace_id: UUID, name: str, country: str, plan: Plan, actor: str, now: datetime, language: str = ""
) -> Workspace:
    """Create the workspace with its limits, or return it when it exists already. Publishes `workspace.created`."""
    where = place(country)
    with tenant(workspace_id), atomic():
        workspace, is_new = Workspace.objects.get_or_create(
            pk=workspace_id,
            defaults={
                "name": name,
                "country": country,
                "language": language or where.language,
                "timezone": where.timezone,
                "plan": plan,
                "created_at": now,
            },
        )
        if is_new:
            plan_limits.apply(workspace)
            audit.record(actor, "workspace.created", "workspace", str(workspace_id), after={"plan": plan.code})
            events.publish(facts.WORKSPACE_CREATED, Empty(), key="created")
    return workspace


def admit(*, workspace_id: UUID, user: User, role: MemberRole, actor: str) -> Membership:
    """Make a person a member; who is one already keeps their role."""
    with tenant(workspace_id), atomic():
        membership, is_new = Membership.objects.get_or_create(
            workspace_id=workspace_id, user=user, defaults={"role": role}
        )
        if is_new:
            audit.record(actor, "member.admitted", "user", str(user.pk), after={"role": role})
    return membership
