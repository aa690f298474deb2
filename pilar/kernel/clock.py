"""The one clock (reliability T2): wall time for records, monotonic time for durations.

Leases and due times are compared with the database's clock inside SQL, never with this one.
"""

import time
from datetime import UTC, datetime


def now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Return seconds on a clock that never jumps; only differences mean anything."""
    return time.monotonic()
