"""Leases on names within a workspace. PostgreSQL is the one authority; tokens fence off late holders (reliability
P8).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from pilar.backplane import sql
from pilar.backplane.tenancy import atomic, current
from pilar.kernel.ids import uuid7
from pilar.kernel.problems import Conflict

DEFAULT_SCOPE = "autopilot"


class Held(Conflict):
    """Somebody else holds the lock."""

    code = "locked"


class Lost(Exception):
    """The lock ran out or was taken over: what was done under it must not be written."""


@dataclass(frozen=True, slots=True)
class Lock:
    """A lease held until `expires_at` (database clock). `token` grows with every holder."""

    id: UUID
    name: str
    owner: str
    token: int
    expires_at: datetime


_ACQUIRE = """
INSERT INTO autopilot_lock AS held (id, workspace_id, scope, name, owner, token, acquired_at, expires_at)
VALUES (%(id)s, %(workspace)s, %(scope)s, %(name)s, %(owner)s, nextval('autopilot_fence'), statement_timestamp(),
  statement_timestamp() + %(ttl)s)
ON CONFLICT (workspace_id, scope, name) DO UPDATE
SET (id, owner, token, acquired_at, expires_at)
  = (excluded.id, excluded.owner, excluded.token, excluded.acquired_at, excluded.expires_at)
WHERE held.expires_at <= statement_timestamp()
RETURNING id, name, owner, token, expires_at
"""
_EXTEND = """
UPDATE autopilot_lock SET expires_at = statement_timestamp() + %s
WHERE id = %s AND token = %s AND expires_at > statement_timestamp() RETURNING id, name, owner, token, expires_at
"""


def acquire(name: str, *, ttl: timedelta, owner: str, scope: str = DEFAULT_SCOPE) -> Lock | None:
    """Take the lock for `ttl`, or return None while somebody holds it. An expired lock is taken over."""
    values = {"id": uuid7(), "workspace": current(), "scope": scope, "name": name, "owner": owner, "ttl": ttl}
    with atomic():
        found = sql.row(_ACQUIRE, values)
    return Lock(*found) if found else None


def extend(lock: Lock, *, ttl: timedelta) -> Lock:
    """Hold on for another `ttl` from now. Raises Lost when the lock has run out or changed hands."""
    with atomic():
        found = sql.row(_EXTEND, [ttl, lock.id, lock.token])
    if found is None:
        raise Lost(lock.name)
    return Lock(*found)


def release(lock: Lock) -> bool:
    """Give the lock back; False when it was no longer ours."""
    with atomic():
        return bool(sql.run("DELETE FROM autopilot_lock WHERE id = %s AND token = %s", [lock.id, lock.token]))


def confirm(lock: Lock) -> None:
    """Within a transaction that writes under the lock: keep it ours until the commit. Raises Lost."""
    held = "SELECT 1 FROM autopilot_lock WHERE id = %s AND token = %s AND expires_at > statement_timestamp() FOR SHARE"
    if sql.row(held, [lock.id, lock.token]) is None:
        raise Lost(lock.name)


@contextmanager
def held(name: str, ttl: timedelta, *, owner: str = "", scope: str = DEFAULT_SCOPE) -> Iterator[Lock]:
    """Hold the lock around a block. Raises Held when somebody else has it."""
    lock = acquire(name, ttl=ttl, owner=owner or str(uuid7()), scope=scope)
    if lock is None:
        raise Held(_("Somebody else is working on this right now. Try again in a moment."))
    try:
        yield lock
    finally:
        release(lock)


def clean() -> list[tuple[str, str]]:
    """Remove the locks that ran out more than an hour ago and return name and owner of each: who lost it without giving
    it back. For all workspaces in the platform scope.
    """
    with atomic():
        return [(name, owner) for name, owner in sql.rows(_CLEAN)]


_CLEAN = """
DELETE FROM autopilot_lock WHERE expires_at < statement_timestamp() - interval '1 hour' RETURNING name, owner
"""
