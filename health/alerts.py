"""Calls the operators when something of the platform's own is wrong: one letter for an incident and operator."""

from django.conf import settings
from django.urls import reverse

from health.events import IncidentChanged
from health.models import Incident
from pilar.backplane.tenancy import PLATFORM, atomic
from pilar.kernel.switchboard import Happened
from pilar.providers.email import outbox
from workspaces.models import User

WORTH_A_LETTER = ("medium", "high", "critical")
MOST = 50


def tell_operators(fact: Happened[IncidentChanged]) -> None:
    """Subscriber: mail whoever runs the platform. What a studio has is the studio's, and what has passed is no news."""
    if fact.workspace_id != PLATFORM or fact.payload.change != "opened":
        return
    with atomic():
        incident = Incident.objects.filter(pk=fact.payload.incident_id).first()
        if incident is None or incident.status not in Incident.ONGOING or incident.severity not in WORTH_A_LETTER:
            return
        for operator in User.objects.filter(is_staff=True, is_active=True).order_by("pk")[:MOST]:
            _write(operator, incident)


def _write(operator: User, incident: Incident) -> None:
    outbox.send(
        to=operator.email,
        template="operator_alert",
        context={
            "summary": incident.title,
            "fix": incident.description,
            "since": incident.detected_at,
            "url": settings.PUBLIC_BASE_URL + reverse("admin:backplane_queue"),
        },
        key=f"alert:{incident.pk}:{operator.pk}",
        language=operator.language,
        zone=operator.timezone,
    )
