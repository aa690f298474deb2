"""Who changed what: append-only entries, chained by hash per workspace (reliability S9).

Writing an entry takes no lock. A sealer links the entries afterwards, so that busy workspaces do not queue on one
chain.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from pilar.backplane import correlation, database_clock, sql
from pilar.backplane.models import AuditLog, AuditSeal
from pilar.backplane.tenancy import atomic
from pilar.kernel.masking import mask

GENESIS = bytes(32)
"""What the first entry of every chain is linked to."""


_reason: ContextVar[str] = ContextVar("pilar_audit_reason", default="")


@contextmanager
def because(reason: str) -> Iterator[None]:
    """Add to every entry that is recorded inside why it was done; nothing when there is no reason."""
    before = _reason.set(reason)
    try:
        yield
    finally:
        _reason.reset(before)


def reason() -> str:
    """Return why what is done now is done, for work that goes on later; empty when nobody said."""
    return _reason.get()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found: `broken_at` is the number of the first link that does not hold, or None."""

    entries: int
    unsealed: int
    broken_at: int | None

    @property
    def holds(self) -> bool:
        return self.broken_at is None


def record(
    actor: str,
    action: str,
    object_type: str,
    object_id: UUID | str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    origin: str = "",
) -> AuditLog:
    """Record a change, in the caller's transaction, with its reason if there is one. Secrets and personal data in
    `before` and `after` are masked.
    """
    after = {**(after or {}), "reason": reason()} if reason() else after
    with atomic():
        return AuditLog.objects.create(
            actor=actor,
            action=action,
            object_type=object_type,
            object_id=str(object_id),
            before=None if before is None else json.loads(json.dumps(mask(before), default=str)),
            after=None if after is None else json.loads(json.dumps(mask(after), default=str)),
            origin=origin,
            correlation_id=correlation.current(),
            at=database_clock.now(),
        )


_UNSEALED = """
SELECT a.id FROM autopilot_audit a
WHERE a.at > statement_timestamp() - interval '2 days'
  AND NOT EXISTS (SELECT 1 FROM autopilot_audit_seal s WHERE s.entry_id = a.id)
ORDER BY a.workspace_id, a.at, a.id LIMIT 5000
"""
_LAST = "SELECT number, digest FROM autopilot_audit_seal WHERE workspace_id = %s ORDER BY number DESC LIMIT 1"


def seal() -> int:
    """Link new entries into their workspaces' chains; in the platform scope. Returns how many. One sealer at a time."""
    with atomic():
        if not sql.value("SELECT pg_try_advisory_xact_lock(hashtext('pilar.audit_seal'))"):
            return 0
        fresh = [entry_id for (entry_id,) in sql.rows(_UNSEALED)]
        heads: dict[UUID, tuple[int, bytes]] = {}
        entries = AuditLog.objects.filter(pk__in=fresh).order_by("workspace_id", "at", "id")
        AuditSeal.objects.bulk_create([_link(entry, heads) for entry in entries])
    return len(fresh)


def _link(entry: AuditLog, heads: dict[UUID, tuple[int, bytes]]) -> AuditSeal:
    workspace_id: UUID = entry.workspace_id
    if workspace_id not in heads:
        number, digest = sql.row(_LAST, [workspace_id]) or (0, GENESIS)
        heads[workspace_id] = (number, bytes(digest))
    number, previous = heads[workspace_id]
    digest = _digest(previous, entry)
    heads[workspace_id] = (number + 1, digest)
    return AuditSeal(
        workspace_id=workspace_id, entry_id=entry.id, number=number + 1, digest=digest, sealed_at=database_clock.now()
    )


def _digest(previous: bytes, entry: AuditLog) -> bytes:
    moment: datetime = entry.at
    content = [
        str(entry.workspace_id),
        str(entry.id),
        entry.actor,
        entry.action,
        entry.object_type,
        entry.object_id,
        entry.before,
        entry.after,
        entry.origin,
        str(entry.correlation_id),
        moment.timestamp(),
    ]
    return sha256(previous + json.dumps(content, sort_keys=True).encode()).digest()


def verify() -> Verdict:
    """Recompute the current workspace's chain: a changed, removed or inserted entry breaks it."""
    previous, number = GENESIS, 0
    with atomic():
        entries = {entry.id: entry for entry in AuditLog.objects.all().iterator()}
        for link in AuditSeal.objects.order_by("number").iterator():
            number += 1
            entry = entries.pop(link.entry_id, None)
            if entry is None or link.number != number or bytes(link.digest) != _digest(previous, entry):
                return Verdict(number, len(entries), broken_at=number)
            previous = bytes(link.digest)
    return Verdict(number, len(entries), broken_at=None)
