"""The facts that health publishes."""

from uuid import UUID

from pilar.kernel.switchboard import Payload


class IncidentChanged(Payload):
    """Payload of `support.incident_created`; `change` is opened or resolved."""

    incident_id: UUID
    component: str
    severity: str
    change: str
