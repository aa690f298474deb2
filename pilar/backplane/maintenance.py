"""The backplane's own upkeep, as jobs of the platform: partitions, retention, expired locks, the audit chain."""

import logging
from typing import Any

from pilar.backplane import audit, locks, sql
from pilar.backplane.tenancy import all_tenants, atomic
from pilar.kernel.switchboard import Empty, Work

logger = logging.getLogger(__name__)

DAYS_AHEAD = 7
HISTORY_DAYS = 30
"""Events, attempts and finished jobs are kept this long, in partitions that are dropped whole."""
BATCH = 5000
NAMED = 20
"""Lost locks that the result of cleaning names."""

RETENTION = {
    "autopilot_idem": "created_at < statement_timestamp() - interval '90 days'",
    "autopilot_receipt": "received_at < statement_timestamp() - interval '30 days'",
    "autopilot_activity": "at < statement_timestamp() - interval '400 days'",
    "autopilot_budget_entry": "created_at < statement_timestamp() - interval '60 days'",
    "autopilot_budget_window": "opened_at < statement_timestamp() - interval '60 days'",
    "autopilot_wait": "coalesce(ended_at, until) < statement_timestamp() - interval '30 days'",
    "autopilot_job": "status = 2 AND coalesce(locked_at, created_at) < statement_timestamp() - interval '30 days'",
    "autopilot_event_dispatch": "processed_at < statement_timestamp() - interval '30 days'",
    "autopilot_effect": "state IN ('sent', 'failed') AND changed_at < statement_timestamp() - interval '400 days'",
    "autopilot_lock": "expires_at < statement_timestamp() - interval '1 hour'",
    "autopilot_throttle": "max_running IS NULL AND held_until < statement_timestamp() - interval '1 day'",
    "autopilot_cache": "expires_at < statement_timestamp()",
    "autopilot_worker": "lost_at < statement_timestamp() - interval '1 day'",
}
"""Which rows of the unpartitioned tables are old."""


def keep_partitions(_work: Work[Empty]) -> None:
    """Make the partitions of the coming days and drop those past their time."""
    with all_tenants("partitions hold every workspace's rows"), atomic():
        awaited = [day for (day,) in sql.rows(_AWAITED_DAYS)]
        sql.value("SELECT autopilot_keep_partitions(%s, %s, %s::date[])", [DAYS_AHEAD, HISTORY_DAYS, awaited])


# A UUIDv7 begins with its Unix milliseconds.
_AWAITED_DAYS = """
SELECT DISTINCT (to_timestamp(('x' || lpad(left(replace(event_id::text, '-', ''), 12), 16, '0'))::bit(64)::bigint
  / 1000.0) AT TIME ZONE 'UTC')::date
FROM autopilot_event_dispatch WHERE status = 'pending'
"""


def retain(_work: Work[Empty]) -> dict[str, int]:
    """Delete what is past its time, in batches with a commit each so that nothing waits for them."""
    return {table: _delete(table, rule) for table, rule in RETENTION.items()}


def _delete(table: str, rule: str) -> int:
    total = 0
    while True:
        with all_tenants("rows past their retention, of every workspace"), atomic():
            chosen = f"SELECT ctid, tableoid FROM {table} WHERE {rule} LIMIT {BATCH}"
            count = sql.run(f"DELETE FROM {table} WHERE (ctid, tableoid) IN ({chosen})")
        total += count
        if count < BATCH:
            return total


def clean_locks(_work: Work[Empty]) -> dict[str, Any]:
    """Remove the locks that nobody gave back, and say who lost them."""
    with all_tenants("expired locks of every workspace"):
        lost = locks.clean()
    return {"locks": len(lost), "lost": [f"{name} ({owner})" for name, owner in lost[:NAMED]]}


def seal_audit(_work: Work[Empty]) -> dict[str, int]:
    """Link the audit entries written since the last time."""
    with all_tenants("each workspace has a chain"):
        return {"entries": audit.seal()}
