"""Questions from people who are not customers yet. Operators find them in the admin."""

from datetime import datetime

from pilar.backplane.tenancy import atomic
from workspaces.models import ContactRequest
from workspaces.models.user import normal_email


def ask(*, name: str, email: str, studio: str, message: str, now: datetime) -> ContactRequest:
    """Keep a question; the same one again (a second click, say) is kept once while nobody has answered it."""
    with atomic():
        found, _is_new = ContactRequest.objects.get_or_create(
            email=normal_email(email),
            message=message,
            handled_at=None,
            defaults={"name": name, "studio": studio, "created_at": now},
        )
    return found
