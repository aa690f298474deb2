"""What the backplane does by itself."""

from datetime import timedelta

from django.utils.translation import gettext_lazy

from pilar.backplane import console, erasure, events, maintenance, timeline, waits
from pilar.kernel import switchboard
from pilar.kernel.console import Finder, Panel, StudioPanel

switchboard.job(
    events.DISPATCH,
    events.dispatch_due,
    payload=events.DispatchEvent,
    lane="events",
    max_attempts=events.DISPATCH_ATTEMPTS,
)

switchboard.job("backplane.keep_partitions", maintenance.keep_partitions, lane="health")
switchboard.job("backplane.retain", maintenance.retain, lane="health", timeout=timedelta(minutes=30))
switchboard.job("backplane.clean_locks", maintenance.clean_locks, lane="health")
switchboard.job("backplane.seal_audit", maintenance.seal_audit, lane="health")

switchboard.every("backplane.partitions", timedelta(hours=1), "backplane.keep_partitions")
switchboard.every("backplane.retention", timedelta(hours=1), "backplane.retain")
switchboard.every("backplane.locks", timedelta(minutes=5), "backplane.clean_locks")
switchboard.every("backplane.audit", timedelta(minutes=1), "backplane.seal_audit")

timeline.source("wait", waits.told)

switchboard.eraser("events", erasure.events)
switchboard.eraser("jobs", erasure.jobs)
switchboard.eraser("effects", erasure.effects)
switchboard.eraser("activity", erasure.activity)

switchboard.panel(Panel("queue", gettext_lazy("The queue now"), console.queue, order=20))
switchboard.studio_panel(StudioPanel("work", gettext_lazy("Work and budgets"), console.of_studio, order=40))
switchboard.finder(Finder("backplane", console.find))
for _wording in (console.lanes, console.processes, console.kinds, console.states):
    switchboard.wording(_wording)
