"""What this room contributes to the autopilot: facts about studios and subscriptions, and our reactions to Stripe."""

from datetime import timedelta

from django.utils.translation import gettext_lazy

from pilar.backplane.portable import table
from pilar.kernel.console import Finder, Panel, StudioPanel
from pilar.kernel.principal import Role
from pilar.kernel.shown import Needs
from pilar.kernel.switchboard import (
    Empty,
    command,
    counter,
    eraser,
    event,
    every,
    finder,
    job,
    names_of_studios,
    needs_person,
    on,
    panel,
    portable,
    studio_panel,
)
from pilar.providers.models import MessageTemplate, PhoneNumber
from workspaces import (
    claims,
    console,
    data_export,
    devices,
    digests,
    directory,
    facts,
    farewell,
    palette,
    plan_limits,
    stripe_events,
    usage,
)
from workspaces.models import Invoice, MoneyBack, StudioDocument, StudioProfile, Subscription

event(facts.WORKSPACE_CREATED, Empty)
event(facts.WORKSPACE_SUSPENDED, facts.Suspended)
event(facts.WORKSPACE_RESUMED, Empty)
event(facts.READY_TO_PROVISION, facts.ReadyToProvision)
event(facts.SUBSCRIPTION_CHANGED, facts.SubscriptionChanged)
event(facts.ONBOARDING_COMPLETED, facts.OnboardingCompleted)
event(facts.DOCUMENT_ADDED, facts.DocumentAdded)

on("email.lost", claims.write_again, lane="messages", priority=1)
on("stripe.event", stripe_events.react, lane="webhooks", priority=1, max_attempts=10)

job(plan_limits.CHANGED, plan_limits.order_everywhere, payload=plan_limits.ChangedPlan, lane="bulk")
job(plan_limits.APPLY, plan_limits.apply_own, lane="bulk")
job("workspaces.erase_accounts", farewell.carry_out, lane="bulk")
job("workspaces.forget_devices", devices.forget_unused, lane="bulk", priority=9)
job("workspaces.digests", digests.order_due, lane="bulk")
job(digests.JOB, digests.write, payload=digests.Due, lane="bulk")

every("workspaces.erase_accounts", timedelta(hours=1), "workspaces.erase_accounts")
every("workspaces.forget_devices", timedelta(days=1), "workspaces.forget_devices")
every("workspaces.digests", timedelta(minutes=30), "workspaces.digests")

counter("seats", usage.seats)

panel(Panel("workspaces", gettext_lazy("Studios"), console.studios, order=10))
studio_panel(StudioPanel("workspaces", gettext_lazy("Studio"), console.of_studio, order=10))
finder(Finder("workspaces", console.find))
job("workspaces.export", data_export.write, payload=data_export.ExportOrder, lane="bulk", timeout=timedelta(minutes=15))
job("workspaces.forget_exports", data_export.forget, lane="bulk", priority=9)
every("workspaces.forget_exports", timedelta(hours=1), "workspaces.forget_exports")
eraser("exports", data_export.clear)
for _name, _model in (
    ("studio", StudioProfile),
    ("papers", StudioDocument),
    ("subscription", Subscription),
    ("invoices", Invoice),
    ("money_back", MoneyBack),
    ("numbers", PhoneNumber),
    ("whatsapp_templates", MessageTemplate),
):
    portable(_name, table(_model))

needs_person(Needs("payment", palette.open_payment, role=Role.ADMIN, order=1))
for _command in palette.COMMANDS:
    command(_command)
names_of_studios("workspaces", directory.names)
