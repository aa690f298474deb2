"""What health looks at: each studio's own connections, and the platform's. What is not configured is not ill."""

from collections.abc import Callable
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pilar.backplane.tenancy import all_tenants, atomic, current
from pilar.kernel import clock
from pilar.kernel.errors import CircuitOpen, ErrorClass, NotConfigured, ProviderError
from pilar.kernel.switchboard import Finding
from pilar.providers import connections
from pilar.providers.email import smtp
from pilar.providers.models import Breaker, GlobalBreaker, PhoneNumber, ProviderCall
from pilar.providers.stripe import checkout
from pilar.providers.stripe import client as stripe
from pilar.providers.twilio import client as twilio
from pilar.providers.twilio import numbers, subaccounts
from pilar.providers.voice import voices
from pilar.providers.whatsapp import client as whatsapp
from pilar.providers.whatsapp import phones, signup

AI_MEMORY = timedelta(minutes=30)
NUMBER_LOST, WEBHOOKS_LOST, NOT_REPORTING = "number_lost", "twilio_webhooks_lost", "whatsapp_not_reporting"
UNREGISTERED = "whatsapp_unregistered"
REGISTERS_ONCE_IN = timedelta(days=3)
"""Meta takes ten registrations within that time (providers.md 3.5); one more is all that is worth a try."""


def _looked(name: str, look: Callable[[], Finding], *, for_studio: bool = False) -> Finding:
    """`for_studio`: the account is the studio's own, so what the provider refuses it the studio has to see to."""
    try:
        return look()
    except NotConfigured as error:
        return Finding("healthy", error.message, code="not_configured")
    except CircuitOpen as error:
        text = _pause(name, ceil((error.retry_after or 60) / 60))
        return _failure(_cause(error.provider), text, for_studio=for_studio)
    except ProviderError as error:
        text = _("%(provider)s: %(message)s") % {"provider": name, "message": error.message}
        return _failure(error.error_class, text, for_studio=for_studio)


def _pause(name: str, minutes: int) -> str:
    text = ngettext(
        "%(provider)s has failed several times in a row, so calls pause for a minute.",
        "%(provider)s has failed several times in a row, so calls pause for %(minutes)d minutes.",
        minutes,
    )
    return text % {"provider": name, "minutes": minutes}


def _cause(provider: str) -> ErrorClass:
    """Say why the breaker is open: what it remembers of the last failure."""
    with atomic():
        if GlobalBreaker.objects.filter(provider=provider, refusals__gt=0).exists():
            return ErrorClass.THIRD_PARTY_AUTH_FAILED
        remembered = Breaker.objects.filter(provider=provider).values_list("error_class", flat=True).first()
    return ErrorClass(remembered) if remembered else ErrorClass.TRANSIENT_NETWORK


def _failure(error_class: ErrorClass, text: str, *, for_studio: bool) -> Finding:
    passing = error_class in (ErrorClass.TRANSIENT_NETWORK, ErrorClass.RATE_LIMITED)
    return Finding(
        "degraded" if passing else "failed",
        text,
        fix=_FIXES[error_class](),
        code=error_class.value.lower(),
        severity="medium" if passing else "high",
        for_studio=for_studio and not passing,
    )


_FIXES: dict[ErrorClass, Callable[[], str]] = {
    ErrorClass.TRANSIENT_NETWORK: lambda: _("Nothing to do: it is tried again by itself."),
    ErrorClass.RATE_LIMITED: lambda: _("Nothing to do: it goes on when the provider allows it."),
    ErrorClass.INTEGRATION_OFFLINE: lambda: _("Check the account at the provider: it is suspended, locked or gone."),
    ErrorClass.THIRD_PARTY_AUTH_FAILED: lambda: _("Connect the account again: its credential is no longer accepted."),
    ErrorClass.CONFIGURATION_ERROR: lambda: _("Check the settings of this provider."),
    ErrorClass.PROVISIONING_ERROR: lambda: _("Run the set-up again; it says what is missing."),
}


def own_number(workspace_id: UUID | None) -> Finding:
    """The studio's Twilio number is there and reports to us."""
    return _looked("Twilio", _own_number)


def _own_number() -> Finding:
    account = twilio.own_account()
    with atomic():
        kept = PhoneNumber.objects.filter(status="active").first()
    if kept is None:
        return Finding("healthy", _("No number has been bought yet."), code="not_configured")
    try:
        number = numbers.fetch(account, kept.sid)
    except ProviderError as error:
        if error.code != "20404":
            raise
        text = _("The number %(number)s is gone at Twilio.") % {"number": kept.e164}
        fix = _("Run the set-up again.")
        return Finding("failed", text, fix=fix, code=NUMBER_LOST, severity="critical", for_studio=True)
    if not numbers.webhooks_for(current()).fit(number):
        text = _("The number does not report to us.")
        return Finding("failed", text, fix=_("Repair the webhooks."), code=WEBHOOKS_LOST, severity="high")
    return Finding("healthy", _("The number is active and reports to us."))


def repair_number(workspace_id: UUID | None) -> str:
    """Point the studio's numbers at our webhooks again."""
    account, wanted = twilio.own_account(), numbers.webhooks_for(current())
    with atomic():
        kept = list(PhoneNumber.objects.filter(status="active"))
    for number in kept:
        numbers.set_webhooks(account, number.sid, wanted)
    return _("The webhooks of %(count)d numbers were set again.") % {"count": len(kept)}


def own_whatsapp(workspace_id: UUID | None) -> Finding:
    """The studio's WhatsApp number can send, and its account reports to us."""
    return _looked("WhatsApp", _own_whatsapp, for_studio=True)


def _own_whatsapp() -> Finding:
    connection = connections.get("whatsapp")
    if connection is not None and connection.status == connection.Status.PENDING:
        return Finding("healthy", _("WhatsApp is being set up."), code="not_configured")
    sender = whatsapp.own_sender()
    phone = phones.fetch(sender.graph, sender.phone_number_id)
    if not phone.registered:
        text, fix = _("The number is not registered with WhatsApp."), _("Run the set-up again.")
        return Finding("failed", text, fix=fix, code=UNREGISTERED, severity="critical", for_studio=True)
    if phone.status in phones.TROUBLE or phone.can_send == "BLOCKED":
        text = _("Meta has stopped this number (%(status)s).") % {"status": phone.status or phone.can_send}
        fix = _("Open the WhatsApp Manager; it says what Meta wants.")
        return Finding("failed", text, fix=fix, code="whatsapp_blocked", severity="critical", for_studio=True)
    if phone.reports_elsewhere or (sender.waba_id and not phones.reports_to_us(sender.graph, sender.waba_id)):
        text, fix = _("The account does not report to us."), _("Subscribe again.")
        return Finding("failed", text, fix=fix, code=NOT_REPORTING, severity="high")
    if phone.quality_rating in ("YELLOW", "RED") or phone.can_send == "LIMITED":
        text = _("Meta rates the quality of this number %(rating)s.") % {"rating": phone.quality_rating or "LIMITED"}
        fix = _("Write less often until the rating recovers.")
        return Finding("degraded", text, fix=fix, code="whatsapp_quality", severity="medium")
    return Finding("healthy", _("The number can send and receive."))


def repair_whatsapp(workspace_id: UUID | None) -> str:
    """Subscribe the studio's account to our app again, and its number with it."""
    sender = whatsapp.own_sender()
    phones.subscribe(sender.graph, sender.waba_id)
    if phones.fetch(sender.graph, sender.phone_number_id).reports_elsewhere:
        phones.forget_own_address(sender.graph, sender.phone_number_id)
    return _("The account reports to us again.")


def register_again(workspace_id: UUID | None) -> str:
    """Register the studio's number with its own PIN, once in three days."""
    sender, connection, now = whatsapp.own_sender(), whatsapp.own_connection(), clock.now()
    if connection is None:
        raise NotConfigured("whatsapp", _("This studio has not connected its WhatsApp number yet."))
    before = connection.identifiers.get("registered_again_at")
    if before and datetime.fromisoformat(before) > now - REGISTERS_ONCE_IN:
        raise ProviderError(
            _("The number is not registered with WhatsApp."),
            provider="whatsapp",
            error_class=ErrorClass.PROVISIONING_ERROR,
            code="133010",
        )
    pin = connections.secret(connection, "pin")
    connections.put("whatsapp", identifiers={"registered_again_at": now.isoformat()}, status=connection.status)
    signup.register(sender.graph, sender.phone_number_id, pin)
    return _("The number is registered again.")


def stripe_prices(workspace_id: UUID | None) -> Finding:
    """Stripe answers and knows the prices of our plans."""
    return _looked("Stripe", _stripe_prices)


def _stripe_prices() -> Finding:
    stripe.client()
    for price in filter(None, settings.STRIPE_PRICES.values()):
        checkout.require_price(price)
    return Finding("healthy", _("Stripe answers and knows our prices."))


def twilio_account(workspace_id: UUID | None) -> Finding:
    """The platform's main account is active."""
    return _looked("Twilio", _twilio_account)


def _twilio_account() -> Finding:
    status = subaccounts.fetch(twilio.main_account().sid).status
    if status != "active":
        fix = _("Open the Twilio console.")
        text = _("The main account is %(status)s.") % {"status": status}
        return Finding("failed", text, fix=fix, code="integration_offline", severity="critical")
    return Finding("healthy", _("Twilio answers."))


def mail_server(workspace_id: UUID | None) -> Finding:
    """The mail server lets us in."""
    return _looked("SMTP", _mail_server)


def _mail_server() -> Finding:
    smtp.check()
    return Finding("healthy", _("The mail server answers."))


def voice_service(workspace_id: UUID | None) -> Finding:
    """ElevenLabs accepts our key."""
    return _looked("ElevenLabs", _voice_service)


def _voice_service() -> Finding:
    found = len(voices.list_voices())
    return Finding("healthy", _("ElevenLabs answers."), metrics={"voices": float(found)})


def language_models(workspace_id: UUID | None) -> Finding:
    """Judged by the last call of each model within half an hour: asking costs money, so the check asks none."""
    keys = {"openai": settings.OPENAI_API_KEY, "groq": settings.GROQ_API_KEY, "anthropic": settings.ANTHROPIC_API_KEY}
    asked = [name for name, key in keys.items() if key]
    if not asked:
        text = _("No model is configured: set OPENAI_API_KEY, GROQ_API_KEY or ANTHROPIC_API_KEY.")
        return Finding("healthy", text, code="not_configured")
    failing = _failing_models(asked)
    if not failing:
        return Finding("healthy", _("The language models answer."))
    all_fail = len(failing) == len(asked)
    text = _("Not answering: %(names)s.") % {"names": ", ".join(f"{name} ({why})" for name, why in failing.items())}
    fix = _("Check the keys and quotas; replies fall back to the next model, then to a person.")
    return Finding(
        "failed" if all_fail else "degraded",
        text,
        fix=fix,
        code="models_failing",
        severity="high" if all_fail else "medium",
    )


def _failing_models(names: list[str]) -> dict[str, str]:
    with all_tenants("the models are shared, so their health shows in every studio's calls"), atomic():
        newest = ProviderCall.objects.filter(provider__in=names, at__gte=clock.now() - AI_MEMORY)
        newest = newest.order_by("provider", "-at").distinct("provider")
        return {row.provider: row.outcome for row in newest if row.outcome != "ok" and row.code not in ANSWERED}


ANSWERED = ("refused", "unusable_answer")
