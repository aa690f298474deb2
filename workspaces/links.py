"""What a link in a mail is good for. Tokens are 256 random bits, stored as a hash (reliability S2)."""

import hashlib
import secrets
from enum import StrEnum

from allauth.account.models import EmailAddress
from django.db import IntegrityError
from django.utils.translation import gettext as _

from pilar.backplane.tenancy import savepoint
from pilar.kernel.problems import Conflict, Forbidden
from workspaces.models import User


class LinkState(StrEnum):
    VALID = "valid"
    USED = "used"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


def new_token() -> str:
    """Return a token that nobody can guess."""
    return secrets.token_urlsafe(32)


def hashed(token: str) -> str:
    """Return the form in which a link's token is stored."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def meant_for(user: User, address: str) -> bool:
    """Say whether a link to `address` was sent to this person: to the address they sign in with or a confirmed one."""
    return user.email == address or EmailAddress.objects.filter(user=user, email=address, verified=True).exists()


def refuse_others(user: User, address: str) -> None:
    """Raise Forbidden when somebody else's link is used: whoever is signed in on a shared computer joins nothing."""
    if not meant_for(user, address):
        raise Forbidden(
            _("This link was sent to %(email)s, and you are signed in with another address.") % {"email": address}
        )


def new_person(address: str, *, password: str, name: str, language: str) -> User:
    """Make the account of whoever opened a link to their mailbox, which proves the address.

    Raises Conflict when there is one, also when it was made at this moment by another door.
    """
    try:
        with savepoint():
            person = User.objects.create_user(address, password, name=name, language=language)
    except IntegrityError as error:
        text = _("This address has an account. Sign in and open the link again.")
        raise Conflict(text, code="sign_in_first") from error
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    return person
