"""What the runtime needs to know about processes, with nothing but the standard library."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def alive(pid: int) -> bool:
    """Whether a process with this id exists and is not a zombie that waits for its parent."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return _state(pid) != "Z"


def birth(pid: int) -> str | None:
    """A word that differs between two processes that had the same id; None when there is no process."""
    fields = _stat_fields(pid)
    if fields:
        return f"{_boot_id()}:{fields[19]}"
    return _ps(pid, "lstart")


def command_line(pid: int) -> str:
    """The arguments of a process as one line; empty when it is gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    return _ps(pid, "command") or ""


def die_with_parent(sig: signal.Signals = signal.SIGTERM) -> None:
    """Ask Linux to send `sig` to this process when its parent ends. Elsewhere it does nothing.

    To be called after any change of user, which clears the request (prctl(2)).
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(sig), 0, 0, 0)


def signal_group(pid: int, sig: signal.Signals) -> None:
    """Signal the process group that `pid` leads; a group that is gone is no error."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, sig)


def group_exists(pid: int) -> bool:
    """Whether any process, zombies included, is left in the group that `pid` led."""
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def wait_until(condition: Callable[[], bool], *, seconds: float, every: float = 0.05) -> bool:
    """Poll `condition` for at most `seconds`; returns whether it came true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(every)
    return True


def wait_for_end(pid: int, *, seconds: float) -> bool:
    """Wait at most `seconds` for a process to end; returns whether it did."""
    return wait_until(lambda: not alive(pid), seconds=seconds)


def _state(pid: int) -> str:
    fields = _stat_fields(pid)
    return fields[0] if fields else (_ps(pid, "state") or " ")[0]


def _stat_fields(pid: int) -> list[str]:
    """Fields 3 onward of /proc/<pid>/stat (proc(5)): [0] the state, [19] the start in ticks since boot."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    return []


def _boot_id() -> str:
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


def _ps(pid: int, column: str) -> str | None:
    with contextlib.suppress(OSError):
        answer = subprocess.run(["ps", "-o", f"{column}=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return answer.stdout.strip() or None
    return None
