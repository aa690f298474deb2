"""The platform's own probes: what every studio depends on."""

from uuid import UUID

import redis as redis_library
from django.conf import settings
from django.utils.translation import gettext as _

from health.models import Status
from pilar.backplane import horizon, sql
from pilar.backplane.horizon import Horizon
from pilar.backplane.tenancy import all_tenants, atomic
from pilar.kernel.clock import monotonic
from pilar.kernel.switchboard import LANES, Finding

SLOW_QUERY = 0.1
"""Seconds; checklist K-19."""
LATE_DEGRADED, LATE_FAILED = 60.0, 300.0
"""Seconds that due work may wait before it is a weakness, and before it is a failure (reliability P8)."""
SILENT = 60.0
WHY = "the platform's own health is measured over all studios"


def database(_workspace: UUID | None) -> Finding:
    """Is PostgreSQL there, quick, and free of transactions that somebody forgot?"""
    began = monotonic()
    held = horizon.look()
    seconds = monotonic() - began
    with all_tenants(WHY):
        held = max(held, horizon.look(), key=lambda one: (one.is_old, one.seconds, one.transactions))
    metrics = {
        "responseTime": round(seconds * 1000, 1),
        "oldestTransaction": round(held.seconds, 1),
        "horizonTransactions": float(held.transactions),
    }
    if held.is_old:
        return _held_open(held, metrics)
    if seconds > SLOW_QUERY:
        fix = _("Look for long queries in pg_stat_activity, and at the disk and the processors of its server.")
        return Finding(Status.DEGRADED, _("The database answers slowly."), fix, "database_slow", "medium", metrics)
    return Finding(Status.HEALTHY, _("The database answers."), metrics=metrics)


def _held_open(held: Horizon, metrics: dict[str, float]) -> Finding:
    summary = _("A transaction has been open for %(minutes)d minutes (%(holder)s).")
    if not held.seconds:
        summary = _("An old snapshot is held open (%(holder)s).")
    fix = _("End the forgotten session: as long as it is open, the queue's tables cannot be tidied.")
    values = {"minutes": held.seconds / 60, "holder": held.holder}
    return Finding(Status.DEGRADED, summary % values, fix, "old_transaction", "high", metrics)


def queue(_workspace: UUID | None) -> Finding:
    """How long does the studio wait that has waited longest for its turn?"""
    with all_tenants(WHY), atomic():
        waits = {LANES[lane]: float(seconds) for lane, seconds in sql.rows(_LONGEST_WAIT)}
    worst = max(waits.values(), default=0.0)
    metrics = {"oldestDueSeconds": round(worst, 1)}
    if worst < LATE_DEGRADED:
        return Finding(Status.HEALTHY, _("Work starts when it is due."), metrics=metrics)
    lane = max(waits, key=lambda name: waits[name])
    summary = _("Due work in lane %(lane)s has waited for %(seconds)d seconds.") % {"lane": lane, "seconds": worst}
    fix = _("Start more workers for this lane, or look at what the running ones wait for.")
    state = Status.FAILED if worst > LATE_FAILED else Status.DEGRADED
    return Finding(state, summary, fix, "queue_late", "high", metrics)


_LONGEST_WAIT = """
SELECT lane, extract(epoch FROM statement_timestamp() - min(next_at)) FROM autopilot_turn
WHERE NOT paused AND next_at <= statement_timestamp() GROUP BY lane
"""


def workers(_workspace: UUID | None) -> Finding:
    """Does any worker live?"""
    return _alive("worker", _("No worker is running, so nothing is sent and nothing is set up."))


def beat(_workspace: UUID | None) -> Finding:
    """Does the scheduler live?"""
    return _alive("beat", _("The scheduler is not running, so nothing recurring happens."))


def _alive(kind: str, missing: str) -> Finding:
    with all_tenants(WHY), atomic():
        count, silence = sql.row(_PROCESSES, [kind]) or (0, None)
    metrics = {"processes": float(count)}
    if count and float(silence) <= SILENT:
        return Finding(Status.HEALTHY, _("It runs."), metrics=metrics)
    fix = _("Start it again; supervised installations do so by themselves.")
    return Finding(Status.FAILED, missing, fix, f"no_{kind}", "critical", metrics)


_PROCESSES = """
SELECT count(*), extract(epoch FROM statement_timestamp() - max(beat_at)) FROM autopilot_worker
WHERE kind = %s AND lost_at IS NULL
"""


def dead_letters(_workspace: UUID | None) -> Finding:
    """Is there work that has given up? Of low severity: for the operator, not for the public word."""
    with all_tenants(WHY), atomic():
        count = int(sql.value("SELECT count(*) FROM autopilot_job WHERE status = 2"))
    metrics = {"dead": float(count)}
    if not count:
        return Finding(Status.HEALTHY, _("No work has given up."), metrics=metrics)
    summary = _("%(count)d jobs have given up.") % {"count": count}
    fix = _("Look at them in the admin: retry or discard.")
    return Finding(Status.DEGRADED, summary, fix, "dead_letters", "low", metrics)


def dead_letter_growth(_workspace: UUID | None) -> Finding:
    """Does work give up in numbers? Then something is broken that no retry mends, and an operator is told."""
    with all_tenants(WHY), atomic():
        count, name = sql.row(_DYING, [MANY_DEAD * 100]) or (0, "")
    metrics = {"deadInTheLastHour": float(count)}
    if count < MANY_DEAD:
        return Finding(Status.HEALTHY, _("Work does not give up in numbers."), metrics=metrics)
    summary = _("%(count)d jobs have given up within an hour, most of them %(type)s.") % {"count": count, "type": name}
    fix = _("See them by their cause under Jobs > Dead letters: mend the cause, then run them again together.")
    return Finding(Status.DEGRADED, summary, fix, "dead_letters_grow", "medium", metrics)


MANY_DEAD = 20
"""Jobs that give up within an hour, over all studios, before somebody is called."""
_DYING = """
SELECT count(*), coalesce(mode() WITHIN GROUP (ORDER BY type), '') FROM (
  SELECT type FROM autopilot_job WHERE status = 2 AND locked_at > statement_timestamp() - interval '1 hour' LIMIT %s) j
"""


def redis(_workspace: UUID | None) -> Finding:
    """Redis only makes things quicker: without one all is well, with one that is away we are slower."""
    if not settings.REDIS_URL:
        return Finding(Status.HEALTHY, _("No Redis is configured; none is needed."))
    server = redis_library.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
    try:
        server.ping()
    except (redis_library.RedisError, OSError):
        fix = _("Everything goes on, a little slower. Start Redis again.")
        return Finding(Status.DEGRADED, _("Redis does not answer."), fix, "redis_away", "medium")
    finally:
        server.close()
    return Finding(Status.HEALTHY, _("Redis answers."))
