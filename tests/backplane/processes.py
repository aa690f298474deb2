"""Real worker and beat processes on a database of their own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from kombu import Connection

from pilar.celery import app
from pilar.kernel.switchboard import LANES
from tests import database

PATIENCE = 60.0


def wait_for(condition: Callable[[], object], *, seconds: float = PATIENCE) -> float:
    """Wait until it is true and return after how many seconds; fails when it never is."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise AssertionError(f"not within {seconds} s")
        time.sleep(0.05)
    return time.monotonic() - began


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """A worker or beat, started from a plain command with its settings in the environment."""

    def __init__(self, argv: list[str], folder: Path, name: str, environment: dict[str, str]) -> None:
        self.log = folder / f"{len(list(folder.iterdir()))}-{name}.log"
        self._popen = subprocess.Popen(
            [sys.executable, "-m", "celery", "--app", "pilar.celery:app", *argv],
            cwd=database.ROOT,
            env={**os.environ, **environment},
            stdout=self.log.open("w"),
            stderr=subprocess.STDOUT,
        )

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def ended(self) -> bool:
        return self._popen.poll() is not None

    def send(self, number: signal.Signals) -> None:
        self._popen.send_signal(number)

    def kill(self) -> None:
        self._popen.kill()
        self._popen.wait()

    def stop(self) -> float:
        """End it as an operator would and return the seconds it took."""
        began = time.monotonic()
        self._popen.send_signal(signal.SIGCONT)
        self._popen.terminate()
        self._popen.wait(timeout=40)
        return time.monotonic() - began


class Site:
    """One database, one data folder, and the processes started on them."""

    def __init__(self, urls: dict[str, str], folder: Path) -> None:
        self.folder = folder
        self.processes: list[Process] = []
        self.environment = {
            **urls,
            "DJANGO_SETTINGS_MODULE": "tests.backplane.worker_settings",
            "PILAR_DATA_DIR": str(folder / "data"),
            "PILAR_PROCESS": "worker",
            "REDIS_URL": "",
        }
        (folder / "data").mkdir()

    def worker(self, **environment: str) -> Process:
        argv = ["worker", "--pool", "threads", "--concurrency", "2", "--loglevel", "INFO", "--queues", ",".join(LANES)]
        argv += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        process = self._start(argv, "worker", environment)
        wait_for(lambda: process.ended or process.pid in self.signed_in())
        assert not process.ended, process.log.read_text()
        return process

    def beat(self) -> Process:
        return self._start(["beat", "--pidfile", ""], "beat", {"PILAR_PROCESS": "beat"})

    def ring(self, lane: str) -> None:
        """Send a doorbell as a web process would."""
        with Connection(self.environment["REDIS_URL"]) as connection:
            app.send_task("pilar.drain", args=[lane], queue=lane, connection=connection)

    def signed_in(self) -> set[int]:
        """Return the process ids of the workers that say they live."""
        with psycopg.connect(self.environment["DATABASE_PLATFORM_URL"]) as connection:
            found = connection.execute("SELECT pid FROM autopilot_worker WHERE lost_at IS NULL").fetchall()
        return {pid for (pid,) in found}

    def lines(self, word: str) -> list[str]:
        """What handlers noted under this word."""
        path = self.folder / word
        return path.read_text().split() if path.exists() else []

    def _start(self, argv: list[str], name: str, environment: dict[str, str]) -> Process:
        process = Process(argv, self.folder, name, {**self.environment, **environment})
        self.processes.append(process)
        return process


@contextmanager
def site(urls: dict[str, str], folder: Path) -> Iterator[Site]:
    here = Site(urls, folder)
    try:
        yield here
    finally:
        for process in here.processes:
            if not process.ended:
                process.kill()
