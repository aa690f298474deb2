"""Whose data this code works on (design section 3, reliability P4).

`with tenant(id):` names the workspace and holds no transaction. `atomic()`, `savepoint()` and `on_commit()` are the only
transaction doors; the database backend tells PostgreSQL the workspace at every BEGIN, per transaction, so a pooled
connection carries nothing over. `with all_tenants("why"):` is the way across workspaces: another connection, with a role
of its own.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar, Token
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import Error, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

PLATFORM = UUID("00000000-0000-7000-8000-000000000001")
"""The reserved workspace of jobs and events that belong to no studio; no request can enter it."""


class NoTenant(RuntimeError):
    """Tenant data was touched without saying whose."""


class WrongTenant(RuntimeError):
    """A row of one workspace was about to be written in the scope of another."""


class OutsideTransaction(RuntimeError):
    """A tenant table was queried outside `tenancy.atomic()`, where row-level security would hide every row."""


class Scope(NamedTuple):
    """`workspace_id` is None when the scope reaches across all workspaces, and `why` then says the reason."""

    workspace_id: UUID | None
    why: str = ""

    @property
    def crosses_tenants(self) -> bool:
        return self.workspace_id is None


class _Held(threading.local):
    """What the present thread holds of the database.

    `connections` is kept by the database backend, so that a handler that touches no database pays neither for telling
    its scope nor for giving connections back. `depth` counts the open blocks of each of the two connections, by whether
    it crosses tenants; a transaction that others opened (Django's admin, a test) is none of them.
    """

    def __init__(self) -> None:
        self.connections: set[BaseDatabaseWrapper] = set()
        self.depth: Counter[bool] = Counter()


held = _Held()
_scope: ContextVar[Scope | None] = ContextVar("pilar_scope", default=None)


def scope() -> Scope | None:
    """Return the scope in force, or None."""
    return _scope.get()


def current() -> UUID:
    """Return the workspace in force. Raises NoTenant when there is none, or when the scope crosses tenants."""
    found = _scope.get()
    if found is None or found.workspace_id is None:
        raise NoTenant("Name the workspace first: with tenant(workspace_id)")
    return found.workspace_id


def alias() -> str:
    """Return the database alias that the scope in force works on."""
    return str(settings.PLATFORM_DATABASE) if _crosses() else "default"


def _crosses() -> bool:
    found = _scope.get()
    return found is not None and found.crosses_tenants


class _Entered:
    """A scope while it is entered. A class, because every run of a handler enters one: a generator takes twice the
    time.
    """

    __slots__ = ("_scope", "_token")

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def __enter__(self) -> None:
        self._token: Token[Scope | None] = _scope.set(self._scope)
        try:
            _tell_open_transaction()
        except Error:
            _scope.reset(self._token)
            raise

    def __exit__(self, *_failure: object) -> None:
        _scope.reset(self._token)
        _tell_open_transaction()


class tenant(_Entered):
    """Work on one workspace's data. Raises WrongTenant inside another workspace's scope."""

    __slots__ = ()

    def __init__(self, workspace_id: UUID) -> None:
        self._scope = Scope(workspace_id)

    def __enter__(self) -> None:
        outer = _scope.get()
        if outer and outer.workspace_id not in (None, self._scope.workspace_id):
            raise WrongTenant("A scope of one workspace cannot be opened inside another's")
        super().__enter__()


class all_tenants(_Entered):
    """Work across workspaces. Every use is listed with its reason in docs/security.md and held to it by a test."""

    __slots__ = ()

    def __init__(self, why: str) -> None:
        self._scope = Scope(None, why)


def _tell_open_transaction() -> None:
    if not held.connections:
        return
    connection = connections[alias()]
    if connection.in_atomic_block:
        connection.bind_scope()  # type: ignore[attr-defined]  # our backend's


def atomic(*, durable: bool = False) -> AbstractContextManager[None]:
    """Open a transaction on the scope's connection, or join the one that an outer `atomic()` opened there.

    An error that leaves a joined block undoes the whole transaction: who catches it and goes on says `savepoint()`. In
    workers the connection goes back to the pool when the outermost block ends, so that nothing is held while a provider
    is called (design section 3).
    """
    return _block(joins=True, durable=durable)


def savepoint() -> AbstractContextManager[None]:
    """Open a block that is undone by itself when an error leaves it, for callers that catch that error and go on.

    Outside a transaction it is one.
    """
    return _block(joins=False)


@contextmanager
def _block(*, joins: bool, durable: bool = False) -> Iterator[None]:
    using, way = alias(), _crosses()
    connection = connections[using]
    outermost = not held.depth[way]
    joined = joins and not outermost
    held.depth[way] += 1
    try:
        with transaction.atomic(using=using, savepoint=not joined, durable=durable):
            yield
            if not joined and connection.needs_rollback:
                raise transaction.TransactionManagementError(
                    "The error of an inner block was caught: its writes and ours would be lost. Say savepoint() there"
                )
    finally:
        held.depth[way] -= 1
        if outermost and settings.RELEASE_CONNECTIONS and not connection.in_atomic_block:
            connection.close()


def give_back() -> None:
    """Give back every connection that the present thread still holds."""
    for connection in list(held.connections):
        connection.close()


def let_go() -> None:
    """Give back the connections on which no transaction is open: whoever waits for somebody outside keeps none from others."""
    for connection in list(held.connections):
        if not connection.in_atomic_block:
            connection.close()


def in_transaction() -> bool:
    """Say whether the scope's connection has a transaction open."""
    return connections[alias()].in_atomic_block


def on_commit(action: Callable[[], None]) -> None:
    """Run `action` after the transaction in force has committed; its failure is logged and undoes nothing."""
    transaction.on_commit(action, using=alias(), robust=True)
