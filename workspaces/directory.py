"""The studios and their standing: set up, active, suspended, resumed."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from pilar.backplane import audit, events
from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel.problems import NotFound
from pilar.kernel.switchboard import Empty
from workspaces import facts
from workspaces.models import Membership, User, Workspace

Status = Workspace.Status


def get(workspace_id: UUID) -> Workspace:
    """Return a workspace with its plan. Raises NotFound."""
    found = Workspace.objects.select_related("plan").filter(pk=workspace_id).first()
    if found is None:
        raise NotFound
    return found


def exists(workspace_id: UUID) -> bool:
    """Say whether there is such a studio that has not been closed."""
    return Workspace.objects.filter(pk=workspace_id).exclude(status=Status.CLOSED).exists()


def is_suspended(workspace_id: UUID) -> bool:
    """Say whether the studio is suspended. Asked by everything that would cost money or speak for the studio."""
    return Workspace.objects.filter(pk=workspace_id, status=Status.SUSPENDED).exists()


def owner(workspace_id: UUID) -> User | None:
    """Return the first owner, to whom mail about the studio goes; None until somebody has claimed it."""
    rows = Membership.objects.filter(workspace_id=workspace_id, role="owner", user__is_active=True)
    first = rows.select_related("user").order_by("created_at", "pk").first()
    return first.user if first else None


def people_who_answer(workspace_id: UUID) -> list[User]:
    """Return who answers members and wants to be told when one waits."""
    rows = Membership.objects.filter(workspace_id=workspace_id, user__is_active=True, user__escalations=True)
    return [member.user for member in rows.exclude(role="viewer").select_related("user").order_by("created_at", "pk")]


def zones(workspace_ids: list[UUID]) -> dict[UUID, str]:
    """Return the time zones of studios."""
    return dict(Workspace.objects.filter(pk__in=workspace_ids).values_list("pk", "timezone"))


def names(workspace_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return how studios are called."""
    return dict(Workspace.objects.filter(pk__in=workspace_ids).values_list("pk", "name"))


def activate(*, workspace_id: UUID, actor: str, now: datetime) -> Workspace:
    """Put a studio into service: its provisioning is complete. Does nothing to one that is active or suspended."""
    with tenant(workspace_id), atomic():
        workspace = _locked(workspace_id)
        if workspace.status == Status.PENDING:
            workspace.activated_at = workspace.activated_at or now
            _move(workspace, Status.ACTIVE, actor=actor)
    return workspace


def suspend(*, workspace_id: UUID, reason: str, actor: str, now: datetime) -> Workspace:
    """Stop the autopilot of a studio whose subscription no longer carries it. Its data stays readable.

    The engine goes on with the studio's jobs: a member's STOP must be obeyed whether or not the studio has paid
    (reliability S8). What a suspended studio does not do any more is decided where it would be done.
    """
    with tenant(workspace_id), atomic():
        workspace = _locked(workspace_id)
        if workspace.status in (Status.PENDING, Status.ACTIVE):
            workspace.suspended_at = now
            _move(workspace, Status.SUSPENDED, actor=actor)
            key = f"suspended:{now.isoformat()}"
            events.publish(facts.WORKSPACE_SUSPENDED, facts.Suspended(reason=reason), key=key)
    return workspace


def resume(*, workspace_id: UUID, actor: str, now: datetime) -> Workspace:
    """Undo `suspend`: an activated studio works on, another goes on being set up."""
    with tenant(workspace_id), atomic():
        workspace = _locked(workspace_id)
        if workspace.status == Status.SUSPENDED:
            workspace.suspended_at = None
            _move(workspace, Status.ACTIVE if workspace.activated_at else Status.PENDING, actor=actor)
            events.publish(facts.WORKSPACE_RESUMED, Empty(), key=f"resumed:{now.isoformat()}")
    return workspace


def _locked(workspace_id: UUID) -> Workspace:
    found = Workspace.objects.select_for_update().filter(pk=workspace_id).first()
    if found is None:
        raise NotFound
    return found


def _move(workspace: Workspace, status: Workspace.Status, *, actor: str) -> None:
    before = workspace.status
    workspace.status = status
    workspace.save(update_fields=["status", "activated_at", "suspended_at"])
    audit.record(
        actor,
        f"workspace.{status}",
        "workspace",
        str(workspace.pk),
        before={"status": before},
        after={"status": status},
    )
