"""The limit: pgbench claims 500 rows of a bare table in one transaction and completes them in the next, two clients at once.

No tenants, no fairness, no attempts, no handlers, and no row reaches the client. `bare` deletes what is done; `history` moves
it into a table with one index, which is the least that a queue with a history writes.
"""

import re
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from pilar.runtime.placement import server_account, server_binaries
from tests.bench.report import Figure

BATCH, CLIENTS = 500, 2
_TABLE = """
DROP TABLE IF EXISTS raw_job, raw_done;
CREATE TABLE raw_done (id bigint PRIMARY KEY, payload jsonb NOT NULL, locked_at timestamptz, finished_at timestamptz);
CREATE TABLE raw_job (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payload jsonb NOT NULL,
  status smallint NOT NULL DEFAULT 0, scheduled_at timestamptz NOT NULL DEFAULT now(), locked_at timestamptz)
  WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX raw_claim ON raw_job (scheduled_at, id) WHERE status = 0;
"""
_FILL = """
INSERT INTO raw_job (payload)
SELECT jsonb_build_object('n', n, 'text', repeat('x', 160)) FROM generate_series(1, %s) AS n
"""
# A claim is committed before the work begins, as in every queue that loses nothing.
_CLAIM = f"""
WITH c AS MATERIALIZED (
  SELECT id FROM raw_job WHERE status = 0 AND scheduled_at <= now() ORDER BY scheduled_at, id LIMIT {BATCH}
  FOR UPDATE SKIP LOCKED),
u AS (UPDATE raw_job SET status = 1, locked_at = now() WHERE id = ANY (ARRAY(SELECT id FROM c)) RETURNING id)
SELECT quote_literal(coalesce(array_agg(id), '{{}}')) AS ids FROM u \\gset
"""
_COMPLETE = {
    "bare": "DELETE FROM raw_job WHERE id = ANY (:ids::bigint[]) AND status = 1;",
    "history": """
WITH d AS (DELETE FROM raw_job WHERE id = ANY (:ids::bigint[]) AND status = 1 RETURNING *)
INSERT INTO raw_done SELECT id, payload, locked_at, now() FROM d;
""",
}
_TPS = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)


def limits(dsn: str, *, runs: int, count: int) -> list[Figure]:
    """Drain `count` rows by two clients of pgbench."""
    rates: dict[str, list[float]] = {"bare": [], "history": []}
    with psycopg.connect(dsn, autocommit=True) as admin:
        for _ in range(runs):
            for kind, found in rates.items():
                admin.execute(_TABLE)
                admin.execute(_FILL, [count])
                admin.execute("VACUUM ANALYZE raw_job")
                admin.execute("CHECKPOINT")
                found.append(_drain(dsn, kind, count))
        admin.execute("DROP TABLE raw_job, raw_done")
    return [
        Figure("raw limit: pgbench claims and completes by 500, 2 clients", rates["bare"], "/s"),
        Figure("raw limit, moved into a history", rates["history"], "/s"),
    ]


def _drain(dsn: str, kind: str, count: int) -> float:
    program = server_binaries(server_account()) / "pgbench"
    with TemporaryDirectory() as folder:
        script = Path(folder) / "drain.sql"
        script.write_text(_CLAIM + _COMPLETE[kind])
        each = [
            "--no-vacuum",
            "--client",
            str(CLIENTS),
            "--jobs",
            str(CLIENTS),
            "--transactions",
            str(count // BATCH // CLIENTS),
        ]
        done = subprocess.run(
            [str(program), *each, "--file", str(script), dsn], capture_output=True, text=True, check=True
        )
    found = _TPS.search(done.stdout)
    assert found, done.stdout
    return float(found.group(1)) * BATCH
