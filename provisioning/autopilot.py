"""What this room contributes to the autopilot: the pipeline's own steps, and what starts and wakes a run."""

from datetime import timedelta

from django.utils.translation import gettext_lazy

from pilar.kernel.console import Finder, Panel, StudioPanel
from pilar.kernel.principal import Role
from pilar.kernel.shown import Needs, Widget
from pilar.kernel.steps import Step
from pilar.kernel.switchboard import (
    Empty,
    command,
    event,
    every,
    finder,
    job,
    needs_person,
    on,
    panel,
    step,
    studio_panel,
    widget,
    wording,
)
from provisioning import chasing, console, pipeline, resuming, triggers, whatsapp, widgets
from provisioning.steps import (
    customer,
    email_credentials,
    finish,
    twilio_account,
    twilio_number,
    twilio_papers,
    whatsapp_connection,
    whatsapp_templates,
)

event("provisioning.completed", Empty)
event("provisioning.step_failed", pipeline.StepFailed)
event("whatsapp.connected", whatsapp.WhatsAppConnected)
for name in ("workspace_setup", "twilio_retry", "whatsapp_retry", "webhook_recreate"):
    event(f"provisioning.{name}", Empty, external=name != "workspace_setup")

# A step keeps its own count of failures; what is counted here are ends of workers, and a studio must survive many of them.
job(
    "provisioning.step",
    pipeline.run_step,
    payload=pipeline.StepOrder,
    lane="provisioning",
    max_attempts=10,
    timeout=timedelta(minutes=4),
)
job("provisioning.check", triggers.check, lane="provisioning", external=True)
job(resuming.JOB, resuming.run, payload=resuming.FromStep, lane="provisioning")
job("provisioning.sweep", triggers.sweep, lane="provisioning")
job("provisioning.remind", chasing.remind, payload=chasing.Reminder, lane="bulk")
every("provisioning.sweep", timedelta(minutes=10), "provisioning.sweep")

on("workspace.ready_to_provision", triggers.begin, lane="provisioning", priority=1)
on("onboarding.completed", triggers.begin, lane="provisioning", priority=1)
on("provisioning.workspace_setup", triggers.begin, lane="provisioning", priority=1)
on("coach.templates_renewed", whatsapp_templates.hand_in, lane="bulk", priority=9)
on("whatsapp.connected", triggers.take_connection, lane="provisioning", priority=1)
for name in (
    "document.added",
    "provider.recovered",
    "subscription.changed",
    "provisioning.twilio_retry",
    "provisioning.webhook_recreate",
    "provisioning.whatsapp_retry",
    "twilio.bundle",
    "whatsapp.template",
    "workspace.resumed",
):
    on(name, triggers.look_again, lane="provisioning", priority=1)

step(Step("customer_validation", 3, (), customer.validate_customer, missing=customer.not_configured))
step(Step("subscription", 4, ("customer_validation",), customer.ensure_subscription, missing=customer.not_configured))
step(Step("workspace_creation", 4, ("subscription",), customer.ensure_workspace))
step(Step("email_credentials", 3, ("workspace_creation",), email_credentials.ensure_email, optional=True))
step(
    Step(
        "twilio_subaccount",
        10,
        ("workspace_creation",),
        twilio_account.ensure_subaccount,
        missing=twilio_account.not_configured,
    )
)
step(
    Step(
        "twilio_api_key",
        5,
        ("twilio_subaccount",),
        twilio_account.ensure_api_key,
        missing=twilio_account.not_configured,
    )
)
step(
    Step(
        "twilio_address_bundle",
        10,
        ("twilio_api_key",),
        twilio_papers.ensure_papers,
        missing=twilio_account.not_configured,
    )
)
step(
    Step(
        "twilio_number",
        12,
        ("twilio_address_bundle",),
        twilio_number.ensure_number,
        missing=twilio_account.not_configured,
    )
)
step(
    Step("twilio_webhooks", 5, ("twilio_number",), twilio_number.ensure_webhooks, missing=twilio_account.not_configured)
)
step(Step("whatsapp_connection", 8, ("twilio_number",), whatsapp_connection.ensure_connection))
step(Step("whatsapp_registration", 6, ("whatsapp_connection",), whatsapp_connection.ensure_registration))
step(
    Step("whatsapp_templates", 6, ("whatsapp_registration", "followup_templates"), whatsapp_templates.ensure_templates)
)
step(
    Step(
        "health_monitoring",
        3,
        ("whatsapp_templates", "twilio_webhooks", "default_ai_agent", "training_logic", "calendar_integration"),
        finish.start_health_monitoring,
    )
)
step(Step("smoke_tests", 3, ("health_monitoring",), finish.run_smoke_tests))
step(Step("activation", 2, ("smoke_tests",), finish.activate))

widget(Widget("provisioning", "widgets/provisioning.html", widgets.unfinished_setup, order=5, every=10))
needs_person(Needs("setup", widgets.waiting_for_the_studio, role=Role.ADMIN, order=5, stops=True))
for _command in widgets.COMMANDS:
    command(_command)
widget(Widget("settings.history", "widgets/setup_history.html", widgets.history, order=10))

panel(Panel("provisioning", gettext_lazy("Set-ups"), console.runs, order=30))
studio_panel(StudioPanel("provisioning", gettext_lazy("Set-up"), console.of_studio, order=20))
finder(Finder("provisioning", console.find))
wording(console.waits_for)
