"""Writes to the owner when something of the studio's fails that matters, and when it is well again."""

from django.conf import settings

from health.events import IncidentChanged
from health.models import Incident, Severity
from pilar.backplane.tenancy import PLATFORM, atomic
from pilar.kernel.switchboard import Happened
from pilar.providers.email import outbox
from workspaces import directory

SERIOUS = (Severity.HIGH, Severity.CRITICAL)


def tell(happened: Happened[IncidentChanged]) -> dict[str, bool]:
    """Send a letter for each serious incident of a studio that opened or ended. The platform's own have no owner."""
    change = happened.payload
    if happened.workspace_id == PLATFORM or change.severity not in SERIOUS:
        return {"sent": False}
    with atomic():
        owner, incident = directory.owner(happened.workspace_id), Incident.objects.filter(pk=change.incident_id).first()
        if owner is None or incident is None:
            return {"sent": False}
        outbox.send(
            to=owner.email,
            template="incident",
            context={
                "studio": directory.get(happened.workspace_id).name,
                "resolved": change.change == "resolved",
                "summary": incident.title,
                "fix": incident.description if incident.description != incident.title else "",
                "since": incident.detected_at,
                "url": f"{settings.PUBLIC_BASE_URL}/dashboard",
            },
            language=owner.language,
            zone=owner.timezone,
            key=f"incident:{incident.pk}:{change.change}",
        )
    return {"sent": True}
