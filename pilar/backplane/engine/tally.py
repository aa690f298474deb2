"""The figures of the lanes: each worker adds what it did to totals in the database, one of them counts what waits.

So the figures are those of all processes of all machines, survive restarts, and any web process can serve them.
"""

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Sequence

from pilar.backplane.engine.crew import Lane
from pilar.backplane.engine.results import Claimed
from pilar.backplane.engine.statements import Cursor
from pilar.kernel.clock import monotonic
from pilar.kernel.switchboard import LANES

BUCKETS = (0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0, float("inf"))
"""Seconds: upper bounds of the histograms of run time and of the wait from due to claimed."""
_NAMES = {what: ([f"{what}_le_{bound:g}" for bound in BUCKETS], f"{what}_seconds") for what in ("run", "wait")}
SNAPSHOT_EVERY = 10.0
"""Seconds. After a count that took long the next one is that much later: at most a twentieth of the time."""

_ADD = """
INSERT INTO autopilot_lane_count AS c (lane, name, total)
SELECT * FROM unnest(%(lanes)s::smallint[], %(names)s::text[], %(amounts)s::float8[]) AS n ORDER BY 1, 2
ON CONFLICT (lane, name) DO UPDATE SET total = c.total + excluded.total
"""
# Halved past a thousand runs, so that a handler that was made quicker is soon known to be.
_ADD_TIMES = """
INSERT INTO autopilot_type_time AS t (type, runs, seconds)
SELECT * FROM unnest(%(types)s::text[], %(runs)s::float8[], %(seconds)s::float8[]) AS n ORDER BY 1
ON CONFLICT (type) DO UPDATE SET (runs, seconds)
  = (t.runs / (1 + (t.runs > 1000)::int) + excluded.runs, t.seconds / (1 + (t.runs > 1000)::int) + excluded.seconds)
"""
_IS_TIME = """
SELECT pg_try_advisory_xact_lock(hashtext('pilar.snapshot')) AND coalesce(
  (SELECT max(taken_at) FROM autopilot_lane_figures)
    NOT BETWEEN clock_timestamp() - make_interval(secs => %s) AND clock_timestamp(), true)
"""
_SNAPSHOT = """
INSERT INTO autopilot_lane_figures AS f (lane, pending, due, running, dead, suspect, oldest_due_at, taken_at)
SELECT l, coalesce(n.pending, 0), coalesce(n.due, 0), coalesce(n.running, 0), coalesce(n.dead, 0),
  coalesce(n.suspect, 0), n.oldest, clock_timestamp()
FROM generate_series(0, %s - 1) AS l LEFT JOIN (
  SELECT lane, count(*) FILTER (WHERE status = 0) AS pending,
    count(*) FILTER (WHERE status = 0 AND scheduled_at <= statement_timestamp()) AS due,
    count(*) FILTER (WHERE status = 1) AS running, count(*) FILTER (WHERE status = 2) AS dead,
    count(*) FILTER (WHERE status = 6) AS suspect,
    min(scheduled_at) FILTER (WHERE status = 0 AND scheduled_at <= statement_timestamp()) AS oldest
  FROM autopilot_job GROUP BY lane) n ON n.lane = l
ON CONFLICT (lane) DO UPDATE SET (pending, due, running, dead, suspect, oldest_due_at, taken_at)
  = (excluded.pending, excluded.due, excluded.running, excluded.dead, excluded.suspect, excluded.oldest_due_at,
     excluded.taken_at)
"""


class Tally:
    """What one worker process did since it last told. Claims are noted by its coordinator, `tell` is its pulse's."""

    def __init__(self, lanes: Collection[Lane]) -> None:
        self._lanes = lanes
        self._lock = threading.Lock()
        self._counts: Counter[tuple[int, str]] = Counter()
        self._sums: dict[tuple[int, str], float] = {}
        self._types: dict[str, list[float]] = {}
        self._snapshot_every = SNAPSHOT_EVERY

    def claimed(self, lane: Lane, rows: Sequence[Claimed]) -> None:
        """Count claims, and how long each job had been due when it was claimed for the first time."""
        if not rows:
            return
        with self._lock:
            self._counts[lane.place, "claimed"] += len(rows)
            for row in rows:
                if row.attempts == 1:
                    self._measure(lane.place, "wait", max(0.0, (row.claimed_at - row.due_at).total_seconds()))

    def tell(self, cursor: Cursor) -> None:
        """Add what was counted to the totals, and count what waits when it is time. A process that dies takes seconds
        of figures with it.
        """
        counts, times = self._take()
        add(cursor, counts)
        add_times(cursor, times)
        began = monotonic()
        if snapshot(cursor, every=self._snapshot_every):
            self._snapshot_every = max(SNAPSHOT_EVERY, 20 * (monotonic() - began))

    def _take(self) -> tuple[dict[tuple[int, str], float], dict[str, list[float]]]:
        with self._lock:
            for lane in self._lanes:
                for _ in range(len(lane.times)):
                    name, seconds, outcome = lane.times.popleft()
                    self._counts[lane.place, outcome] += 1
                    self._measure(lane.place, "run", seconds)
                    if outcome == "done":
                        entry = self._types.setdefault(name, [0.0, 0.0])
                        entry[0] += 1
                        entry[1] += seconds
            found = {key: float(count) for key, count in self._counts.items()} | self._sums
            times = self._types
            self._counts, self._sums, self._types = Counter(), {}, {}
        return found, times

    def _measure(self, place: int, what: str, seconds: float) -> None:
        buckets, total = _NAMES[what]
        self._counts[place, buckets[bisect_left(BUCKETS, seconds)]] += 1
        self._sums[place, total] = self._sums.get((place, total), 0.0) + seconds


def add(cursor: Cursor, counts: dict[tuple[int, str], float]) -> None:
    """Add to the totals, by lane and name."""
    if counts:
        places = list(counts)
        values = {"lanes": [lane for lane, _ in places], "names": [name for _, name in places]}
        cursor.execute(_ADD, values | {"amounts": list(counts.values())})


def add_times(cursor: Cursor, times: dict[str, list[float]]) -> None:
    """Add how many runs of each type finished their job, and the seconds that they took."""
    if times:
        values = {"types": list(times), "runs": [runs for runs, _seconds in times.values()]}
        cursor.execute(_ADD_TIMES, values | {"seconds": [seconds for _runs, seconds in times.values()]})


def snapshot(cursor: Cursor, *, every: float = SNAPSHOT_EVERY) -> bool:
    """Count what waits, runs and is dead in each lane, unless somebody did so within `every` seconds."""
    cursor.execute(_IS_TIME, [every])
    if not cursor.fetchone()[0]:
        return False
    cursor.execute(_SNAPSHOT, [len(LANES)])
    return True
