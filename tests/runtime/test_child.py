"""One supervised child: real processes, ended by us only by their own id."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from pilar.runtime import processes
from pilar.runtime.child import Child, Command, backoff
from pilar.runtime.console import Console

pytestmark = pytest.mark.processes

SLEEPS = "import time; print('up', flush=True); time.sleep(60)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + SLEEPS
HAS_A_CHILD = "import subprocess; print(subprocess.Popen(['sleep', '60']).pid, flush=True); import time; time.sleep(60)"


class Family:
    """A child running some Python, and the ids it has had."""

    def __init__(self, folder: Path, program: str) -> None:
        self.pids: list[int] = []
        self.console = Console(folder)
        command = Command("child", [sys.executable, "-c", program], os.environ, folder, ready_line=r"^(up|\d+)$")
        self.child = Child(command, self.console, on_spawn=lambda _, pid: self.pids.append(pid))

    def said(self) -> str:
        return self.console.path("child").read_text()


def play(family: Family, scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run the scene once the child is up; end the child afterwards."""

    async def whole() -> None:
        running = asyncio.create_task(family.child.keep_running())
        await asyncio.wait_for(family.child.said_ready.wait(), 20)
        try:
            await scene()
        finally:
            await family.child.stop(seconds=0.5)
            await running

    asyncio.run(whole())


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.02)


def test_a_killed_child_is_started_again(tmp_path: Path) -> None:
    family = Family(tmp_path, SLEEPS)

    async def scene() -> None:
        os.kill(family.pids[0], signal.SIGKILL)
        await until(lambda: len(family.pids) == 2)

    play(family, scene)


def test_a_child_that_is_killed_takes_its_own_children_along(tmp_path: Path) -> None:
    family = Family(tmp_path, HAS_A_CHILD)

    async def scene() -> None:
        grandchild = int(family.said().split()[0])
        os.kill(family.pids[0], signal.SIGKILL)
        await until(lambda: not processes.alive(grandchild))

    play(family, scene)


def test_stopping_ends_the_childs_own_children_too(tmp_path: Path) -> None:
    family = Family(tmp_path, HAS_A_CHILD)

    async def scene() -> None:
        grandchild = int(family.said().split()[0])
        await family.child.stop()
        await until(lambda: not processes.alive(grandchild))

    play(family, scene)


def test_a_child_that_does_not_listen_is_ended_by_force(tmp_path: Path) -> None:
    family = Family(tmp_path, DEAF)

    async def scene() -> None:
        await family.child.stop(seconds=0.2)
        assert not processes.alive(family.pids[0])

    play(family, scene)


def test_a_command_that_cannot_be_run_is_an_exit_code_with_a_reason(tmp_path: Path) -> None:
    console = Console(tmp_path)
    command = Command("child", ["/nowhere/to/be/found"], {}, tmp_path)
    child = Child(command, console, on_spawn=lambda _name, _pid: None)
    assert asyncio.run(child.run_once()) == 127
    assert "/nowhere/to/be/found" in console.path("child").read_text()


def test_restarts_become_rarer_up_to_half_a_minute() -> None:
    assert [backoff(n) for n in (0, 1, 2, 6, 99)] == [0.5, 1.0, 2.0, 30.0, 30.0]


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_a_child_ends_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    program = f"""
import asyncio, os, pathlib
from pilar.runtime.child import Child, Command
from pilar.runtime.console import Console
folder = pathlib.Path({str(tmp_path)!r})
def kill_me(name, pid):
    (folder / "pid").write_text(str(pid))
    os.kill(os.getpid(), 9)
asyncio.run(Child(Command("child", ["sleep", "60"], os.environ, folder), Console(folder), on_spawn=kill_me).run_once())
"""
    ended = os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-c", program])
    assert ended == -signal.SIGKILL
    assert processes.wait_for_end(int((tmp_path / "pid").read_text()), seconds=10)
