"""What operators do for people who cannot get in any more: each is in the audit trail, and the person is told."""

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession

from pilar.backplane import audit
from pilar.backplane.tenancy import PLATFORM, atomic, tenant
from workspaces.models import User


def verify_address(user: User, *, actor: str) -> bool:
    """Take the address that the person signs in with as proven. Says whether it was not before."""
    with tenant(PLATFORM), atomic():
        mailbox, _made = EmailAddress.objects.get_or_create(user=user, email=user.email, defaults={"primary": True})
        if mailbox.verified or not mailbox.set_verified():
            return False
        audit.record(actor, "account.address_verified", "user", user.pk)
    return True


def forget_second_factors(user: User, *, actor: str) -> bool:
    """Take away the person's codes and passkeys, so that the password suffices. Says whether there were any."""
    with tenant(PLATFORM), atomic():
        kinds = list(Authenticator.objects.filter(user=user).order_by("pk").values_list("type", flat=True))
        if not kinds:
            return False
        Authenticator.objects.filter(user=user).delete()
        audit.record(actor, "account.second_factors_removed", "user", user.pk, before={"kinds": kinds})
        get_adapter().send_notification_mail("mfa/email/totp_deactivated", user, {"ip": "", "user_agent": ""})
    return True


def sign_out(user: User, *, actor: str) -> bool:
    """End all of the person's sessions. Says whether there were any."""
    with tenant(PLATFORM), atomic():
        sessions = list(UserSession.objects.filter(user=user))
        for session in sessions:
            session.end()
        if sessions:
            audit.record(actor, "account.signed_out", "user", user.pk, before={"sessions": len(sessions)})
    return bool(sessions)
