"""The time zones of the world, asked of the system once."""

from functools import lru_cache
from zoneinfo import available_timezones


@lru_cache
def known() -> frozenset[str]:
    """Return their names. `localtime` is none: it is what one machine is set to, and PostgreSQL does not know it."""
    return frozenset(available_timezones() - {"localtime"})
