"""What the backplane does by itself."""

from datetime import timedelta

from pilar.backplane import erasure, events, maintenance
from pilar.kernel import switchboard

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

switchboard.eraser("events", erasure.events)
switchboard.eraser("jobs", erasure.jobs)
switchboard.eraser("effects", erasure.effects)
switchboard.eraser("activity", erasure.activity)
