"""What this room contributes to the autopilot: rounds over all studios, the platform's own probes, and its widgets."""

from datetime import timedelta

from health import events, rounds, system_probes, widgets
from pilar.kernel.switchboard import Probe, Widget, event, every, job, on, probe, widget

event("support.incident_created", events.IncidentChanged)

job("health.tick", rounds.tick, lane="health")
job("health.check_workspace", rounds.check_workspace, lane="health", priority=7)
job("health.check_system", rounds.check_system, lane="health", priority=1)
every("health.tick", timedelta(minutes=1), "health.tick")
every("health.system", timedelta(minutes=1), "health.check_system")
on("provider.failed", rounds.look_at_once, lane="health")
on("provider.recovered", rounds.look_at_once, lane="health")

EVERY_MINUTE = timedelta(minutes=1)
probe(Probe("database", "database_performance", system_probes.database, per_workspace=False, every=EVERY_MINUTE))
probe(Probe("queue", "queue_processing", system_probes.queue, per_workspace=False, every=EVERY_MINUTE))
probe(Probe("workers", "queue_processing", system_probes.workers, per_workspace=False, every=EVERY_MINUTE))
probe(Probe("beat", "queue_processing", system_probes.beat, per_workspace=False, every=EVERY_MINUTE))
probe(Probe("redis", "external_apis", system_probes.redis, per_workspace=False, every=EVERY_MINUTE))
probe(Probe("dead_letters", "queue_processing", system_probes.dead_letters, per_workspace=False, every=EVERY_MINUTE))

widget(Widget("health", "widgets/health.html", widgets.health, order=10))
widget(Widget("incidents", "widgets/incidents.html", widgets.incidents, order=60))
