"""Deleting an account: asked for, undone within two weeks by a link, then carried out.

Until then nobody can sign in. Afterwards the row stays as a pseudonym, because the audit trail and the books point to it
(reliability S10): no name, no address, no way in.
"""

from datetime import datetime, timedelta
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.utils.translation import gettext as _

from pilar.backplane import audit
from pilar.backplane.tenancy import PLATFORM, all_tenants, atomic, tenant
from pilar.kernel import clock
from pilar.kernel.problems import Conflict
from pilar.kernel.switchboard import Empty, Work
from pilar.providers.email import outbox
from workspaces import team
from workspaces.links import hashed, new_token
from workspaces.models import Invitation, KnownDevice, Membership, SignUp, User, Workspace

GRACE = timedelta(days=14)


def ask(*, user: User, now: datetime) -> datetime:
    """Plan the deletion, end every session and mail the link that undoes it. Returns when it happens.

    Raises Conflict while the person is the only owner of a studio.
    """
    token, erase_at = new_token(), now + GRACE
    with tenant(PLATFORM), atomic():
        _refuse_only_owner(user)
        fields = {"is_active": False, "erase_at": erase_at, "undo_hash": hashed(token)}
        User.objects.filter(pk=user.pk).update(**fields)
        for session in UserSession.objects.filter(user=user):
            session.end()
        audit.record(f"user:{user.pk}", "account.deletion_planned", "user", str(user.pk), after={"at": erase_at})
        outbox.send(
            to=user.email,
            template="deletion_planned",
            context={"erase_at": erase_at, "url": f"{settings.PUBLIC_BASE_URL}/account/keep/{token}"},
            language=user.language,
            zone=user.timezone,
            key=f"deletion:{user.pk}:{hashed(token)[:16]}",
        )
    return erase_at


def _refuse_only_owner(user: User) -> None:
    """Under the locks of the studios, so that the other owner cannot leave at the same moment."""
    list(Workspace.objects.filter(memberships__user=user).order_by("pk").select_for_update(of=("self",)))
    if studios := team.alone_at_the_top(user):
        names = ", ".join(studio.name for studio in studios)
        raise Conflict(
            _("You are the only owner of %(studios)s. Hand it over or cancel it first.") % {"studios": names},
            code="only_owner",
        )


def waiting(token: str) -> User | None:
    """Return whose deletion the link would undo."""
    return User.objects.filter(undo_hash=hashed(token), erase_at__isnull=False).first()


def undo(token: str) -> User | None:
    """Keep the account after all; None when the link is good for nothing (any more)."""
    with tenant(PLATFORM), atomic():
        user = User.objects.select_for_update().filter(undo_hash=hashed(token), erase_at__isnull=False).first()
        if user is not None:
            user.is_active, user.erase_at, user.undo_hash = True, None, None
            user.save(update_fields=["is_active", "erase_at", "undo_hash"])
            audit.record(f"user:{user.pk}", "account.deletion_undone", "user", str(user.pk))
    return user


def carry_out(_work: Work[Empty]) -> dict[str, int]:
    """Job handler: delete the accounts whose time has come."""
    due = list(User.objects.filter(erase_at__lte=clock.now()).values_list("pk", flat=True)[:100])
    return {"accounts": sum(_erase(user_id, clock.now()) for user_id in due)}


def _erase(user_id: UUID, now: datetime) -> bool:
    """Do it once, under a lock: the person may undo it at the same moment."""
    with tenant(PLATFORM), atomic():
        user = User.objects.select_for_update().filter(pk=user_id, erase_at__lte=now).first()
        if user is None:
            return False
        outbox.send(
            to=user.email, template="account_deleted", context={}, language=user.language, key=f"deleted:{user.pk}"
        )
        audit.record("system", "account.deleted", "user", str(user.pk))
        for member in Membership.objects.filter(user=user):
            with all_tenants("an account is deleted in every studio it belongs to"), tenant(member.workspace_id):
                audit.record("system", "member.left", "user", str(user.pk), before={"role": member.role})
        _pseudonymise(user)
    return True


def _pseudonymise(user: User) -> None:
    Invitation.objects.filter(email=user.email).delete()
    for model in (Membership, EmailAddress, Authenticator, UserSession, KnownDevice):
        model.objects.filter(user=user).delete()
    user.email, user.name = f"{user.pk}@deleted.invalid", ""
    user.erase_at = user.undo_hash = None
    user.set_unusable_password()
    user.save()
    SignUp.objects.filter(user=user).update(email=user.email)
