"""The coach's figures in the owner's letter."""

from datetime import datetime

from django.utils.translation import gettext as _

from coach import widgets
from coach.models import Lead


def rows(since: datetime, until: datetime) -> list[tuple[str, int]]:
    """Return what was written, answered and joined in a span."""
    counts = widgets.counts(since, until)
    joined = Lead.objects.filter(created_at__gte=since, created_at__lt=until).count()
    return [
        (_("Messages of the coach"), counts["outgoing"]),
        (_("Replies of members"), counts["received"]),
        (_("New members"), joined),
        (_("Messages that did not arrive"), counts["failed"]),
    ]
