"""Bringing colleagues in: a role for a mailbox, by a link that works once and for seven days.

The seats of a plan count members and open invitations together. Nobody gives away a stronger role than their own.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from pilar.backplane import audit
from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel.ids import uuid7
from pilar.kernel.principal import Principal, Role
from pilar.kernel.problems import Conflict, Forbidden, NotFound
from pilar.providers.email import outbox
from workspaces import founding, plan_limits
from workspaces.links import LinkState, hashed, new_person, new_token, refuse_others
from workspaces.models import Invitation, Membership, User, Workspace
from workspaces.models.access import MemberRole
from workspaces.models.user import normal_email

LIVES = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Link:
    state: LinkState
    invitation: Invitation | None = None


def invite(*, inviter: Principal, name: str, email: str, role: MemberRole, now: datetime) -> Invitation:
    """Invite a mailbox into the inviter's workspace, or change and renew the open invitation it has. `name` signs the mail.

    Raises Forbidden for a role above the inviter's own, Conflict for a member or when the plan has no seat left.
    """
    workspace_id, email = _workspace(inviter), normal_email(email)
    _refuse_stronger(inviter, role)
    with tenant(workspace_id), atomic():
        workspace = Workspace.objects.select_for_update(of=("self",)).select_related("plan").get(pk=workspace_id)
        if Membership.objects.filter(workspace=workspace, user__email=email).exists():
            raise Conflict(_("This person is a member already."), code="already_member")
        invitation = open_ones(workspace_id, now=now).filter(email=email).first()
        if invitation is None:
            _refuse_full(workspace, now)
            Invitation.objects.filter(workspace=workspace, email=email, accepted_at=None).delete()
            invitation = Invitation(id=uuid7(), workspace=workspace, email=email)
        else:
            _refuse_stronger(inviter, MemberRole(invitation.role))
        invitation.role, invitation.invited_by = role, name[:150]
        _send(invitation, workspace, now, reply_to=_mailbox(inviter))
        audit.record(inviter.actor, "member.invited", "invitation", invitation.pk, after={"role": role, "email": email})
    return invitation


def open_ones(workspace_id: UUID, *, now: datetime) -> QuerySet[Invitation]:
    """Return the invitations that can still be accepted, newest first."""
    rows = Invitation.objects.filter(workspace_id=workspace_id, accepted_at=None, expires_at__gt=now)
    return rows.order_by("-created_at", "-pk")


def members(workspace_id: UUID) -> QuerySet[Membership]:
    """Return the people of a studio, in the order in which they came."""
    return Membership.objects.filter(workspace_id=workspace_id).select_related("user").order_by("created_at", "pk")


def send_again(*, inviter: Principal, invitation_id: UUID, now: datetime) -> Invitation:
    """Mail a fresh link, which ends the one before. Raises NotFound, and Forbidden as `invite` does."""
    with tenant(_workspace(inviter)), atomic():
        invitation = _locked(inviter, invitation_id, now)
        _send(invitation, invitation.workspace, now, reply_to=_mailbox(inviter))
        audit.record(inviter.actor, "invitation.sent_again", "invitation", invitation_id)
    return invitation


def revoke(*, inviter: Principal, invitation_id: UUID, now: datetime) -> None:
    """End an open invitation: its link is unknown from now on. Raises NotFound, and Forbidden as `invite` does."""
    with tenant(_workspace(inviter)), atomic():
        _locked(inviter, invitation_id, now).delete()
        audit.record(inviter.actor, "invitation.revoked", "invitation", invitation_id)


def look(token: str, *, now: datetime) -> Link:
    """Say what a link is good for."""
    invitation = Invitation.objects.select_related("workspace").filter(token_hash=hashed(token)).first()
    if invitation is None or invitation.workspace.status == Workspace.Status.CLOSED:
        return Link(LinkState.UNKNOWN)
    if invitation.accepted_at:
        return Link(LinkState.USED, invitation)
    return Link(LinkState.VALID if invitation.expires_at > now else LinkState.EXPIRED, invitation)


def has_account(invitation: Invitation) -> bool:
    """Say whether the invited address belongs to somebody, who then signs in instead of choosing a password."""
    return User.objects.filter(email=invitation.email).exists()


def accept(token: str, *, user: User | None, password: str = "", name: str = "", now: datetime) -> User:
    """Make the link's holder a member and end the link. With `user` None an account is made, its address verified.

    Raises NotFound for a link that is not valid (any more), Forbidden when it was sent to somebody else than `user`,
    Conflict when the address has an account or all seats are taken by now.
    """
    found = look(token, now=now).invitation
    if found is None:
        raise NotFound
    with tenant(found.workspace_id), atomic():
        workspace = Workspace.objects.select_for_update(of=("self",)).select_related("plan").get(pk=found.workspace_id)
        link = look(token, now=now)
        if link.state is not LinkState.VALID or link.invitation is None:
            raise NotFound
        if user is not None:
            refuse_others(user, link.invitation.email)
        if members(workspace.pk).count() >= plan_limits.of(workspace.plan).seats:
            raise _full()
        email, language = link.invitation.email, workspace.language
        person = user or new_person(email, password=password, name=name, language=language)
        role = MemberRole(link.invitation.role)
        founding.admit(workspace_id=workspace.pk, user=person, role=role, actor=f"user:{person.pk}")
        Invitation.objects.filter(pk=link.invitation.pk).update(accepted_at=now)
    return person


def _workspace(inviter: Principal) -> UUID:
    if inviter.workspace_id is None:
        raise NotFound
    return inviter.workspace_id


def _locked(inviter: Principal, invitation_id: UUID, now: datetime) -> Invitation:
    rows = open_ones(_workspace(inviter), now=now).select_related("workspace").select_for_update(of=("self",))
    found = rows.filter(pk=invitation_id).first()
    if found is None:
        raise NotFound
    _refuse_stronger(inviter, MemberRole(found.role))
    return found


def _refuse_stronger(inviter: Principal, role: MemberRole) -> None:
    if not inviter.at_least(Role(role)):
        raise Forbidden(_("You cannot give or take a role that is stronger than your own."))


def _refuse_full(workspace: Workspace, now: datetime) -> None:
    taken = members(workspace.pk).count() + open_ones(workspace.pk, now=now).count()
    if taken >= plan_limits.of(workspace.plan).seats:
        raise _full()


def _full() -> Conflict:
    text = _("All seats of the plan are taken. Revoke an invitation or choose a larger plan.")
    return Conflict(text, code="no_seat", action_url=plan_limits.larger_plans())


def _mailbox(inviter: Principal) -> str:
    """Where the invited person's questions go; programs have no mailbox."""
    kind, _colon, user_id = inviter.actor.partition(":")
    found = User.objects.filter(pk=user_id).first() if kind == "user" else None
    return found.email if found else ""


def _send(invitation: Invitation, workspace: Workspace, now: datetime, *, reply_to: str) -> None:
    token = new_token()
    invitation.token_hash, invitation.expires_at = hashed(token), now + LIVES
    invitation.save()
    outbox.send(
        to=invitation.email,
        template="invitation",
        context={
            "studio": workspace.name,
            "inviter": invitation.invited_by,
            "role": invitation.role,
            "url": f"{settings.PUBLIC_BASE_URL}/invitation/{token}",
            "expires_at": invitation.expires_at,
        },
        language=workspace.language,
        zone=workspace.timezone,
        reply_to=reply_to,
        key=f"invitation:{invitation.pk}:{invitation.token_hash[:16]}",
    )
