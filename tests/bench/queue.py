"""Throughput and fairness of the queue: many jobs that do nothing, or little."""

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from pilar.backplane import jobs
from pilar.backplane.jobs import NewJob
from pilar.backplane.tenancy import all_tenants, give_back, tenant
from pilar.kernel.ids import uuid7
from tests.bench.ground import Ground
from tests.bench.labour.autopilot import Task
from tests.bench.report import Figure


def fill(ground: Ground, name: str, workspaces: list[UUID], count: int, *, prefix: str = "") -> float:
    """Enqueue `count` jobs spread over the workspaces, 1,000 a statement, and return the seconds it took."""
    rows = [NewJob(workspaces[n % len(workspaces)], Task(n=n), f"{prefix}{n}") for n in range(count)]
    began = time.monotonic()
    with all_tenants("the bench enqueues for many workspaces"):
        jobs.enqueue_many(name, rows)
    return time.monotonic() - began


def throughput(ground: Ground, *, runs: int, count: int) -> list[Figure]:
    """Bulk enqueue and drain of no-op jobs of 100 workspaces."""
    enqueued, drained, at_workers, at_server = [], [], [], []
    for _ in range(runs):
        ground.empty()
        workspaces = [uuid7() for _ in range(100)]
        ground.hold(workspaces)
        enqueued.append(count / fill(ground, "bench.nothing", workspaces, count))
        workers, server = ground.worker_cpu(), ground.server_cpu()
        began = ground.release()
        drained.append(count / (ground.wait_until_drained() - began))
        at_workers.append(1e6 * (ground.worker_cpu() - workers) / count)
        at_server.append(1e6 * (ground.server_cpu() - server) / count)
    return [
        Figure("bulk enqueue with idempotency, 1,000 a statement", enqueued, "/s", bar=25_000),
        Figure("no-op drain, 2 workers, everything on", drained, "/s", bar=25_000),
        Figure("the same: CPU of the workers for one job", at_workers, "us"),
        Figure("the same: CPU of PostgreSQL for one job", at_server, "us"),
    ]


def single_enqueue(ground: Ground, *, runs: int, seconds: float = 4.0) -> list[Figure]:
    """One job a transaction: from one client, and from a web process with its eight threads."""
    alone, together = [], []
    for _ in range(runs):
        alone.append(_by_one(ground, 1, seconds))
        together.append(_by_one(ground, 8, seconds))
    return [
        Figure("single enqueue, one client", alone, "/s", bar=1_200),
        Figure("single enqueue, one process of eight threads", together, "/s"),
    ]


def _by_one(ground: Ground, clients: int, seconds: float) -> float:
    ground.empty()
    workspaces = [uuid7() for _ in range(100)]
    ground.hold(workspaces)
    with ThreadPoolExecutor(clients) as pool:
        began = time.monotonic()
        counts = list(pool.map(lambda client: _enqueue_until(began + seconds, workspaces, client), range(clients)))
        return sum(counts) / (time.monotonic() - began)


def _enqueue_until(end: float, workspaces: list[UUID], client: int) -> int:
    count = 0
    while time.monotonic() < end:
        with tenant(workspaces[count % 100]):
            jobs.enqueue("bench.nothing", Task(n=count), key=f"{client}-{count}")
        # At the end of a request the connection goes back to the pool.
        give_back()
        count += 1
    return count


def fairness(ground: Ground, *, runs: int) -> list[Figure]:
    """50,000 jobs of one workspace are first; then come 2,000 workspaces with one job each."""
    served, throttled = [], []
    for is_limited, results in ((False, served), (True, throttled)):
        for _ in range(runs):
            results.append(_last_served(ground, is_limited=is_limited))
    return [
        Figure("2,000 workspaces of one job behind 50,000 of one: all served", served, "s", bar=0.5, at_most=True),
        Figure("the same, 200 workspaces with 50 jobs each throttled to 1/s", throttled, "s", bar=0.5, at_most=True),
    ]


def _last_served(ground: Ground, *, is_limited: bool) -> float:
    ground.empty()
    big, small = [uuid7()], [uuid7() for _ in range(2000)]
    limited = [uuid7() for _ in range(200)] if is_limited else []
    ground.hold(big + limited + small)
    fill(ground, "bench.nothing", big, 50_000)
    if limited:
        ground.admin.execute(
            "UPDATE autopilot_turn SET rate = 1, burst = 1, tokens = 1 WHERE workspace_id = ANY (%s)", [limited]
        )
        fill(ground, "bench.nothing", limited, 10_000)
    fill(ground, "bench.nothing", small, 2000)
    began = ground.release()
    big_and_small = "SELECT count(*) FROM autopilot_job_done WHERE workspace_id = ANY (%s)"
    while ground.value(big_and_small, small) < 2000:
        time.sleep(0.1)
    last = "SELECT extract(epoch FROM max(started_at))::float8 FROM autopilot_job_done WHERE workspace_id = ANY (%s)"
    return float(ground.value(last, small)) - began


def isolation(ground: Ground, *, runs: int, count: int) -> list[Figure]:
    """Handlers that read and write one row of their workspace, with the policies of row-level security and without."""
    with_policies, without = [], []
    _drain_touching(ground, 200)
    for _ in range(runs):
        # In turns, so that whatever else the machine does meets both.
        for results, verb in ((with_policies, "ENABLE"), (without, "DISABLE")):
            _switch_policies(ground, verb)
            results.append(_drain_touching(ground, count))
    _switch_policies(ground, "ENABLE")
    return [
        Figure("handlers that read and write a tenant's row, with RLS", with_policies, "/s"),
        Figure("handlers that read and write a tenant's row, RLS disabled", without, "/s"),
    ]


def _drain_touching(ground: Ground, count: int) -> float:
    ground.empty()
    workspaces = [uuid7() for _ in range(1000)]
    ground.know(workspaces)
    ground.hold(workspaces)
    fill(ground, "bench.touch", workspaces, count)
    began = ground.release()
    return count / (ground.wait_until_drained() - began)


def _switch_policies(ground: Ground, verb: str) -> None:
    protected = "SELECT oid::regclass::text FROM pg_class WHERE relforcerowsecurity AND relkind IN ('r', 'p')"
    for (table,) in ground.admin.execute(protected).fetchall():
        ground.admin.execute(f"ALTER TABLE {table} {verb} ROW LEVEL SECURITY")
