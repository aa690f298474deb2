"""One id from the webhook or request that began it to the last message sent (reliability T6)."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

import structlog

from pilar.kernel.ids import uuid7


@dataclass(frozen=True, slots=True)
class Thread:
    """What belongs together, and the event or job that directly caused what is written now."""

    id: UUID
    causation: UUID | None = None


_thread: ContextVar[Thread | None] = ContextVar("pilar_correlation", default=None)


def current() -> UUID:
    """Return the correlation id in force; outside any, a new one for the rest of this context."""
    found = _thread.get()
    if found is None:
        found = Thread(uuid7())
        _thread.set(found)
    return found.id


def causation() -> UUID | None:
    """Return the event or job that caused what is written now, or None."""
    found = _thread.get()
    return found.causation if found else None


@contextmanager
def use(correlation_id: UUID, causation: UUID | None = None) -> Iterator[None]:
    """Work under this id; log lines inside carry it."""
    token = _thread.set(Thread(correlation_id, causation))
    try:
        with structlog.contextvars.bound_contextvars(correlation_id=str(correlation_id)):
            yield
    finally:
        _thread.reset(token)
