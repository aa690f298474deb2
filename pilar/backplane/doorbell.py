"""Tells the workers after a commit that there is work: a hint only, the workers also look by themselves.

A thread of each process collects the rings, wakes the turns in one statement and sends one broker message a lane, so a
request waits for neither (reliability P1: a nudge costs it no more than 300 ms; here it costs nothing).
"""

import logging
import threading
import time
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import Error, connections

from pilar.backplane import sql
from pilar.backplane.tenancy import all_tenants, atomic, on_commit
from pilar.kernel.clock import monotonic
from pilar.kernel.shield import shielded
from pilar.kernel.switchboard import LANES

logger = logging.getLogger(__name__)

SKIP_AFTER_FAILURE = 5.0
"""Seconds without broker messages after one failed: a broker that hangs is not asked again at once."""

QUIET = 0.05
"""Seconds between two rings of a process: the first rings at once, what follows it rings together. Ringing every 5 ms
took four fifths of a burst of single enqueues, most of it in the workers that looked each time.
"""

Ring = tuple[int, UUID]

# A turn that is awake already is only read: no lock, no commit record. If a claim is putting it to sleep at this very
# moment, that claim looks again after its commit (`settle_turns`) and finds the work. A time gone by is now: the turn
# would be served before others and looked as if it had waited since (the probe of the queue reads it so).
_WAKE = """
INSERT INTO autopilot_turn (lane, workspace_id, next_at, weight, max_running, rate, burst, tokens, refilled_at, paused)
SELECT r.lane, r.workspace_id, greatest(r.at, statement_timestamp()), coalesce(t.weight, 1), t.max_running, t.rate,
  t.burst, coalesce(t.burst, 0), statement_timestamp(), coalesce(t.paused, false)
FROM unnest(%(lanes)s::smallint[], %(workspaces)s::uuid[], %(times)s::timestamptz[]) AS r(lane, workspace_id, at)
LEFT JOIN autopilot_tenant t USING (workspace_id)
WHERE NOT EXISTS (
  SELECT 1 FROM autopilot_turn k WHERE k.lane = r.lane AND k.workspace_id = r.workspace_id
    AND k.next_at <= greatest(r.at, statement_timestamp()))
ORDER BY r.lane, r.workspace_id
ON CONFLICT (lane, workspace_id) DO UPDATE SET next_at = excluded.next_at
WHERE autopilot_turn.next_at > excluded.next_at
"""


def wake(rings: dict[Ring, datetime | None]) -> None:
    """Bring the turns forward to these times (None is now), in the transaction in force."""
    keys = list(rings)
    sql.run(
        _WAKE,
        {
            "lanes": [lane for lane, _ in keys],
            "workspaces": [workspace for _, workspace in keys],
            "times": [rings[key] for key in keys],
        },
    )


class Doorbell:
    """The ringing thread of this process; started by the first ring, ends with the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._filled = threading.Event()
        self._pending: dict[Ring, datetime | None] = {}
        self._bursts: set[int] = set()
        self._thread: threading.Thread | None = None
        self._quiet_until = 0.0

    def ring(self, rings: dict[Ring, datetime | None], *, is_burst: bool = False) -> None:
        """Note the rings and return at once. A burst is worth a second worker's while."""
        with self._lock:
            if is_burst:
                self._bursts.update(lane for lane, _ in rings)
            for key, at in rings.items():
                self._note(key, at)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._serve, name="doorbell", daemon=True)
                self._thread.start()
        self._filled.set()

    def _note(self, key: Ring, at: datetime | None) -> None:
        if key not in self._pending:
            self._pending[key] = at
            return
        known = self._pending[key]
        self._pending[key] = None if at is None or known is None else min(at, known)

    def _serve(self) -> None:
        while True:
            self._filled.wait()
            self._filled.clear()
            with self._lock:
                rings, self._pending = self._pending, {}
                bursts, self._bursts = self._bursts, set()
            if rings:
                self._wake(rings)
                due = sorted({lane for (lane, _), at in rings.items() if at is None})
                self._send(due + [lane for lane in due if lane in bursts])
            time.sleep(QUIET)

    def _wake(self, rings: dict[Ring, datetime | None]) -> None:
        try:
            with all_tenants("wake the turns of workspaces with new work"), atomic():
                wake(rings)
        except Error as error:
            logger.warning("turns were not woken, the sweep will: %s", error)
        finally:
            connections.close_all()

    def _send(self, lanes: Sequence[int]) -> None:
        """Send one message for each lane; Redis gives the second of a burst to another worker that waits."""
        from pilar.backplane.engine import process  # noqa: PLC0415 - the engine's handlers ring this bell
        from pilar.backplane.tasks import send_doorbell  # noqa: PLC0415 - Celery loads only where work is made

        for lane in lanes:
            process.nudge(LANES[lane])
        if monotonic() < self._quiet_until:
            return

        def send() -> None:
            for lane in lanes:
                send_doorbell(LANES[lane])

        shielded(send, self._broker_failed)

    def _broker_failed(self, error: Exception) -> None:
        """Whatever a broker does, work is safe in the database."""
        self._quiet_until = monotonic() + SKIP_AFTER_FAILURE
        logger.warning("the broker was not rung: %s", error)


_bell = Doorbell()


def ring(lane: int, workspace_id: UUID, at: datetime | None = None) -> None:
    """After the transaction in force commits, tell the workers that this workspace has work due at `at` (None: now)."""
    ring_many({(lane, workspace_id): at})


def ring_all(workspace_id: UUID) -> None:
    """Ring for this workspace in every lane."""
    ring_many({(lane, workspace_id): None for lane in range(len(LANES))})


def ring_many(rings: dict[Ring, datetime | None], *, is_burst: bool = False) -> None:
    """Ring for several workspaces after the commit; `is_burst` when it is much work at once."""
    if settings.DOORBELL:
        on_commit(lambda: _bell.ring(rings, is_burst=is_burst))
