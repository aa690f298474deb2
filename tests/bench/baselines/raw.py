"""The limit: two processes that claim and complete 500 rows at a time with psycopg and do nothing else.

No tenants, no fairness, no attempts, no handlers: `python -m tests.bench.baselines.raw DSN KIND` is one of them. `bare`
deletes what is done; `history` moves it into a table with one index, which is the least that a queue with a history writes.
"""

import subprocess
import sys

import psycopg

from tests.bench.report import Figure

BATCH = 500
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
_CLAIM = """
WITH c AS MATERIALIZED (
  SELECT id FROM raw_job WHERE status = 0 AND scheduled_at <= now() ORDER BY scheduled_at, id LIMIT %s
  FOR UPDATE SKIP LOCKED)
UPDATE raw_job SET status = 1, locked_at = now() WHERE id = ANY (ARRAY(SELECT id FROM c)) RETURNING id, payload::text
"""
_COMPLETE = {
    "bare": "DELETE FROM raw_job WHERE id = ANY (%s) AND status = 1",
    "history": """
WITH d AS (DELETE FROM raw_job WHERE id = ANY (%s) AND status = 1 RETURNING *)
INSERT INTO raw_done SELECT id, payload, locked_at, now() FROM d
""",
}


def limits(dsn: str, *, runs: int, count: int) -> list[Figure]:
    """Drain `count` rows by two processes."""
    rates: dict[str, list[float]] = {"bare": [], "history": []}
    with psycopg.connect(dsn, autocommit=True) as admin:
        for _ in range(runs):
            for kind, found in rates.items():
                admin.execute(_TABLE)
                admin.execute(_FILL, [count])
                admin.execute("VACUUM ANALYZE raw_job")
                admin.execute("CHECKPOINT")
                found.append(count / _drain(dsn, kind))
        admin.execute("DROP TABLE raw_job, raw_done")
    return [
        Figure("raw limit: claim and complete by 500, 2 processes, psycopg", rates["bare"], "/s"),
        Figure("raw limit, moved into a history", rates["history"], "/s"),
    ]


def _drain(dsn: str, kind: str) -> float:
    argv = [sys.executable, "-m", "tests.bench.baselines.raw", dsn, kind]
    both = [subprocess.Popen(argv, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) for _ in range(2)]
    for process in both:
        _readline(process)
    for process in both:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    times = [tuple(map(float, _readline(process).split())) for process in both]
    for process in both:
        process.wait()
    return max(end for _, end in times) - min(began for began, _ in times)


def _readline(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline()


def work(dsn: str, kind: str) -> None:
    """Wait for the word, empty the table, say when it began and ended."""
    import time

    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SET enable_seqscan = off")
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        began = time.monotonic()
        ids: list[int] = []
        while True:
            with connection.transaction():
                if ids:
                    connection.execute(_COMPLETE[kind], [ids])
                ids = [row[0] for row in connection.execute(_CLAIM, [BATCH]).fetchall()]
            if not ids:
                break
        sys.stdout.write(f"{began} {time.monotonic()}\n")


if __name__ == "__main__":
    work(sys.argv[1], sys.argv[2])
