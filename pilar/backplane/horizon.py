"""What keeps PostgreSQL from tidying up: the oldest snapshot that is still held, and by whom.

One forgotten transaction makes every claim several times slower within minutes, so it is watched and, inside our own
sessions, ended by `idle_in_transaction_session_timeout`.
"""

from dataclasses import dataclass

from pilar.backplane import sql
from pilar.backplane.tenancy import atomic

OLD_SECONDS = 300.0
"""From this age on an open snapshot is a finding."""
OLD_TRANSACTIONS = 500_000
"""The same in transactions, for what shows no age in time: replication slots, and sessions of other roles."""


@dataclass(frozen=True, slots=True)
class Horizon:
    """How far back the oldest snapshot reaches: in seconds (0 when no session holds one) and in transactions."""

    seconds: float
    transactions: int
    holder: str

    @property
    def rounded(self) -> int:
        """Seconds in steps of five: a page that shows it need not change each time it is asked for."""
        return int(self.seconds // 5 * 5)

    @property
    def blamed(self) -> str:
        """Who holds it, once it is worth asking."""
        return self.holder if self.is_old else ""

    @property
    def is_old(self) -> bool:
        return self.seconds > OLD_SECONDS or self.transactions > OLD_TRANSACTIONS


# A role sees only of its own sessions when they began; the snapshot (xmin) it sees of all.
_LOOK = """
WITH held AS (
  SELECT age(backend_xmin) AS transactions, extract(epoch FROM clock_timestamp() - xact_start) AS seconds,
    coalesce(nullif(application_name, ''), 'session') || ' ' || pid AS holder
  FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid() AND usesysid IS NOT NULL
    AND (backend_xmin IS NOT NULL OR state LIKE 'idle in transaction%%')
  UNION ALL
  SELECT greatest(age(xmin), age(catalog_xmin)), NULL, 'replication slot ' || slot_name FROM pg_replication_slots
  UNION ALL
  SELECT age(transaction), extract(epoch FROM clock_timestamp() - prepared), 'prepared transaction ' || gid
  FROM pg_prepared_xacts WHERE database = current_database()
)
SELECT coalesce(seconds, 0)::float8, coalesce(transactions, 0), holder FROM held
ORDER BY coalesce(seconds, 0) DESC, transactions DESC NULLS LAST LIMIT 1
"""


def look() -> Horizon:
    """Return the oldest snapshot that is held in this database, as the role of the scope in force sees it."""
    with atomic():
        found = sql.row(_LOOK, [])
    return Horizon(*found) if found else Horizon(0.0, 0, "")
