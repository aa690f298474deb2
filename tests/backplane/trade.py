"""Work and facts that exist only in these tests, and a small way to read the tables."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest

from pilar.backplane import jobs, sql, tenants
from pilar.backplane.tenancy import all_tenants, atomic, tenant
from pilar.kernel import switchboard
from pilar.kernel.ids import uuid7
from pilar.kernel.switchboard import EventType, JobType, Payload

BEHIND_US = """
SELECT EXISTS (SELECT 1 FROM pg_locks l WHERE NOT l.granted AND pg_backend_pid() = ANY (pg_blocking_pids(l.pid)))
"""
"""Whether another transaction waits for the present one."""


class Task(Payload):
    n: int = 0


class Trade:
    """Registers types for one test; `seen` is what handlers got."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        self.seen: list[Any] = []

    def job(self, name: str = "t.job", handler: Callable[[Any], Any] | None = None, **options: Any) -> None:
        entry = JobType(name, handler or self.seen.append, Task, **({"lane": "bulk"} | options))
        self._patch.setitem(switchboard.jobs, name, entry)

    def event(self, name: str = "t.event", *handlers: Callable[[Any], Any]) -> None:
        self._patch.setitem(switchboard.events, name, EventType(name, Task))
        names = [f"on:t.handler{number}:{name}" for number in range(len(handlers))]
        self._patch.setitem(switchboard.subscriptions, name, names)
        for job_name, handler in zip(names, handlers, strict=True):
            self.job(job_name, handler, lane="events", is_subscription=True)


def enqueue(workspace: UUID, *, name: str = "t.job", key: str = "", n: int = 0, **options: Any) -> UUID:
    with tenant(workspace):
        return jobs.enqueue(name, Task(n=n), key=key or str(uuid7()), **options)


def limited(workspace: UUID, *, paused: bool = False, lane: str | None = None, **limits: Any) -> None:
    """Make the workspace known to the engine, with these limits."""
    tenants.put(workspace)
    tenants.limit(workspace, tenants.Limits(**limits), actor="test", lane=lane)
    if paused:
        tenants.pause(workspace, actor="test")


def rows(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with everything():
        return sql.rows(statement, list(values))


def value(statement: str, *values: Any) -> Any:
    return rows(statement, *values)[0][0]


@contextmanager
def everything() -> Iterator[None]:
    with all_tenants("a test looks at everything"), atomic():
        yield
