"""Takes the outcome of Meta's pop-up: the code is valid for about 30 seconds, so it is traded at once (providers.md 3.5)."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from pilar.backplane import activity, audit, events
from pilar.backplane.tenancy import atomic, current
from pilar.kernel.errors import NotConfigured, ProviderError
from pilar.kernel.problems import Problem
from pilar.kernel.switchboard import Payload
from pilar.providers import connections, routes
from pilar.providers.whatsapp import signup
from pilar.providers.whatsapp.client import Graph
from pilar.providers.whatsapp.phones import Phone


class WhatsAppConnected(Payload):
    """Payload of `whatsapp.connected`."""

    waba_id: str
    phone_number_id: str


@dataclass(frozen=True, slots=True)
class SignupResult:
    """What the pop-up hands to the browser; the ids are claims until Meta confirms them."""

    code: str
    waba_id: str
    phone_number_id: str
    business_id: str = ""


def is_configured() -> bool:
    """Say whether studios can connect through the pop-up on this installation."""
    return bool(settings.WHATSAPP_APP_ID and settings.WHATSAPP_APP_SECRETS and settings.WHATSAPP_CONFIG_ID)


def connect(*, result: SignupResult, actor: str, now: datetime) -> Phone:
    """Connect the studio's WhatsApp account. Must be called outside `atomic()`.

    Raises Problem when Meta does not confirm what the browser said, Conflict when the account serves another studio, and
    ProviderError when Meta cannot be asked.
    """
    token = _trade(result.code)
    facts = signup.inspect_token(token.access_token)
    if not facts.names(result.waba_id):
        raise Problem(_("Meta does not confirm this account. Please open the sign-up again."), code="not_confirmed")
    graph = Graph(token.access_token)
    phones = {phone.id: phone for phone in signup.phone_numbers(graph, result.waba_id)}
    if result.phone_number_id not in phones:
        raise Problem(
            _("This number does not belong to the account. Please open the sign-up again."), code="not_confirmed"
        )
    phone = phones[result.phone_number_id]
    _keep(result, token.access_token, phone, expires=facts.expires, actor=actor, now=now)
    return phone


def _trade(code: str) -> signup.BusinessToken:
    try:
        return signup.exchange_code(code)
    except ProviderError as error:
        if error.retryable or isinstance(error, NotConfigured):
            raise
        text = _("Meta does not take this sign-up: its code was used or is too old. Please open the sign-up again.")
        raise Problem(text, code="code_refused") from error


def _keep(
    result: SignupResult, token: str, phone: Phone, *, expires: datetime | None, actor: str, now: datetime
) -> None:
    identifiers = {
        "waba_id": result.waba_id,
        "phone_number_id": result.phone_number_id,
        "business_id": result.business_id,
        "display_phone_number": phone.display_phone_number,
        "verified_name": phone.verified_name,
        "token_expires_at": expires.isoformat() if expires else "",
        "connected_at": now.isoformat(),
    }
    with atomic():
        routes.bind("whatsapp", "waba_id", result.waba_id, current())
        routes.bind("whatsapp", "phone_number_id", result.phone_number_id, current())
        connections.put("whatsapp", identifiers=identifiers, secrets={"token": token}, status="pending")
        audit.record(actor, "whatsapp.connected", "connection", result.phone_number_id)
        activity.log("whatsapp.connected", gettext_noop("The studio has connected its WhatsApp account."), {})
        payload = WhatsAppConnected(waba_id=result.waba_id, phone_number_id=result.phone_number_id)
        key = f"whatsapp.connected:{result.phone_number_id}:{now.isoformat()}"
        events.publish("whatsapp.connected", payload, key=key)
