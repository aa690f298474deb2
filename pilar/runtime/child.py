"""One child of the supervisor: started, listened to, started again when it ends, stopped with all its own."""

import asyncio
import contextlib
import re
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pilar.runtime import processes
from pilar.runtime.console import Console
from pilar.runtime.placement import Account

STOP_SECONDS = 12.0
SETTLED_SECONDS = 30.0
_LINE_LIMIT = 1_000_000
_POLL_SECONDS = 0.1
_LAST_WORDS_SECONDS = 2.0


def backoff(failures: int) -> float:
    """Seconds to wait before a child is started again: 0.5, 1, 2 ... at most 30."""
    return float(min(30.0, 0.5 * 2 ** min(failures, 10)))


@dataclass(frozen=True)
class Command:
    """What to run. `account` is another user for it, `stop_signal` what makes it end in good order."""

    name: str
    argv: list[str]
    environment: Mapping[str, str]
    folder: Path
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    ready_line: str = ""


class Child:
    """Keeps one command running until it is stopped."""

    def __init__(self, command: Command, console: Console, *, on_spawn: Callable[[str, int], None]) -> None:
        self.command = command
        self.said_ready = asyncio.Event()
        self.process: asyncio.subprocess.Process | None = None
        self._console = console
        self._on_spawn = on_spawn
        self._stopping = asyncio.Event()

    async def keep_running(self) -> None:
        """Run the command again and again, ever more slowly while it keeps failing, until `stop`."""
        failures = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            code = await self.run_once()
            if self._stopping.is_set():
                return
            failures = 0 if time.monotonic() - began > SETTLED_SECONDS else failures + 1
            pause = backoff(failures - 1) if failures else 0.0
            self._console.say(
                f"{self.command.name} {_ending(code)}; starting it again in {pause:g} s. "
                f"What it said is in {self._console.path(self.command.name)}"
            )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)

    async def run_once(self) -> int:
        """Run the command to its end and return its exit code, negative for a signal, 127 if it cannot be run."""
        try:
            process = await self._spawn()
        except OSError as error:
            self._console.child_says(self.command.name, str(error))
            return 127
        self.process = process
        self._on_spawn(self.command.name, process.pid)
        if self._stopping.is_set():
            process.send_signal(self.command.stop_signal)
        listening = asyncio.create_task(self._listen(process))
        code = await _exit_code(process)
        processes.signal_group(process.pid, signal.SIGKILL)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(listening, _LAST_WORDS_SECONDS)
        return code

    async def stop(self, *, seconds: float = STOP_SECONDS) -> None:
        """End the command and all it started, by force after `seconds`."""
        self._stopping.set()
        process = self.process
        if process is None or process.returncode is not None:
            return
        process.send_signal(self.command.stop_signal)
        try:
            await asyncio.wait_for(_exit_code(process), seconds)
        except TimeoutError:
            self._console.say(f"{self.command.name} did not end within {seconds:g} s; ending it by force")
        processes.signal_group(process.pid, signal.SIGKILL)
        await _exit_code(process)

    async def _spawn(self) -> asyncio.subprocess.Process:
        other = self.command.account if self.command.account and self.command.account.is_other else None
        return await asyncio.create_subprocess_exec(
            *self.command.argv,
            cwd=self.command.folder,
            env=dict(self.command.environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=_LINE_LIMIT,
            # In a session of its own it does not get the terminal's Ctrl-C: the supervisor ends all in order.
            start_new_session=True,
            user=other.uid if other else None,
            group=other.gid if other else None,
            extra_groups=[] if other else None,
            # The supervisor has one thread, so that this is safe to run between fork and exec.
            preexec_fn=partial(processes.die_with_parent, self.command.stop_signal),
        )

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:  # longer than the limit; the rest follows
                continue
            if not line:
                return
            text = line.decode(errors="replace").rstrip()
            self._console.child_says(self.command.name, text)
            if self.command.ready_line and re.search(self.command.ready_line, text):
                self.said_ready.set()


async def _exit_code(process: asyncio.subprocess.Process) -> int:
    """Wait for the process itself; asyncio's own wait also waits for pipes that a grandchild may hold open."""
    while process.returncode is None:
        await asyncio.sleep(_POLL_SECONDS)
    return process.returncode


def _ending(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
