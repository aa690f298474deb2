"""CPU time of processes, from /proc: it tells what work costs also while others use the machine."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def of(pid: int, *, with_children: bool = False) -> float:
    """Return the CPU seconds of a process, of its ended children too if wanted; 0 when it is gone."""
    fields = _fields(pid)
    return sum(map(int, fields[11 : 15 if with_children else 13])) / _TICKS if fields else 0.0


def of_server(postmaster: int) -> float:
    """Return the CPU seconds of a PostgreSQL server: sessions, ended ones too, and all its background processes."""
    children = [int(name) for name in os.listdir("/proc") if name.isdigit() and _parent(int(name)) == postmaster]
    return of(postmaster, with_children=True) + sum(of(child) for child in children)


def _parent(pid: int) -> int:
    fields = _fields(pid)
    return int(fields[1]) if fields else 0


def _fields(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat that follow the name: state, parent, ..."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
