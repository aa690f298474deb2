"""The worker's heartbeat, on a thread and a connection of its own; between beats it rescues and sweeps for all."""

import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import psycopg

from pilar.backplane import running
from pilar.backplane.engine import statements, workers
from pilar.backplane.engine.link import Link, Patience
from pilar.kernel.clock import monotonic
from pilar.kernel.shield import shielded

logger = logging.getLogger(__name__)

BEAT_EVERY = 5.0
FRESH_FOR = 15.0
"""Seconds after the last beat in which handlers may be started; after 25 others take this worker for dead."""


CLOCK_JUMP = 5.0
"""Seconds by which the database's clock may run apart from ours between two beats before it is taken for a jump."""


class Keeper(Protocol):
    """What runs suspects (`pilar.backplane.engine.ward`)."""

    def is_open(self) -> bool: ...

    def open(self) -> None: ...


class Pulse(threading.Thread):
    """`on_lost` is called when our work was taken away, `on_woken` when sweeping or rescuing found work."""

    def __init__(
        self,
        lanes: Sequence[str],
        *,
        running: Callable[[], int],
        on_lost: Callable[[], None] = lambda: None,
        on_woken: Callable[[], None] = lambda: None,
        on_beat: Callable[[statements.Cursor], None] = lambda _cursor: None,
        ward: Keeper | None = None,
        kind: str = "worker",
    ) -> None:
        super().__init__(name="pulse", daemon=True)
        self.worker = 0
        self._lanes = lanes
        self._running = running
        self._on_lost = on_lost
        self._on_woken = on_woken
        self._on_beat = on_beat
        self._ward = ward
        self._kind = kind
        self._link = Link("pilar pulse")
        self._patience = Patience()
        self._ended = threading.Event()
        self._begun = threading.Event()
        self._beaten_at = float("-inf")
        self._steady_since = 0.0
        self._offset: float | None = None
        self._was_set_back = False

    def is_fresh(self) -> bool:
        """Whether our leases surely hold: the last beat is recent. A frozen process finds out here when it thaws."""
        return monotonic() - self._beaten_at < FRESH_FOR

    def _holds(self, worker: int) -> bool:
        """Whether leases that were taken as `worker` surely hold: nobody took us for dead, and we are fresh."""
        return worker == self.worker and self.is_fresh()

    def wait_until_fresh(self, seconds: float) -> None:
        """Wait for the first beat, `seconds` at most."""
        self._begun.wait(seconds)

    def run(self) -> None:
        while not self._ended.is_set():
            self._ended.wait(shielded(self._round, self._stumbled))

    def _round(self) -> float:
        self._beat()
        self._begun.set()
        self._care()
        self._patience.reset()
        return BEAT_EVERY

    def _stumbled(self, error: Exception) -> float:
        """Go on, whatever it was: a worker without a heartbeat starts nothing any more. Returns seconds to wait."""
        self._link.close()
        if isinstance(error, psycopg.Error):
            logger.warning("the database did not take our beat: %s", error)
            return self._patience.next()
        logger.error("the heartbeat stumbled", exc_info=error)
        return BEAT_EVERY

    def end(self) -> None:
        """Stop beating and take our row out, so that whatever we still hold is taken over at once."""
        self._ended.set()
        self.join(timeout=10)
        try:
            with self._link.transaction() as cursor:
                workers.leave(cursor, self.worker)
        except psycopg.Error as error:
            logger.warning("the worker could not sign off: %s", error)
        self._link.close()

    def _beat(self) -> None:
        began = monotonic()
        with self._link.transaction() as cursor:
            is_ours = bool(self.worker) and workers.beat(cursor, self.worker, running=self._running())
            if not is_ours:
                if self.worker:
                    self._on_lost()
                self.worker = workers.register(cursor, kind=self._kind, lanes=self._lanes)
                running.watch(self.worker, partial(self._holds, self.worker))
            jump = self._jump(workers.clock(cursor) - began)
        if not is_ours or jump or began - self._beaten_at > FRESH_FOR:
            self._steady_since = began
        self._was_set_back = self._was_set_back or jump < 0
        self._beaten_at = began

    def _jump(self, offset: float) -> float:
        """By how many seconds the database's clock was set since the last beat, if it was: then everybody looks silent
        until their next.
        """
        before, self._offset = self._offset, offset
        return 0.0 if before is None or abs(offset - before) <= CLOCK_JUMP else offset - before

    def _care(self) -> None:
        """Look after the others: the jobs of dead workers, turns that sleep although work is due, and suspects."""
        self._set_right()
        is_occupied = self._ward is None or self._ward.is_open()
        by_silence = monotonic() - self._steady_since > workers.DEAD_AFTER
        with self._link.transaction() as cursor:
            places = workers.rescue(cursor, by_silence=by_silence)
        with self._link.transaction() as cursor:
            statements.settle_turns(cursor, places)
        with self._link.transaction() as cursor:
            woken = statements.sweep_alone(cursor)
            has_suspects = not is_occupied and statements.has_suspects(cursor)
        if self._ward is not None and has_suspects:
            self._ward.open()
        with self._link.transaction() as cursor:
            self._on_beat(cursor)
        if places or woken:
            logger.info("rescued %d jobs, woke %d turns", len(places), woken)
            self._on_woken()

    def _set_right(self) -> None:
        """Once after the clock was set back: what was due must not wait until it comes by again."""
        if self._was_set_back:
            self._was_set_back = False
            with self._link.transaction() as cursor:
                found = statements.pull_back(cursor)
            logger.warning("the database's clock was set back; %d jobs that were due are due again", found)
