"""The people of a studio after they have come in: other roles, leaving, and handing the studio over.

Nobody touches a role that is stronger than their own, and a studio always keeps an owner. The studio's row is the lock:
two owners who remove each other at the same moment do so one after the other.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from pilar.backplane import audit
from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel.ids import uuid7
from pilar.kernel.principal import Principal, Role
from pilar.kernel.problems import Conflict, Forbidden, NotFound
from pilar.providers.email import outbox
from workspaces.models import ApiKey, Membership, User, Workspace
from workspaces.models.access import MemberRole


@dataclass(frozen=True, slots=True)
class Removed:
    """`api_keys` counts the keys that the person made and that go on working."""

    membership: Membership
    api_keys: int


def change_role(*, by: Principal, name: str, membership_id: UUID, role: MemberRole) -> Membership:
    """Give a member another role; `name` signs the letter that tells them.

    Raises NotFound, Forbidden for or towards a role above the caller's own, Conflict for the last owner.
    """
    with _locked(by) as workspace:
        member = _member(workspace, membership_id)
        _refuse_stronger(by, MemberRole(member.role))
        _refuse_stronger(by, role)
        if member.role == role:
            return member
        if member.role == MemberRole.OWNER:
            _refuse_last_owner(workspace)
        before, member.role = member.role, role
        member.save(update_fields=["role"])
        _record(by, "member.role_changed", member, before, role)
        _tell(
            member.user, "role_changed", workspace, changer=name, role=role, url=f"{settings.PUBLIC_BASE_URL}/dashboard"
        )
    return member


def remove(*, by: Principal, name: str, membership_id: UUID) -> Removed:
    """End a membership; the person's next request finds no studio. Raises as `change_role` does."""
    with _locked(by) as workspace:
        member = _member(workspace, membership_id)
        _refuse_stronger(by, MemberRole(member.role))
        _end(workspace, member, by.actor, "member.removed")
        keys = ApiKey.objects.filter(workspace=workspace, created_by=f"user:{member.user_id}", revoked_at=None).count()
        _tell(member.user, "membership_ended", workspace, remover=name)
    return Removed(member, keys)


def leave(*, by: Principal, user: User) -> None:
    """End one's own membership. Raises NotFound, Conflict for the last owner."""
    with _locked(by) as workspace:
        member = _rows(workspace).filter(user=user).first()
        if member is None:
            raise NotFound
        _end(workspace, member, by.actor, "member.left")


def hand_over(*, by: Principal, user: User, membership_id: UUID) -> Membership:
    """Make another member the owner and the giver an administrator; both are told by letter.

    Raises NotFound, Forbidden when the giver is no owner, Conflict when it is the giver or an owner already, or somebody
    whose account waits for its deletion.
    """
    with _locked(by) as workspace:
        giver = _rows(workspace).filter(user=user).first()
        if giver is None or giver.role != MemberRole.OWNER:
            raise Forbidden(_("Only an owner can hand the studio over."))
        receiver = _member(workspace, membership_id)
        if receiver.role == MemberRole.OWNER:
            raise Conflict(_("This person owns the studio already."), code="already_owner")
        if not receiver.user.is_active:
            raise Conflict(_("This person is deleting their account. Choose somebody else."), code="leaving")
        before, receiver.role, giver.role = receiver.role, MemberRole.OWNER, MemberRole.ADMIN
        Membership.objects.bulk_update([giver, receiver], ["role"])
        _record(by, "ownership.moved", receiver, before, MemberRole.OWNER)
        _tell_of_handover(workspace, giver.user, receiver.user)
    return receiver


def alone_at_the_top(user: User) -> list[Workspace]:
    """Return the open studios whose only owner this person is."""
    mine = Membership.objects.filter(user=user, role=MemberRole.OWNER).exclude(
        workspace__status=Workspace.Status.CLOSED
    )
    others = Membership.objects.filter(role=MemberRole.OWNER, user__is_active=True).exclude(user=user)
    rows = mine.exclude(workspace__in=others.values("workspace")).select_related("workspace")
    return [member.workspace for member in rows.order_by("created_at", "pk")]


@contextmanager
def _locked(by: Principal) -> Iterator[Workspace]:
    if by.workspace_id is None:
        raise NotFound
    with tenant(by.workspace_id), atomic():
        yield Workspace.objects.select_for_update().get(pk=by.workspace_id)


def _rows(workspace: Workspace) -> Any:
    return Membership.objects.filter(workspace=workspace).select_related("user")


def _member(workspace: Workspace, membership_id: UUID) -> Membership:
    found: Membership | None = _rows(workspace).filter(pk=membership_id).first()
    if found is None:
        raise NotFound
    return found


def _refuse_stronger(by: Principal, role: MemberRole) -> None:
    if not by.at_least(Role(role)):
        raise Forbidden(_("You cannot give or take a role that is stronger than your own."))


def _refuse_last_owner(workspace: Workspace) -> None:
    """An owner whose account waits for its deletion does not count: nobody can sign in with it."""
    if _rows(workspace).filter(role=MemberRole.OWNER, user__is_active=True).count() < 2:
        raise Conflict(_("A studio needs an owner. Hand it over to somebody first."), code="last_owner")


def _end(workspace: Workspace, member: Membership, actor: str, action: str) -> None:
    if member.role == MemberRole.OWNER:
        _refuse_last_owner(workspace)
    audit.record(actor, action, "user", str(member.user_id), before={"role": member.role})
    Membership.objects.filter(pk=member.pk).delete()


def _record(by: Principal, action: str, member: Membership, before: str, after: str) -> None:
    audit.record(by.actor, action, "user", str(member.user_id), before={"role": before}, after={"role": after})


def _tell_of_handover(workspace: Workspace, giver: User, receiver: User) -> None:
    url = f"{settings.PUBLIC_BASE_URL}/dashboard/settings/people"
    names = {"giver": giver.get_full_name(), "receiver": receiver.get_full_name(), "url": url}
    for person in (giver, receiver):
        _tell(person, "ownership_moved", workspace, is_new_owner=person == receiver, **names)


def _tell(person: User, template: str, workspace: Workspace, **values: Any) -> None:
    outbox.send(
        to=person.email,
        template=template,
        context={"studio": workspace.name, **values},
        language=person.language,
        zone=person.timezone,
        key=f"team:{uuid7()}",
    )
