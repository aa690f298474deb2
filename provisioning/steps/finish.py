"""The last steps: watch, prove, open (specification: health_monitoring, smoke tests, activation)."""

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from health import checks
from pilar.backplane.tenancy import atomic
from pilar.kernel.clock import now
from pilar.kernel.errors import ErrorClass, ProviderError
from pilar.kernel.steps import Done, StepContext, StepOutcome
from pilar.providers.email import outbox
from pilar.providers.twilio import client as twilio
from pilar.providers.twilio import numbers
from pilar.providers.whatsapp import client as whatsapp
from pilar.providers.whatsapp import phones
from workspaces import directory

ACTOR = "provisioning"


def start_health_monitoring(context: StepContext) -> StepOutcome:
    """Look at everything once; from now on the rounds find this studio by its due checks."""
    found = checks.run_workspace(context.workspace_id, now=now())
    return Done({"checks": {check.probe: check.status for check in found}})


def run_smoke_tests(context: StepContext) -> StepOutcome:
    """Ask every provider for the thing itself, not for our note about it (specification step 7)."""
    proofs: dict[str, str] = {}
    number = context.results.get("twilio_number", {})
    if number.get("number_sid"):
        proofs["twilio"] = numbers.fetch(twilio.own_account(), number["number_sid"]).phone_number
    if whatsapp.own_connection():
        sender = whatsapp.own_sender()
        phone = phones.fetch(sender.graph, sender.phone_number_id)
        if phone.status != "CONNECTED":
            raise _failed(
                _("WhatsApp does not report the number as connected (%(status)s).") % {"status": phone.status}
            )
        if not phones.reports_to_us(sender.graph, sender.waba_id):
            raise _failed(_("The WhatsApp account does not report to us."))
        proofs["whatsapp"] = phone.status
    rules = context.results.get("default_ai_agent", {}).get("rules", 0)
    if not rules:
        raise _failed(_("The AI has no rules yet."))
    proofs["ai_rules"] = str(rules)
    return Done(proofs)


def _failed(message: str) -> ProviderError:
    return ProviderError(
        message, provider="pilar", error_class=ErrorClass.INTEGRATION_OFFLINE, code="smoke_test", retry_after=5
    )


def activate(context: StepContext) -> StepOutcome:
    """Open the studio and tell its owner."""
    with atomic():
        workspace = directory.activate(workspace_id=context.workspace_id, actor=ACTOR, now=now())
        owner = directory.owner(context.workspace_id)
        if owner:
            number = context.results.get("twilio_number", {}).get("number", "")
            with translation.override(workspace.language):
                outbox.send(
                    to=owner.email,
                    template="ready",
                    context={
                        "studio": workspace.name,
                        "number": number,
                        "url": f"{settings.PUBLIC_BASE_URL}/dashboard",
                    },
                    language=workspace.language,
                    key=f"ready:{context.workspace_id}",
                )
    return Done({"status": workspace.status})
