"""How often somebody may knock in a window of time, and what a studio's API uses of the limits on its own work.

Counts live in the cache, which falls back to the database and never raises: while neither answers, everybody is let in.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.core.cache import cache

EVENTS, JOBS, LOCKS = "events:1000/hour", "jobs:500/hour", "locks:100/minute"
"""What callers may order for one workspace (specification module 1). What the product orders by itself is not counted."""
QUEUED, SOFT_SHARE = ("events", "jobs"), 0.8
"""What is taken but queued behind from this share of its limit on. A lock cannot be had later."""
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` requests in each `seconds` long window."""

    name: str
    count: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> "Limit":
        """Read `events:1000/hour`. Raises KeyError or ValueError for anything else: a programming error."""
        name, _, rate = text.partition(":")
        count, _, period = rate.partition("/")
        return cls(name, int(count), _SECONDS[period])

    @property
    def soft(self) -> int | None:
        """So many requests of a window are served at once, those after them queued; None where nothing is queued."""
        return int(self.count * SOFT_SHARE) if self.name in QUEUED else None


@dataclass(frozen=True, slots=True)
class Use:
    """How much of a limit was used in the window that ends at `resets_at`; refused requests count as well."""

    limit: Limit
    used: int
    at: datetime
    resets_at: datetime

    @property
    def left(self) -> int:
        return max(0, self.limit.count - self.used)

    @property
    def resets_in(self) -> int:
        """Whole seconds until the window ends, at least one."""
        return max(1, int((self.resets_at - self.at).total_seconds()))

    @property
    def wait(self) -> int:
        """Seconds to wait before the next request, 0 when this one is within the limit."""
        return self.resets_in if self.used > self.limit.count else 0

    @property
    def queued_until(self) -> datetime | None:
        """When the work of this request may begin; None for now: below the soft limit, or where nothing is queued.

        What is beyond it begins one after the other, at the pace that the limit allows: so a rush neither fails nor runs
        over everything else at once.
        """
        if self.limit.soft is None or self.used <= self.limit.soft:
            return None
        beyond = self.used - self.limit.soft
        return self.at + timedelta(seconds=beyond * self.limit.seconds / self.limit.count)


def of_workspace(workspace_id: UUID) -> str:
    """Name a workspace as one who knocks."""
    return f"workspace:{workspace_id}"


def count(limit: Limit, who: str, at: datetime) -> Use:
    """Count one request of `who` and return how the limit stands with it."""
    key = _key(limit, who, at)
    if cache.add(key, 1, limit.seconds + 1):
        return _use(limit, 1, at)
    try:
        return _use(limit, cache.incr(key), at)
    except ValueError:
        return _use(limit, 1, at)


def standing(workspace_id: UUID, at: datetime) -> list[Use]:
    """Return how the limits on a workspace's events, jobs and locks stand, without counting anything."""
    who = of_workspace(workspace_id)
    limits = [Limit.parse(text) for text in (EVENTS, JOBS, LOCKS)]
    return [_use(limit, min(cache.get(_key(limit, who, at), 0), limit.count), at) for limit in limits]


def _window(limit: Limit, at: datetime) -> int:
    return int(at.timestamp() // limit.seconds)


def _key(limit: Limit, who: str, at: datetime) -> str:
    digest = hashlib.sha256(who.encode()).hexdigest()[:32]
    return f"rate:{limit.name}:{digest}:{_window(limit, at)}"


def _use(limit: Limit, used: int, at: datetime) -> Use:
    return Use(limit, used, at, datetime.fromtimestamp((_window(limit, at) + 1) * limit.seconds, UTC))
