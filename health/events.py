"""The facts that health publishes."""

from uuid import UUID

from pilar.kernel.switchboard import Payload


class CheckWanted(Payload):
    """Payload of the `health.*_check` events: have the studio's probes run now, not at their next round."""

    reason: str = ""


class AutoReplyRequested(Payload):
    """Payload of `support.auto_reply_request`: somebody of the studio asked us something."""

    question: str
    asked_by: str = ""


class EscalationNeeded(Payload):
    """Payload of `support.escalation_needed`: a person has to look; `summary` fits on a page."""

    subject: str
    summary: str = ""
    severity: str = "medium"


class IncidentChanged(Payload):
    """Payload of `support.incident_created`; `change` is opened or resolved."""

    incident_id: UUID
    component: str
    severity: str
    change: str
