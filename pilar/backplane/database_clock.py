"""The database's clock: the one that leases, due times and schedules are measured with (reliability P5)."""

from datetime import datetime

from pilar.backplane import sql


def now() -> datetime:
    """Return the start of the present statement on the scope's connection."""
    found: datetime = sql.value("SELECT statement_timestamp()")
    return found
