"""What a person says about themselves, and what they want to be written."""

from dataclasses import dataclass
from typing import Any

from django.core import signing

from pilar.backplane.tenancy import atomic
from workspaces.models import User
from workspaces.models.user import Rhythm

SALT = "letters.unsubscribe"
DIGEST, ESCALATIONS = "digest", "escalations"


@dataclass(frozen=True, slots=True)
class Preferences:
    name: str
    language: str
    timezone: str
    digest: Rhythm
    escalations: bool


def change(*, user: User, wishes: Preferences) -> None:
    """Keep the person's wishes."""
    for field in ("name", "language", "timezone", "digest", "escalations"):
        setattr(user, field, getattr(wishes, field))
    with atomic():
        user.save(update_fields=["name", "language", "timezone", "digest", "escalations"])


def unsubscribe_token(user: User, kind: str) -> str:
    """Return what stands in a letter's unsubscribe link: it ends one kind of letters of one person, and no more."""
    return signing.dumps([str(user.pk), kind], salt=SALT)


def unsubscribe(token: str) -> bool:
    """End a kind of letters; says whether the token was one of ours. Safe to repeat."""
    wishes: dict[str, dict[str, Any]] = {DIGEST: {"digest": Rhythm.OFF}, ESCALATIONS: {"escalations": False}}
    try:
        user_id, kind = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return False
    with atomic():
        User.objects.filter(pk=user_id).update(**wishes[kind])
    return True
