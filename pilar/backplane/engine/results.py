"""What the engine reads of a job and what it writes of a run."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class Claimed(NamedTuple):
    """A job under a lease of ours, as the claim returns it; `payload` is JSON text."""

    id: int
    public_id: UUID
    workspace_id: UUID
    lane: int
    type: str
    payload: str
    attempts: int
    max_attempts: int
    deferrals: int
    crashes: int
    lease: int
    due_at: datetime
    claimed_at: datetime
    correlation_id: UUID
    event_id: UUID | None
    occurred_at: datetime | None

    @property
    def is_last_attempt(self) -> bool:
        """Whether a failure of this run is final. Runs that ended with their worker are no attempts of the job's."""
        return self.attempts - self.crashes >= self.max_attempts


class Done(NamedTuple):
    """Finished; `result` is JSON text or None."""

    id: int
    lease: int
    result: str | None = None


@dataclass(frozen=True, slots=True)
class NotDone:
    """Not finished: again at `at` or in `delay` seconds (neither: at the time it was due), or dead.

    An attempt that is not `counted` is given back. `deferred` is added to the deferrals. Without an `outcome` no
    attempt is recorded.
    """

    id: int
    lease: int
    is_dead: bool = False
    counted: bool = True
    deferred: int = 0
    at: datetime | None = None
    delay: float | None = None
    outcome: str = ""
    error: str = ""
    hold: "Hold | None" = None


@dataclass(frozen=True, slots=True)
class Hold:
    """A provider told a workspace to wait this many seconds: all its jobs there wait, not only the one that was told."""

    provider: str
    workspace_id: UUID
    seconds: float


Result = Done | NotDone


def bare(result: Result) -> Result:
    """Return what is left of a result whose content the database does not take (a NUL in a text, NaN in JSON)."""
    if isinstance(result, Done):
        return Done(result.id, result.lease)
    return replace(result, error="What it said cannot be stored")


def unstarted(row: Claimed) -> NotDone:
    """Give a claimed row back as if it had not been claimed."""
    return NotDone(row.id, row.lease, counted=False)


def word(result: Result) -> str:
    """Name what became of a run, as it is counted."""
    if isinstance(result, Done):
        return "done"
    return "dead" if result.is_dead else _WORDS.get(result.outcome, "deferred")


_WORDS = {"retry": "retried", "timeout": "retried"}
