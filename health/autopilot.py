"""What this room contributes to the autopilot: rounds over all studios, its own probes, and its widgets."""

from datetime import timedelta

from django.utils.translation import gettext_lazy

from health import alerts, console, events, letters, repairs, rounds, system_probes, widgets, workspace_probes
from health.models import Component
from pilar.kernel.console import Finder, Panel, StudioPanel
from pilar.kernel.shown import Widget
from pilar.kernel.switchboard import Probe, event, every, finder, job, on, panel, probe, studio_panel, widget

event("support.incident_created", events.IncidentChanged)
on("support.incident_created", letters.tell, lane="bulk")
on("support.incident_created", alerts.tell_operators, lane="health", priority=2)
event("support.auto_reply_request", events.AutoReplyRequested)
event("support.escalation_needed", events.EscalationNeeded)
for name in ("webhook", "queue", "rate_limit", "integration", "ai_provider"):
    event(f"health.{name}_check", events.CheckWanted, external=True)
    on(f"health.{name}_check", rounds.look_at_once, lane="health", priority=3)

job("health.tick", rounds.tick, lane="health", priority=2)
job("health.adopt", rounds.adopt, lane="health")
job("health.check_workspace", rounds.check_workspace, payload=rounds.CheckOrder, lane="health", priority=7)
job("health.repair", repairs.carry_out, payload=repairs.RepairOrder, lane="health", priority=5)
job("health.check_system", rounds.check_system, lane="health", priority=1)
every("health.tick", timedelta(minutes=1), "health.tick")
every("health.adopt", timedelta(minutes=10), "health.adopt")
every("health.system", timedelta(minutes=1), "health.check_system")
on("provider.failed", rounds.look_at_once, lane="health", priority=3)
on("provider.recovered", rounds.look_at_once, lane="health", priority=3)
on("whatsapp.account", rounds.look_at_once, lane="health", priority=3)
on("workspace.resumed", rounds.look_at_once, lane="health")

EVERY_MINUTE = timedelta(minutes=1)
for name, component, check in (
    ("database", Component.DATABASE, system_probes.database),
    ("queue", Component.QUEUE_PROCESSING, system_probes.queue),
    ("workers", Component.QUEUE_PROCESSING, system_probes.workers),
    ("beat", Component.QUEUE_PROCESSING, system_probes.beat),
    ("dead_letters", Component.QUEUE_PROCESSING, system_probes.dead_letters),
    ("dead_letter_growth", Component.QUEUE_PROCESSING, system_probes.dead_letter_growth),
    ("shared_webhooks", Component.WEBHOOK_DELIVERY, workspace_probes.webhooks),
    ("redis", Component.EXTERNAL_APIS, system_probes.redis),
):
    probe(Probe(name, component, check, per_workspace=False, every=EVERY_MINUTE))

probe(Probe("own_queue", Component.QUEUE_PROCESSING, workspace_probes.queue, per_workspace=True))
probe(Probe("own_webhooks", Component.WEBHOOK_DELIVERY, workspace_probes.webhooks, per_workspace=True))
probe(Probe("own_limits", Component.RATE_LIMITS, workspace_probes.limits, per_workspace=True))
probe(Probe("own_models", Component.AI_PROVIDERS, workspace_probes.models, per_workspace=True))
probe(Probe("own_mail", Component.EXTERNAL_APIS, workspace_probes.mail, per_workspace=True))


panel(Panel("health", gettext_lazy("Health of all studios"), console.studios, order=15))
studio_panel(StudioPanel("health", gettext_lazy("Health"), console.of_studio, order=25))
finder(Finder("health", console.find))
widget(Widget("health", "widgets/health.html", widgets.health, order=30, every=60))
widget(Widget("incidents", "widgets/incidents.html", widgets.incidents, order=60, every=120, late=True, ghost="rows"))
