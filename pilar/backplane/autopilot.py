"""What the backplane does by itself."""

from pilar.backplane import events
from pilar.kernel import switchboard

switchboard.job(events.DISPATCH, events.dispatch_due, payload=events.DispatchEvent, lane="events", max_attempts=5)
