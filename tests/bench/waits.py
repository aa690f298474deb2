"""Time that is waited: from a commit to its handler on an idle system, and for providers."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections

from pilar.backplane import jobs
from pilar.backplane.jobs import NewJob
from pilar.backplane.tenancy import all_tenants
from pilar.kernel.ids import uuid7
from tests.bench.ground import Ground, wait_for
from tests.bench.labour.autopilot import Task
from tests.bench.report import Figure, percentile

PROVIDER_SECONDS = 0.3


def latency(ground: Ground, name: str, *, redis_url: str | None, count: int, gap: float, bar: float) -> list[Figure]:
    """From the return of the commit in a web process to the start of the handler, both by this machine's clock."""
    ground.empty()
    committed = json.loads(ground.python("tests.bench.knock", count, gap, redis_url=redis_url))
    wait_for(lambda: ground.value("SELECT count(*) FROM autopilot_job_done") > count, seconds=30)
    rows = ground.admin.execute("SELECT public_id::text, (result->>'started')::float8 FROM autopilot_job_done")
    waits = [1000 * (started - committed[job]) for job, started in rows.fetchall() if job in committed]
    note = f"{count} jobs, {gap:g} s apart"
    return [
        Figure(f"commit to start, idle, {name}: p50", [percentile(waits, 0.5)], "ms", note=note),
        Figure(
            f"commit to start, idle, {name}: p99", [percentile(waits, 0.99)], "ms", bar=bar, at_most=True, note=note
        ),
    ]


def providers(ground: Ground, *, runs: int) -> list[Figure]:
    """1,000 jobs that wait for an answer that takes 300 ms, alone and with their workspace's row before and after it."""
    alone, between_rows, connections = [], [], []
    with _slow_provider() as port:
        for _ in range(runs):
            for name, seconds in (("bench.ask_provider", alone), ("bench.ask_and_note", between_rows)):
                took, most = _call_all(ground, name, port)
                seconds.append(took)
            connections.append(most)
    return [
        Figure("1,000 jobs that wait 300 ms on a provider: all done", alone, "s", bar=3.0, at_most=True),
        Figure("the same, reading and writing a row before and after", between_rows, "s"),
        Figure("the same: database connections, this bench's included", connections, "", bar=20, at_most=True),
    ]


def _call_all(ground: Ground, name: str, port: int) -> tuple[float, float]:
    ground.empty()
    workspaces = [uuid7() for _ in range(100)]
    ground.know(workspaces)
    ground.hold(workspaces, lane="messages")
    rows = [NewJob(workspaces[n % 100], Task(n=n, port=port), str(n)) for n in range(1000)]
    with all_tenants("the bench enqueues for many workspaces"):
        jobs.enqueue_many(name, rows)
    # What this process keeps in stock for other measurements is none of this one's.
    for connection in connections.all():
        connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's
    began = ground.release(lane="messages")
    most = 0
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = %s"
    while ground.value("SELECT EXISTS (SELECT 1 FROM autopilot_job)"):
        most = max(most, ground.value(sessions, "client backend"))
        time.sleep(0.05)
    return ground.wait_until_drained() - began, most


@contextmanager
def _slow_provider() -> Iterator[int]:
    """An HTTP server on a free port of this machine that answers each request after 300 ms."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(_answer, "127.0.0.1", 0, backlog=1024))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.close()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    await asyncio.sleep(PROVIDER_SECONDS)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    await writer.drain()
    writer.close()
