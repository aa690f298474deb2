"""The queue as operators look at it: ten small queries, whatever the queue holds, and no count of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pilar.backplane import horizon, sql
from pilar.backplane.engine.tally import BUCKETS
from pilar.backplane.tenancy import atomic
from pilar.kernel.switchboard import LANES

SHOWN = 10
"""Studios, holds and causes that a screen has room for."""
COUNTED = 10_000
"""Dead or running rows that are looked at for the studios with the most."""
STALE_SECONDS = LATE_SECONDS = 60.0
SILENT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Lane:
    """One lane; `oldest` is in seconds, as it was when the lane was counted. `slow` is the p95 of run time, in seconds."""

    name: str
    number: int
    pending: int
    due: int
    running: int
    dead: int
    suspect: int
    oldest: float
    claimed: int
    retried: int
    slow: float | None


@dataclass(frozen=True, slots=True)
class Process:
    kind: str
    host: str
    pid: int
    lanes: list[str]
    running: int
    is_silent: bool


@dataclass(frozen=True, slots=True)
class Busy:
    """One studio: how much of it runs and is dead, and since when its turn waits in which lane."""

    workspace_id: UUID
    lane: str
    waits_since: datetime | None
    running: int
    dead: int


@dataclass(frozen=True, slots=True)
class Held:
    """Work that is held back: of a provider, or in a lane with a rate (`kind` says which). Until None: while it is full."""

    workspace_id: UUID
    kind: str
    what: str
    until: datetime | None
    max_running: int | None


@dataclass(frozen=True, slots=True)
class QueueNow:
    lanes: list[Lane]
    processes: list[Process]
    lost_today: int
    busiest: list[Busy]
    held: list[Held]
    paused: int
    horizon: horizon.Horizon
    is_stale: bool

    @property
    def total_due(self) -> int:
        return sum(lane.due for lane in self.lanes)

    @property
    def total_running(self) -> int:
        return sum(lane.running for lane in self.lanes)

    @property
    def total_dead(self) -> int:
        return sum(lane.dead for lane in self.lanes)

    @property
    def oldest(self) -> float:
        """Seconds that the oldest due job of any lane had waited when it was counted."""
        return max((lane.oldest for lane in self.lanes), default=0.0)

    @property
    def studios(self) -> set[UUID]:
        """Whose names a screen needs."""
        return {one.workspace_id for one in self.busiest} | {one.workspace_id for one in self.held}

    @property
    def is_late(self) -> bool:
        return self.oldest > LATE_SECONDS


_LANES = """
SELECT lane, pending, due, running, dead, suspect,
  coalesce(extract(epoch FROM taken_at - oldest_due_at), 0)::float8,
  extract(epoch FROM statement_timestamp() - taken_at)::float8
FROM autopilot_lane_figures ORDER BY lane
"""
_COUNTS = """
SELECT lane, name, total FROM autopilot_lane_count
WHERE name IN ('claimed', 'retried') OR name LIKE 'run\\_le\\_%%'
"""
_PROCESSES = """
SELECT kind, host, pid, array(SELECT jsonb_array_elements_text(lanes)), running,
  beat_at < statement_timestamp() - make_interval(secs => %s)
FROM autopilot_worker WHERE lost_at IS NULL ORDER BY kind, id LIMIT 100
"""
_LOST = "SELECT count(*) FROM autopilot_worker WHERE lost_at > statement_timestamp() - interval '1 day'"
_WAITING = """
SELECT workspace_id, lane, next_at FROM autopilot_turn
WHERE NOT paused AND next_at <= statement_timestamp() ORDER BY next_at LIMIT %s
"""
_BY_STATUS = """
SELECT workspace_id, count(*) FROM (SELECT workspace_id FROM autopilot_job WHERE status = %s LIMIT %s) j
GROUP BY 1 ORDER BY 2 DESC LIMIT %s
"""
_HELD = """
SELECT workspace_id, provider, CASE WHEN held_until > statement_timestamp() THEN held_until END, max_running
FROM autopilot_throttle WHERE held_until > statement_timestamp() OR max_running IS NOT NULL
UNION ALL
SELECT workspace_id, 'lane:' || lane, CASE WHEN next_at BETWEEN statement_timestamp() AND statement_timestamp()
  + interval '1 day' THEN next_at END, max_running
FROM autopilot_turn WHERE rate IS NOT NULL OR max_running IS NOT NULL
ORDER BY 3 NULLS LAST LIMIT %s
"""
_PAUSED = "SELECT count(*) FROM autopilot_tenant WHERE paused"


def read() -> QueueNow:
    """Read the queue of all studios; in the platform's scope."""
    with atomic():
        lanes, is_stale = _lanes()
        return QueueNow(
            lanes=lanes,
            processes=[Process(*row) for row in sql.rows(_PROCESSES, [SILENT_SECONDS])],
            lost_today=int(sql.value(_LOST)),
            busiest=_busiest(),
            held=[_held(*row) for row in sql.rows(_HELD, [SHOWN])],
            paused=int(sql.value(_PAUSED)),
            horizon=horizon.look(),
            is_stale=is_stale,
        )


def _lanes() -> tuple[list[Lane], bool]:
    counts: dict[tuple[int, str], float] = {(lane, name): total for lane, name, total in sql.rows(_COUNTS)}
    found = sql.rows(_LANES)
    lanes = [_lane(counts, *figures) for *figures, _age in found]
    return lanes, not found or max(row[-1] for row in found) > STALE_SECONDS


def _lane(counts: dict[tuple[int, str], float], lane: int, *figures: Any) -> Lane:
    claimed, retried = (int(counts.get((lane, name), 0)) for name in ("claimed", "retried"))
    return Lane(*(LANES[lane], lane, *figures, claimed, retried, _p95(counts, lane)))


def _p95(counts: dict[tuple[int, str], float], lane: int) -> float | None:
    """Return the upper bound of the bucket that holds the 95th of a hundred runs; None without any."""
    buckets = [(bound, counts.get((lane, f"run_le_{bound:g}"), 0.0)) for bound in BUCKETS]
    wanted, seen = 0.95 * sum(count for _bound, count in buckets), 0.0
    for bound, count in buckets:
        seen += count
        if wanted and seen >= wanted:
            return bound
    return None


def _busiest() -> list[Busy]:
    """The studios that wait longest, then those with the most that runs, then those with the most that is dead."""
    waiting: dict[UUID, tuple[str, datetime]] = {}
    for workspace_id, lane, since in sql.rows(_WAITING, [SHOWN]):
        waiting.setdefault(workspace_id, (LANES[lane], since))
    running: dict[UUID, int] = dict(sql.rows(_BY_STATUS, [1, COUNTED, SHOWN]))
    dead: dict[UUID, int] = dict(sql.rows(_BY_STATUS, [2, COUNTED, SHOWN]))
    order = list(dict.fromkeys([*waiting, *running, *dead]))[:SHOWN]
    return [_busy(one, waiting.get(one), running.get(one, 0), dead.get(one, 0)) for one in order]


def _busy(workspace_id: UUID, turn: tuple[str, datetime] | None, running: int, dead: int) -> Busy:
    lane, since = turn or ("", None)
    return Busy(workspace_id, lane, since, running, dead)


def _held(workspace_id: UUID, what: str, until: datetime | None, max_running: int | None) -> Held:
    kind, _colon, lane = what.partition(":")
    if kind == "lane" and lane:
        return Held(workspace_id, "lane", LANES[int(lane)], until, max_running)
    return Held(workspace_id, "provider", what, until, max_running)


def dead_by_cause() -> list[dict[str, Any]]:
    """Group the dead jobs of all studios by type and the beginning of their error, the largest group first."""
    with atomic():
        found = sql.rows(_CAUSES, [CAUSE, COUNTED, 5 * SHOWN])
    names = ("type", "cause", "count", "studios", "first", "last")
    return [dict(zip(names, row, strict=True)) for row in found]


CAUSE = 120
"""Characters of an error that make its cause."""
_CAUSES = """
SELECT type, cause, count(*), count(DISTINCT workspace_id), min(at), max(at) FROM (
  SELECT type, left(error, %s) AS cause, workspace_id, coalesce(locked_at, created_at) AS at
  FROM autopilot_job WHERE status = 2 ORDER BY workspace_id, id LIMIT %s) j
GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT %s
"""
