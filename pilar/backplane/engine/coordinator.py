"""The worker's one loop over all its lanes: writes results, claims work, hands it to the crew.

Results and the next claim share a transaction, so a durable completion costs no commit of its own. Without a ring the
loop looks by itself, 50 ms after the last work and doubling to 2 s while there is none.
"""

import logging
import random
import threading
from collections import deque
from collections.abc import Iterable
from uuid import UUID

import psycopg

from pilar.backplane.engine import statements
from pilar.backplane.engine.crew import Crew, Lane
from pilar.backplane.engine.link import Link, Patience
from pilar.backplane.engine.pulse import Pulse
from pilar.backplane.engine.results import Claimed, NotDone, Result, bare, unstarted
from pilar.backplane.engine.statements import Place
from pilar.backplane.engine.strays import Strays
from pilar.backplane.engine.tally import Tally
from pilar.backplane.engine.throttles import Throttles
from pilar.backplane.engine.ward import Ward
from pilar.kernel.clock import monotonic
from pilar.kernel.shield import shielded
from pilar.kernel.switchboard import LANES

logger = logging.getLogger(__name__)

UNANSWERED = (psycopg.OperationalError, psycopg.InterfaceError)
"""What says that the database is away or in trouble."""
REFUSED = (psycopg.Error, ValueError)
"""What says, when it is none of those, that something we wrote cannot be stored: half an emoji, NaN in JSON."""
SLOTS = {"events": 100, "provisioning": 100, "messages": 200, "webhooks": 100, "health": 50, "bulk": 100}
"""How many handlers of a lane run at once in one process."""
AWAITED, GIVES_WAY = ("messages", "webhooks"), ("bulk",)
"""While a lane of the first kind cannot take all that is due, the second kind has a tenth of its slots: under high load
a member's message goes before a round of housekeeping, and neither stands still.
"""
TICK = 0.005
"""Seconds between two looks at rows that wait for a runner."""
URGENT_SHARE = 0.25
"""How much of a full lane's batches is for priority 0 of all workspaces, before their turns."""
RESULTS_AT_ONCE = 500
RESULTS_WAIT = 0.05
"""Results are written when there are this many, after this many seconds, or when nothing else is to be done."""
SHORTEST_IDLE, LONGEST_IDLE = 0.05, 2.0
MOST_RESULTS = 1000


class Coordinator(threading.Thread):
    """Runs until `end`. `ring` may be called from any thread."""

    def __init__(self, lanes: Iterable[str]) -> None:
        super().__init__(name="coordinator", daemon=True)
        self.lanes = {LANES.index(name): Lane(LANES.index(name), SLOTS[name]) for name in lanes}
        self._ward, self._throttles, self._tally = Ward(), Throttles(), Tally(self.lanes.values())
        self.pulse = Pulse(
            [LANES[place] for place in self.lanes],
            running=self.running,
            on_lost=self._drop,
            on_woken=self.ring_all,
            on_beat=self._tally.tell,
            ward=self._ward,
        )
        self._crew = Crew(self._report, self._may_start)
        self._results: deque[Result] = deque()
        self._returns: list[NotDone] = []
        self._restless: set[Place] = set()
        self._link = Link("pilar coordinator")
        self._patience = Patience()
        self._strays = Strays()
        self._signal = threading.Event()
        self._ending = threading.Event()
        self._idle = SHORTEST_IDLE
        self._look_at = 0.0
        self._first_result_at = 0.0

    def running(self) -> int:
        """Return how many handlers run now."""
        return sum(len(lane.running) for lane in self.lanes.values())

    def ring(self, name: str) -> None:
        """Look for work in this lane now."""
        lane = self.lanes.get(LANES.index(name))
        if lane is not None:
            lane.is_hungry = True
            self._signal.set()

    def ring_all(self) -> None:
        """Look for work in every lane now."""
        for lane in self.lanes.values():
            lane.is_hungry = True
        self._signal.set()

    def run(self) -> None:
        while not self._ending.is_set():
            shielded(self._turn, self._failed)
            self._signal.wait(self._pause())
            self._signal.clear()

    def _failed(self, error: Exception) -> None:
        """Go on, whatever it was: without this thread the process would beat and do nothing, and nobody would take its
        work over.
        """
        if isinstance(error, UNANSWERED):
            logger.warning("the queue did not answer: %s", error)
        else:
            logger.error("the queue's loop failed", exc_info=error)
        self._link.close()
        self._strays.suspect()
        self._ending.wait(self._patience.next())

    def end(self, seconds: float) -> None:
        """Start nothing more, give back what was not started, wait up to `seconds` for what runs, and write it all
        down.
        """
        self._ending.set()
        self._signal.set()
        self.join(timeout=seconds)
        deadline = monotonic() + seconds
        self._drop(give_back=True)
        self._ward.ask_to_end()
        while self.running() and monotonic() < deadline:
            self._signal.wait(0.05)
            self._signal.clear()
        for lane in self.lanes.values():
            self._results.extend(_interrupted(row) for row, _ in list(lane.running.values()))
        self._write_last(deadline + 3)
        self.pulse.end()
        self._link.close()

    def _may_start(self) -> bool:
        return not self._ending.is_set() and self.pulse.is_fresh()

    def _report(self, result: Result) -> None:
        if not self._results:
            self._first_result_at = monotonic()
        self._results.append(result)
        if len(self._results) in (1, RESULTS_AT_ONCE) or self._ending.is_set():
            self._signal.set()

    def _must_write(self) -> bool:
        if not self._results:
            return False
        is_late = monotonic() - self._first_result_at > RESULTS_WAIT
        return is_late or len(self._results) >= RESULTS_AT_ONCE or not self._has_waiting()

    def _has_waiting(self) -> bool:
        return any(lane.waiting for lane in self.lanes.values())

    def _drop(self, *, give_back: bool = False) -> None:
        """Forget what was claimed and not started: it was taken away, or is given back."""
        for lane in self.lanes.values():
            rows = lane.forget_waiting()
            if give_back:
                self._results.extend(map(unstarted, rows))

    def _pause(self) -> float:
        """Return how long to sleep unless something happens."""
        if not self.pulse.is_fresh():
            return SHORTEST_IDLE
        if self._has_waiting() or self._results:
            return TICK
        if any(self._can_claim(lane) for lane in self.lanes.values()):
            return 0
        return max(0.0, min(self._look_at - monotonic(), 1.0))

    def _can_claim(self, lane: Lane) -> bool:
        room = self._room(lane)
        return lane.is_hungry and len(lane.waiting) <= room and room > 0 and self.pulse.is_fresh()

    def _room(self, lane: Lane) -> int:
        gives_way = LANES[lane.place] in GIVES_WAY and any(
            other.is_full for other in self.lanes.values() if LANES[other.place] in AWAITED
        )
        return lane.least_room if gives_way else lane.room

    def _turn(self) -> None:
        self._stop_late_runs()
        if self._strays.is_time():
            self._give_back_strays()
        hungry = [lane for lane in self.lanes.values() if self._can_claim(lane)]
        is_time = monotonic() >= self._look_at and self.pulse.is_fresh()
        if hungry or is_time or self._must_write():
            self._exchange(hungry, look=is_time)
        for lane in self.lanes.values():
            self._crew.staff(lane)
        self._patience.reset()

    def _exchange(self, hungry: list[Lane], *, look: bool) -> None:
        """One transaction: results out, turns set right, new work in."""
        results = [self._results.popleft() for _ in range(min(len(self._results), MOST_RESULTS))]
        restless, self._restless = self._restless, set()
        claimed: list[tuple[Lane, list[Claimed]]] = []
        worker = self.pulse.worker
        self._returns = []
        try:
            with self._link.transaction() as cursor:
                restless |= statements.write(cursor, results, worker=worker)
                statements.settle_turns(cursor, restless)
                if look:
                    hungry = self._look(cursor)
                claimed = [(lane, self._claim(cursor, lane, worker)) for lane in hungry]
        except REFUSED as error:
            self._restless |= restless
            try:
                if isinstance(error, UNANSWERED) or not results:
                    raise
                self._write_singly(results)
            finally:
                self._results.extendleft(reversed(results))
            return
        for returned in self._returns:
            self._report(returned)
        for lane, rows in claimed:
            lane.waiting.extend((row, worker) for row in rows)
        self._rest(found=any(rows for _, rows in claimed))

    def _write_singly(self, results: list[Result]) -> None:
        """Write and take out one by one what was refused together: a result that cannot be stored must not keep the
        others from it, nor this worker from going on.
        """
        while results:
            for content in (results[0], bare(results[0])):
                try:
                    with self._link.transaction() as cursor:
                        self._restless |= statements.write(cursor, [content], worker=self.pulse.worker)
                    break
                except UNANSWERED:
                    raise
                except REFUSED as error:
                    logger.error("a job's result cannot be stored: %s", error)
            results.pop(0)

    def _give_back_strays(self) -> None:
        with self._link.transaction() as cursor:
            found = self._strays.found(cursor, worker=self.pulse.worker, in_hand=self._in_hand)
        if found:
            logger.warning("%d jobs had been claimed without our knowing; they go back", len(found))
        for stray in found:
            self._report(stray)

    def _in_hand(self) -> set[int]:
        """The leases of all that is claimed, runs, or waits to be written."""
        leases = {result.lease for result in list(self._results)}
        for lane in self.lanes.values():
            leases.update(row.lease for row, _ in list(lane.waiting))
            leases.update(list(lane.running))
        return leases

    def _look(self, cursor: statements.Cursor) -> list[Lane]:
        """Ask in one query which lanes have work, and claim from those that have room."""
        for place in statements.lanes_with_work(cursor, list(self.lanes)):
            self.lanes[place].is_hungry = True
        return [lane for lane in self.lanes.values() if self._can_claim(lane)]

    def _claim(self, cursor: statements.Cursor, lane: Lane, worker: int) -> list[Claimed]:
        batch = self._room(lane)
        if batch < 1:
            return []
        urgent = self._claim_urgent(cursor, lane, batch, worker)
        batch -= len(urgent)
        rows: list[Claimed] = []
        if batch:
            rows, sleeping = statements.claim(cursor, lane=lane.place, batch=batch, turns=lane.turns, worker=worker)
            self._restless.update(sleeping)
        lane.is_full = is_full = len(rows) >= batch
        rows = urgent + rows
        lane.is_hungry = bool(rows)
        # More turns while batches come short, fewer when full, so that workers do not take each other's.
        lane.turns = max(16, lane.turns * 3 // 4) if is_full else min(256, lane.turns * 2)
        return self._sifted(cursor, lane, rows)

    def _claim_urgent(self, cursor: statements.Cursor, lane: Lane, batch: int, worker: int) -> list[Claimed]:
        """In a lane that cannot take all, a quarter is for those that somebody waits for, of whichever workspace."""
        if not lane.is_full:
            return []
        lane.urgent_share = min(lane.urgent_share + batch * URGENT_SHARE, max(1.0, batch * URGENT_SHARE))
        wanted = min(int(lane.urgent_share), batch)
        if wanted < 1:
            return []
        rows = statements.claim_urgent(cursor, lane=lane.place, batch=wanted, worker=worker, after=lane.urgent_after)
        lane.urgent_share -= len(rows)
        lane.urgent_after = max(row.workspace_id for row in rows) if len(rows) == wanted else UUID(int=0)
        return rows

    def _sifted(self, cursor: statements.Cursor, lane: Lane, rows: list[Claimed]) -> list[Claimed]:
        """Count what was claimed and give back what its provider holds up."""
        self._tally.claimed(lane, rows)
        free, back = self._throttles.sift(cursor, rows)
        self._returns.extend(back)
        return free

    def _rest(self, *, found: bool) -> None:
        self._idle = SHORTEST_IDLE if found or self._restless else min(LONGEST_IDLE, self._idle * 2)
        self._look_at = monotonic() + self._idle * random.uniform(0.8, 1.0)

    def _stop_late_runs(self) -> None:
        now = monotonic()
        for lane in self.lanes.values():
            self._results.extend(lane.take_late(now))

    def _write_last(self, deadline: float) -> None:
        while self._results and monotonic() < deadline:
            results = [self._results.popleft() for _ in range(min(len(self._results), MOST_RESULTS))]
            try:
                self._write_together(results)
                with self._link.transaction() as cursor:
                    statements.settle_turns(cursor, self._restless)
            except UNANSWERED as error:
                logger.warning("last results were not written: %s", error)
                self._results.extendleft(reversed(results))
                self._link.close()
                threading.Event().wait(self._patience.next())

    def _write_together(self, results: list[Result]) -> None:
        try:
            with self._link.transaction() as cursor:
                self._restless |= statements.write(cursor, results, worker=self.pulse.worker)
        except UNANSWERED:
            raise
        except REFUSED:
            self._write_singly(results)


def _interrupted(row: Claimed) -> NotDone:
    return NotDone(row.id, row.lease, counted=False, deferred=1, outcome="deferred", error="the worker was stopped")
