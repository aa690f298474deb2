"""Which job the present thread runs, and under which lease: what fences its writes."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt. `worker` is the process start that holds the lease."""

    job_id: UUID
    lease: int
    worker: int


_run: ContextVar[Run | None] = ContextVar("pilar_run", default=None)


def current() -> Run | None:
    """Return the attempt this thread works on, or None outside the engine."""
    return _run.get()


@contextmanager
def during(run: Run) -> Iterator[None]:
    """Mark the block as this attempt's."""
    token = _run.set(run)
    try:
        yield
    finally:
        _run.reset(token)
