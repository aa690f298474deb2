"""What the providers do by themselves: take webhooks, send mail, look after the connections."""

from datetime import timedelta

from django.utils.translation import gettext_lazy, pgettext_lazy

from pilar.backplane import timeline
from pilar.kernel.console import Finder, Panel, StudioPanel
from pilar.kernel.money import MICRO_EURO
from pilar.kernel.switchboard import (
    Probe,
    Remediation,
    budget_resource,
    eraser,
    event,
    every,
    finder,
    job,
    panel,
    probe,
    remediation,
    studio_panel,
    warm_up,
    wording,
)
from pilar.providers import calls, console, erasure, events, probes, upkeep
from pilar.providers.ai import chat
from pilar.providers.doors import ReceiptWork
from pilar.providers.email import outbox
from pilar.providers.stripe import receive as stripe
from pilar.providers.twilio import receive as twilio
from pilar.providers.whatsapp import receive as whatsapp

event("provider.failed", events.ProviderFailed)
event("provider.recovered", events.ProviderRecovered)
event("email.lost", events.LetterLost)
event("stripe.event", events.StripeHappened)
event("whatsapp.inbound", events.WhatsAppInbound)
event("whatsapp.status", events.WhatsAppStatus)
event("whatsapp.template", events.WhatsAppTemplate)
event("whatsapp.account", events.WhatsAppAccount)
event("whatsapp.preference", events.WhatsAppPreference)
event("twilio.sms", events.TwilioSms)
event("twilio.status", events.TwilioStatus)
event("twilio.call", events.TwilioCall)
event("twilio.bundle", events.TwilioBundle)

job("webhooks.stripe", stripe.receive, payload=ReceiptWork, lane="webhooks", priority=1, max_attempts=8)
job("webhooks.whatsapp", whatsapp.receive, payload=ReceiptWork, lane="webhooks", priority=1, max_attempts=8)
job("webhooks.twilio", twilio.receive, payload=ReceiptWork, lane="webhooks", priority=1, max_attempts=8)
job(outbox.JOB, outbox.deliver, payload=outbox.SealedLetter, lane="messages", max_attempts=8, provider="smtp")

job("providers.forget_old_calls", upkeep.forget_old_calls, lane="bulk", priority=9)
every("providers.forget_old_calls", timedelta(days=1), "providers.forget_old_calls")

probe(Probe("twilio_number", "twilio_integration", probes.own_number, per_workspace=True, every=timedelta(minutes=15)))
probe(
    Probe(
        "whatsapp_number", "whatsapp_integration", probes.own_whatsapp, per_workspace=True, every=timedelta(minutes=15)
    )
)
probe(Probe("stripe", "external_apis", probes.stripe_prices, per_workspace=False))
probe(Probe("twilio_account", "twilio_integration", probes.twilio_account, per_workspace=False))
probe(Probe("mail_server", "external_apis", probes.mail_server, per_workspace=False))
probe(Probe("language_models", "ai_providers", probes.language_models, per_workspace=False))
probe(Probe("voice_service", "external_apis", probes.voice_service, per_workspace=False, every=timedelta(hours=1)))
remediation(Remediation(probes.WEBHOOKS_LOST, "recreate_webhook", probes.repair_number))
remediation(Remediation(probes.NOT_REPORTING, "recreate_webhook", probes.repair_whatsapp))
remediation(Remediation(probes.UNREGISTERED, "recreate_webhook", probes.register_again))

budget_resource("messages", "message", label=pgettext_lazy("budget", "messages"))
budget_resource("tokens", "token", label=gettext_lazy("AI text, in tokens"))
budget_resource("api_calls", "call", label=gettext_lazy("API calls"))
budget_resource("euro", MICRO_EURO, label=pgettext_lazy("budget", "costs"), monthly=True)

warm_up("language_models", chat.prepare)

timeline.source("call", calls.told)

eraser("webhooks", erasure.webhooks)
eraser("calls", erasure.call_log)

panel(Panel("providers", gettext_lazy("Providers within the last hour"), console.calls, order=40))
studio_panel(StudioPanel("providers", gettext_lazy("Connections"), console.of_studio, order=30))
finder(Finder("providers", console.find))
for _wording in console.wordings:
    wording(_wording)
