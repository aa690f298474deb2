"""The one clock (reliability T2): wall time for records, elapsed time for durations.

Leases and due times are compared with the database's clock inside SQL, never with this one.
"""

import time
from datetime import UTC, datetime

# Linux leaves the time that the host slept out of its monotonic clock: a worker would wake after hours and take its
# leases for fresh. Elsewhere the monotonic clock goes on meanwhile.
_ELAPSED = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Return seconds on a clock that never jumps and goes on while the host sleeps; only differences mean anything."""
    return time.clock_gettime(_ELAPSED)
