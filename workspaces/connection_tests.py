"""A studio's own look at a connection: the provider is asked now, and the answer is told in a sentence."""

from uuid import UUID

from pilar.api import throttling
from pilar.backplane import audit
from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel import switchboard
from pilar.kernel.problems import NotFound
from pilar.kernel.switchboard import Finding
from pilar.providers import connections
from pilar.providers.models import Provider

PROBES = {
    Provider.STRIPE: "stripe",
    Provider.TWILIO: "twilio_number",
    Provider.WHATSAPP: "whatsapp_number",
    Provider.EMAIL: "mail_server",
    Provider.AI: "language_models",
    Provider.VOICE: "voice_service",
}
LIMIT = "connection_test:6/minute"


def run(*, workspace_id: UUID, provider: str, actor: str) -> Finding:
    """Ask the provider now, outside any transaction.

    Raises NotFound for a provider that cannot be tested, TooMany when it was asked often within a minute.
    """
    name = PROBES.get(Provider(provider)) if provider in Provider.values else None
    probe = switchboard.probes.get(name or "")
    if probe is None:
        raise NotFound
    throttling.guard(LIMIT, str(workspace_id))
    with tenant(workspace_id):
        connections.let_through(provider)
        found = probe.check(workspace_id)
        with atomic():
            audit.record(actor, "connection.tested", "connection", provider, after={"status": found.status})
    return found
