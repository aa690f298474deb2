"""Which job the present thread runs, and under which lease: what fences its writes."""

from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import NamedTuple
from uuid import UUID


class Run(NamedTuple):
    """One attempt. `worker` is the process start that holds the lease."""

    job_id: UUID
    lease: int
    worker: int


_run: ContextVar[Run | None] = ContextVar("pilar_run", default=None)


def current() -> Run | None:
    """Return the attempt this thread works on, or None outside the engine."""
    return _run.get()


_hearts: dict[int, Callable[[], bool]] = {}


def watch(worker: int, is_ours: Callable[[], bool]) -> None:
    """Have the heartbeat of this process say whether the leases that `worker` took surely hold."""
    _hearts[worker] = is_ours


def lease_holds() -> bool:
    """Say, without asking anybody, whether this thread's attempt may still act. Outside the engine it always may."""
    run = _run.get()
    is_ours = _hearts.get(run.worker) if run else None
    return is_ours is None or is_ours()


class during:
    """Mark the block as this attempt's."""

    __slots__ = ("_run", "_token")

    def __init__(self, run: Run) -> None:
        self._run = run

    def __enter__(self) -> None:
        self._token: Token[Run | None] = _run.set(self._run)

    def __exit__(self, *_failure: object) -> None:
        _run.reset(self._token)
