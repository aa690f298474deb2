"""One installation runs once: its lock, and the memory of its processes should it die without notice."""

import contextlib
import fcntl
import json
import os
import signal
from pathlib import Path
from typing import TextIO

from pilar.runtime import processes
from pilar.runtime.ports import taken_because
from pilar.runtime.private import write_private


class CannotStartError(Exception):
    """The text says what is in the way and what to do."""


class Instance:
    """The supervisor's claim on a data folder; a context manager."""

    def __init__(self, folder: Path) -> None:
        self._lock_path = folder / "supervisor.lock"
        self._record_path = folder / "supervisor.json"
        self._handle: TextIO | None = None
        self._children: dict[str, tuple[int, str]] = {}

    def __enter__(self) -> "Instance":
        """Raises CannotStartError when a supervisor of this folder is alive."""
        self._lock_path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = self._lock_path.open("a+")
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._handle.seek(0)
            owner = self._handle.read().strip() or "unknown"
            self._handle.close()
            raise CannotStartError(
                f"PILAR already runs from this folder (process {owner}). "
                f"Stop it with Ctrl-C or `kill {owner}`, or set PILAR_DATA_DIR and PORT for a second one."
            ) from None
        self._handle.truncate(0)
        self._handle.write(str(os.getpid()))
        self._handle.flush()
        return self

    def __exit__(self, *exc: object) -> None:
        self._record_path.unlink(missing_ok=True)
        if self._handle:
            self._handle.close()

    def remember(self, name: str, pid: int) -> None:
        """Note a child, so that a later start can end it should this process be killed."""
        self._children[name] = (pid, processes.birth(pid) or "")
        # On a full disk the child still has to be looked after; the next one's note names it as well.
        with contextlib.suppress(OSError):
            write_private(self._record_path, json.dumps(self._children))

    def end_leftovers(self, *, seconds: float = 8.0) -> list[str]:
        """End what a killed supervisor left behind and return the names; an id given to another is spared."""
        ended = []
        for name, (pid, birth) in self._left_over().items():
            if processes.birth(pid) != birth:
                continue
            if processes.alive(pid):
                ended.append(name)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGINT if name == "postgres" else signal.SIGTERM)
                processes.wait_for_end(pid, seconds=seconds)
            processes.signal_group(pid, signal.SIGKILL)
        return ended

    def _left_over(self) -> dict[str, tuple[int, str]]:
        try:
            return {name: (int(pid), str(birth)) for name, (pid, birth) in self._read().items()}
        except (OSError, ValueError):
            return {}

    def _read(self) -> dict[str, tuple[int, str]]:
        return dict(json.loads(self._record_path.read_text()))


def require_free_port(host: str, port: str, *, variable: str) -> None:
    """Raise CannotStartError, naming the variable that chooses another, when somebody listens there."""
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise CannotStartError(f"{variable} must be a port number, but it is {port!r}.")
    if reason := taken_because(host, int(port)):
        raise CannotStartError(
            f"Port {port} is taken by another program ({reason}). "
            f"Stop that program, or choose another port: {variable}={int(port) + 100} make up"
        )
