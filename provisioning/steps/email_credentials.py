"""E-mail of the studio: the platform's sender until the studio brings its own domain (specification step 5, optional)."""

from django.conf import settings
from django.utils.translation import gettext as _

from pilar.kernel.steps import Done, Skipped, StepContext, StepOutcome
from pilar.providers import connections


def ensure_email(context: StepContext) -> StepOutcome:
    if not settings.SMTP_HOST:
        return Skipped(_("SMTP_HOST is not set on this installation, so no e-mail leaves it."))
    connection = connections.put("email", identifiers={"mode": "platform", "sender": settings.DEFAULT_FROM_EMAIL})
    return Done({"mode": connection.identifiers["mode"]})
