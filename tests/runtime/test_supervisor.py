"""`make up` as a whole, with a real database server and stand-ins for the product's processes."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pilar.runtime import processes
from pilar.runtime.postgres import Cluster

pytestmark = pytest.mark.processes
NAMES = {"postgres", "sandbox", "web", "worker", "beat"}


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


class Installation:
    """A data folder and the supervisors that were started on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ports = {name: free_port() for name in ("PORT", "SANDBOX_PORT", "SANDBOX_SMTP_PORT")}
        self.environment = {**os.environ, **ports, "PILAR_DATA_DIR": str(folder), "DATABASE_URL": "", "MAKELEVEL": ""}
        self.started: list[subprocess.Popen[str]] = []

    def start(self) -> subprocess.Popen[str]:
        argv = [sys.executable, "-m", "tests.runtime.standin"]
        supervisor = subprocess.Popen(
            argv, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        self.started.append(supervisor)
        return supervisor

    def start_until_ready(self) -> subprocess.Popen[str]:
        supervisor = self.start()
        assert supervisor.stdout
        said = []
        for line in supervisor.stdout:
            said.append(line)
            if line.startswith("PILAR is ready at"):
                return supervisor
        raise AssertionError("".join(said))

    def pids(self) -> dict[str, int]:
        record = json.loads((self.folder / "run" / "supervisor.json").read_text())
        return {name: pid for name, (pid, _) in record.items() if name in NAMES}

    def living(self) -> set[str]:
        return {name for name, pid in self.pids().items() if processes.alive(pid)}


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    found = Installation(tmp_path_factory.mktemp("installation"))
    yield found
    for supervisor in found.started:
        supervisor.terminate()
        supervisor.communicate(timeout=40)
    Cluster(found.folder).remove()


@pytest.fixture
def running(installation: Installation) -> Iterator[subprocess.Popen[str]]:
    supervisor = installation.start_until_ready()
    yield supervisor
    supervisor.terminate()
    supervisor.communicate(timeout=40)


def test_everything_runs_once_it_says_so(installation: Installation, running: subprocess.Popen[str]) -> None:
    assert installation.living() == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_each_killed_process_comes_back(installation: Installation, running: subprocess.Popen[str], name: str) -> None:
    killed = installation.pids()[name]
    os.kill(killed, signal.SIGKILL)
    assert processes.wait_until(
        lambda: installation.pids()[name] != killed and installation.living() == NAMES, seconds=20
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_of_it_within_30_seconds(installation: Installation, number: signal.Signals) -> None:
    supervisor = installation.start_until_ready()
    pids = installation.pids()
    began = time.monotonic()
    supervisor.send_signal(number)
    supervisor.communicate(timeout=40)
    assert time.monotonic() - began < 30
    assert supervisor.returncode == 0
    assert not [name for name, pid in pids.items() if processes.alive(pid)]


def test_a_signal_during_the_start_ends_it_too(installation: Installation) -> None:
    supervisor = installation.start()
    assert processes.wait_until((installation.folder / "run" / "supervisor.json").exists, seconds=20)
    supervisor.terminate()
    supervisor.communicate(timeout=40)
    assert supervisor.returncode == 0
    assert Cluster(installation.folder).pid() is None


def test_a_killed_supervisor_does_not_block_the_next_start(installation: Installation) -> None:
    first = installation.start_until_ready()
    before = set(installation.pids().values())
    first.kill()
    first.communicate()
    second = installation.start_until_ready()
    assert installation.living() == NAMES
    assert not before & set(installation.pids().values())
    second.terminate()
    second.communicate(timeout=40)


def test_a_second_start_says_that_one_runs(installation: Installation, running: subprocess.Popen[str]) -> None:
    second = installation.start()
    said, _ = second.communicate(timeout=40)
    assert f"already runs from this folder (process {running.pid})" in said
    assert second.returncode == 1
    assert installation.living() == NAMES


def test_an_occupied_port_is_named_and_nothing_stays_behind(installation: Installation) -> None:
    with socket.create_server(("127.0.0.1", int(installation.environment["PORT"]))):
        supervisor = installation.start()
        said, _ = supervisor.communicate(timeout=40)
    assert f"Port {installation.environment['PORT']} is taken" in said
    assert supervisor.returncode == 1
    assert Cluster(installation.folder).pid() is None
