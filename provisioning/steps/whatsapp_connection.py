"""The studio's WhatsApp: connected through Meta's pop-up, registered, reporting to us (providers.md 3.5, checklist T-01)."""

import secrets

from django.conf import settings
from django.utils.translation import gettext as _

from pilar.kernel.clock import now
from pilar.kernel.errors import ErrorClass, ProviderError
from pilar.kernel.problems import Conflict
from pilar.kernel.steps import Done, Skipped, StepContext, StepOutcome, Waiting, wait_for_customer
from pilar.providers import connections, routes
from pilar.providers.models import Connection
from pilar.providers.whatsapp import client, phones, signup
from provisioning import whatsapp

PIN_WRONG, MUST_VERIFY = "133005", "133006"


def ensure_connection(context: StepContext) -> StepOutcome:
    """Wait for the studio's click at Meta; a single-studio installation may bring its connection in the settings."""
    connection = client.own_connection()
    if connection is not None:
        return _connected(connection)
    if _take_default_connection(context):
        return ensure_connection(context)
    if not whatsapp.is_configured():
        return Skipped(_("WhatsApp is not configured on this installation (WHATSAPP_APP_ID, WHATSAPP_APP_SECRET)."))
    reason = _("Connect the studio's WhatsApp. Meta asks for it in a window; it takes about two minutes.")
    return _wait("whatsapp_signup", reason)


def _connected(connection: Connection) -> Done:
    names = connection.identifiers
    return Done({name: names.get(name, "") for name in ("waba_id", "phone_number_id", "display_phone_number")})


def _take_default_connection(context: StepContext) -> bool:
    phone_id, waba = settings.WHATSAPP_PHONE_NUMBER_ID, settings.WHATSAPP_BUSINESS_ACCOUNT_ID
    if not (settings.WHATSAPP_API_TOKEN and phone_id and waba):
        return False
    try:
        routes.bind("whatsapp", "phone_number_id", phone_id, context.workspace_id)
        routes.bind("whatsapp", "waba_id", waba, context.workspace_id)
    except Conflict:
        return False
    identifiers = {"waba_id": waba, "phone_number_id": phone_id, "source": "installation"}
    connections.put(
        "whatsapp", identifiers=identifiers, secrets={"token": settings.WHATSAPP_API_TOKEN}, status="pending"
    )
    return True


def ensure_registration(context: StepContext) -> StepOutcome:
    """Let the account report to our app and register the number. Registering again with our own PIN is harmless."""
    connection = client.own_connection()
    if connection is None:
        return Skipped(_("WhatsApp is not connected, so there is no number to register."))
    sender = client.own_sender()
    signup.subscribe(sender.graph, sender.waba_id)
    phone = phones.fetch(sender.graph, sender.phone_number_id)
    # A registration too many is one of ten in three days, and then the number cannot be registered when it helps.
    if phone.status not in phones.STOPPED and not (phone.registered and phone.status == "CONNECTED"):
        wait = _register(sender, connection)
        if wait:
            return wait
        phone = phones.fetch(sender.graph, sender.phone_number_id)
    if phone.status in phones.TROUBLE:
        raise ProviderError(
            _("Meta reports the number as %(status)s.") % {"status": phone.status},
            provider="whatsapp",
            error_class=ErrorClass.INTEGRATION_OFFLINE,
            code=phone.status,
        )
    connections.put("whatsapp", identifiers={"display_phone_number": phone.display_phone_number}, status="connected")
    return Done({"status": phone.status, "quality": phone.quality_rating, "number": phone.display_phone_number})


def _register(sender: client.Sender, connection: Connection) -> Waiting | None:
    try:
        signup.register(sender.graph, sender.phone_number_id, _pin(connection))
    except ProviderError as error:
        if error.code == PIN_WRONG:
            reason = _(
                "This number has a PIN of its own at WhatsApp. Switch off two-step verification there and go on."
            )
            return _wait("whatsapp_pin", reason)
        if error.code == MUST_VERIFY:
            return _wait(
                "whatsapp_verification", _("Meta has not verified this number yet. Please open the sign-up again.")
            )
        raise
    return None


def _wait(code: str, reason: str) -> Waiting:
    return wait_for_customer(code, reason, now=now(), action="provisioning:whatsapp")


def _pin(connection: Connection) -> str:
    """Return the studio's two-step PIN, drawn and sealed before it is first used."""
    if "pin" not in connection.secrets:
        connection = connections.put(
            "whatsapp", secrets={"pin": f"{secrets.randbelow(10**6):06d}"}, status=connection.status
        )
    return connections.secret(connection, "pin")
