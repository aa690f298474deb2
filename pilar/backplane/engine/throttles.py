"""What holds back jobs of one provider: its own Retry-After, and limits on how many run at once.

A job type names the provider it calls (`switchboard.job(..., provider="whatsapp")`). When one of its runs is told to
wait, every job that uses this provider in this workspace waits with it. Held jobs that were claimed go back unstarted:
that is neither an attempt nor a failure.
"""

import random
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pilar.backplane.engine.results import Claimed, NotDone
from pilar.backplane.engine.statements import Cursor
from pilar.backplane.tenancy import PLATFORM
from pilar.kernel import switchboard
from pilar.kernel.clock import monotonic

READ_EVERY = 1.0
"""Seconds between two looks at the table: another process' hold is known here that soon."""
SOONEST, LATEST = 0.5, 2.0
"""Seconds after which a job that found its provider's places taken looks again."""

Key = tuple[str, UUID]


class _Throttle(NamedTuple):
    held_until: datetime | None
    max_running: int | None


_READ = """
SELECT provider, workspace_id, CASE WHEN held_until > statement_timestamp() THEN held_until END, max_running
FROM autopilot_throttle WHERE held_until > statement_timestamp() OR max_running IS NOT NULL
"""
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('pilar.throttle.' || %s))"
_RUNNING = """
SELECT count(*) FROM autopilot_job
WHERE status = 1 AND type = ANY (%(types)s) AND NOT id = ANY (%(new)s)
  AND (%(workspace)s::uuid IS NULL OR workspace_id = %(workspace)s)
"""


class Throttles:
    """What one worker process knows of the throttles; used by its coordinator only."""

    def __init__(self) -> None:
        self._known: dict[Key, _Throttle] = {}
        self._read_at = float("-inf")

    def sift(self, cursor: Cursor, rows: Sequence[Claimed]) -> tuple[list[Claimed], list[NotDone]]:
        """Part rows that were claimed in the open transaction into those that may start and those that go back."""
        if not any(_provider(row) for row in rows):
            return list(rows), []
        self._read(cursor)
        if not self._known:
            return list(rows), []
        room = self._room(cursor, rows)
        free: list[Claimed] = []
        back: list[NotDone] = []
        for row in rows:
            refusal = self._refuse(row, room)
            if refusal is None:
                free.append(row)
            else:
                back.append(refusal)
        return free, back

    def _read(self, cursor: Cursor) -> None:
        if monotonic() - self._read_at > READ_EVERY:
            cursor.execute(_READ)
            self._known = {(row[0], row[1]): _Throttle(row[2], row[3]) for row in cursor.fetchall()}
            self._read_at = monotonic()

    def _room(self, cursor: Cursor, rows: Sequence[Claimed]) -> dict[Key, int]:
        """Count, under a lock for each provider, how many more may run: what runs is derived, never stored."""
        room: dict[Key, int] = {}
        used = {(provider, place) for row in rows for provider in [_provider(row)] for place in _places(row)}
        for key in sorted(used & self._known.keys()):
            limit = self._known[key].max_running
            if limit is None:
                continue
            provider, workspace_id = key
            types = [entry.name for entry in switchboard.jobs.values() if entry.provider == provider]
            place = None if workspace_id == PLATFORM else workspace_id
            cursor.execute(_LOCK, [provider])
            cursor.execute(_RUNNING, {"types": types, "new": [row.id for row in rows], "workspace": place})
            room[key] = limit - cursor.fetchone()[0]
        return room

    def _refuse(self, row: Claimed, room: dict[Key, int]) -> NotDone | None:
        keys = [(_provider(row), place) for place in _places(row)]
        holds = [self._known[key].held_until for key in keys if key in self._known]
        until = max((moment for moment in holds if moment is not None), default=None)
        if until is not None:
            return NotDone(row.id, row.lease, counted=False, at=until)
        if any(room.get(key, 1) <= 0 for key in keys):
            return NotDone(row.id, row.lease, counted=False, delay=random.uniform(SOONEST, LATEST))
        for key in keys:
            if key in room:
                room[key] -= 1
        return None


def _provider(row: Claimed) -> str:
    entry = switchboard.jobs.get(row.type)
    return entry.provider if entry else ""


def _places(row: Claimed) -> tuple[UUID, UUID]:
    return row.workspace_id, PLATFORM
