"""The threads that run handlers, and each lane's share of them.

Rows of a lane wait in a deque that its runners empty. A lane of quick handlers is emptied by one runner; whenever
rows still wait a moment later, more runners join, up to the lane's slots. So no-ops cost no hand-over, and hundreds
of handlers that wait on a provider run at once.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from uuid import UUID

from pilar.backplane.engine.execute import execute, timed_out
from pilar.backplane.engine.results import Claimed, NotDone, Result, word
from pilar.backplane.tenancy import give_back
from pilar.kernel import switchboard
from pilar.kernel.clock import monotonic

logger = logging.getLogger(__name__)

QUICK = 0.005
"""Seconds: a lane whose handlers take less on average starts with one runner."""
LONGEST_BATCH = 1000
"""Rows claimed ahead. More are claimed when half of them wait: so busy workers claim by 500, at 24 microseconds of
PostgreSQL a job, not by 250 at 28.
"""
PARKED_FOR = 60.0

Running = tuple[Claimed, float]


class Lane:
    """What this process has claimed of one lane: rows that wait (each with the worker id it was claimed under) and
    run.
    """

    def __init__(self, place: int, slots: int) -> None:
        self.place = place
        self.slots = slots
        self.waiting: deque[tuple[Claimed, int]] = deque()
        self.running: dict[int, Running] = {}
        self.average = 0.1
        self.turns = 16
        self.is_hungry = True
        self.is_full = False
        self.urgent_share = 0.0
        self.urgent_after = UUID(int=0)
        self.times: deque[tuple[str, float, str]] = deque()
        """Type and seconds of each run and what became of it, until the tally takes them."""
        self._lock = threading.Lock()
        self._runners = 0
        self._seen = 0

    @property
    def room(self) -> int:
        """How many more rows to claim: the free slots, or what a quarter of a second of this lane's handlers takes."""
        ahead = int(self.slots * 0.25 / max(self.average, 1e-5))
        wanted = min(LONGEST_BATCH, max(self.slots - len(self.running), min(ahead, LONGEST_BATCH)))
        return max(0, wanted - len(self.waiting))

    @property
    def least_room(self) -> int:
        """How many more rows to claim while others go first: what is claimed may fill a tenth of the slots."""
        with self._lock:
            held = len(self.waiting) + len(self.running)
        return max(0, min(self.room, max(1, self.slots // 10) - held))

    def take(self) -> tuple[Claimed, int, float] | None:
        """Take the first waiting row among the running ones, in one step, so that whoever counts never misses it.
        Returns it, the worker id it was claimed under, and when its run began; None when no row waits.
        """
        with self._lock:
            if not self.waiting:
                return None
            row, worker = self.waiting.popleft()
            started = monotonic()
            self.running[row.lease] = (row, started)
        return row, worker, started

    def forget_waiting(self) -> list[Claimed]:
        """Take all rows out that wait, and return them."""
        rows = []
        with self._lock:
            while self.waiting:
                rows.append(self.waiting.popleft()[0])
        return rows

    def joined(self, runners: int) -> None:
        with self._lock:
            self._runners += runners

    def missing_runners(self) -> int:
        """How many runners should join now. Asked again while rows wait."""
        waiting, before = len(self.waiting), self._seen
        self._seen = waiting
        with self._lock:
            free = self.slots - self._runners
            if not waiting or free <= 0:
                return 0
            if self.average > QUICK:
                return min(waiting, free)
            is_moving = self._runners > 0 and waiting < before
            return 0 if is_moving else min(waiting, free, max(1, self._runners))

    def take_late(self, now: float) -> list[NotDone]:
        """Take the runs that passed their type's time-out out of the running; their threads are left to end by
        themselves.
        """
        late = []
        for lease, (row, started) in list(self.running.items()):
            job_type = switchboard.jobs.get(row.type)
            is_late = job_type is not None and now - started > job_type.timeout.total_seconds()
            if job_type is not None and is_late and self.running.pop(lease, None) is not None:
                self.joined(-1)
                late.append(timed_out(row, job_type))
                self.times.append((row.type, now - started, word(late[-1])))
        return late


class Crew:
    """The threads of this process. `report` gets each result, `may_start` is asked before each handler."""

    def __init__(self, report: Callable[[Result], None], may_start: Callable[[], bool]) -> None:
        self._report = report
        self._may_start = may_start
        self._calls: SimpleQueue[Lane] = SimpleQueue()
        self._lock = threading.Lock()
        self._parked = 0

    def staff(self, lane: Lane) -> None:
        """Let as many runners as the lane needs now work on its waiting rows."""
        if not self._may_start():
            return
        runners = lane.missing_runners()
        lane.joined(runners)
        for _ in range(runners):
            self._engage(lane)

    def _engage(self, lane: Lane) -> None:
        with self._lock:
            if self._parked > 0:
                self._parked -= 1
                self._calls.put(lane)
                return
        threading.Thread(target=self._serve, args=(lane,), name="runner", daemon=True).start()

    def _serve(self, lane: Lane) -> None:
        called: Lane | None = lane
        while called is not None:
            if self._empty(called):
                called.joined(-1)
            called = self._park()

    def _park(self) -> Lane | None:
        with self._lock:
            self._parked += 1
        while True:
            try:
                return self._calls.get(timeout=PARKED_FOR)
            except Empty:
                with self._lock:
                    if self._parked > 0:
                        self._parked -= 1
                        return None

    def _empty(self, lane: Lane) -> bool:
        """Run waiting rows until there are none; False when the last run was given up, and this runner's place with
        it.
        """
        while self._may_start() and (taken := lane.take()):
            row, worker, started = taken
            result = execute(row, worker=worker)
            give_back()
            if lane.running.pop(row.lease, None) is None:
                logger.warning("job %s ended after its time-out", row.type, extra={"job": str(row.public_id)})
                return False
            self._report(result)
            seconds = monotonic() - started
            lane.times.append((row.type, seconds, word(result)))
            lane.average += 0.1 * (seconds - lane.average)
        return True
