"""Celery's beat with schedules of our own: each slot of a schedule makes its job exactly once, also with two beats.

A slot is the database's clock divided by the period; the job's key names schedule and slot. So a clock that jumps
back, a second beat or a restart repeats nothing, and after an absence only the present slot is made up for. No broker
is needed.
"""

import logging
import math
from typing import Any

from celery.beat import Scheduler
from django.db import Error, connections

from pilar.backplane import database_clock, jobs, keys, sql
from pilar.backplane.engine import tally, workers
from pilar.backplane.tenancy import PLATFORM, alias, all_tenants, atomic, tenant
from pilar.kernel import switchboard
from pilar.kernel.ids import uuid7
from pilar.kernel.switchboard import LANES, Empty

logger = logging.getLogger(__name__)

LONGEST_SLEEP = 5.0
"""Seconds between two ticks, which are also the beat's heartbeats."""
LANE = LANES.index("health")
"""Under which the beat keeps its own figures."""


def run_due_slots(made: dict[str, int]) -> float:
    """Make the job of each schedule's present slot; `made` remembers those of this process. Returns seconds to the
    next slot.
    """
    late: list[float] = []
    with tenant(PLATFORM), atomic():
        moment = database_clock.now().timestamp()
        for schedule in switchboard.schedules.values():
            period = schedule.every.total_seconds()
            slot, before = int(moment // period), made.get(schedule.name)
            if before != slot:
                key = f"schedule:{schedule.name}:{slot}"
                if before == slot - 1 and keys.is_new(keys.JOB, key):
                    late.append(moment - slot * period)
                jobs.enqueue(schedule.job, Empty(), key=key, correlation_id=uuid7())
                made[schedule.name] = slot
    if late:
        _tell(late)
    periods = [schedule.every.total_seconds() for schedule in switchboard.schedules.values()]
    return min((math.ceil(moment / period + 1e-9) * period - moment for period in periods), default=LONGEST_SLEEP)


def _tell(late: list[float]) -> None:
    """How long after its time each slot was made that followed one of ours; a first one may come in its midst."""
    with all_tenants("the beat tells how late it is"), atomic(), connections[alias()].cursor() as cursor:
        tally.add(cursor, {(LANE, "slots"): float(len(late)), (LANE, "slots_late_seconds"): sum(late)})


class SlotScheduler(Scheduler):  # type: ignore[misc]  # Celery has no types
    """Named in `pilar.celery` as beat's scheduler."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._made: dict[str, int] = {}
        self._worker = 0
        self._is_ticking = False
        super().__init__(*args, **kwargs)

    def setup_schedule(self) -> None:
        """Celery's own entries are not wanted: ours are in the switchboard."""

    def tick(self, *_args: Any, **_kwargs: Any) -> float:
        self._is_ticking = True
        try:
            self._sign_in()
            return max(0.05, min(LONGEST_SLEEP, run_due_slots(self._made)))
        except Error as error:
            logger.warning("the schedule waits for the database: %s", error)
            self._made.clear()
            return 1.0
        finally:
            connections.close_all()
            self._is_ticking = False

    def _sign_in(self) -> None:
        with all_tenants("the beat signs in"), atomic(), connections[alias()].cursor() as cursor:
            if not self._worker or not workers.beat(cursor, self._worker):
                self._worker = workers.register(cursor, kind="beat", lanes=[])

    def close(self) -> None:
        """Sign off. Celery calls this in its signal handler too: in the midst of a tick the connection is not ours to
        use.
        """
        if self._is_ticking:
            return
        try:
            with all_tenants("the beat signs off"), atomic():
                sql.run("DELETE FROM autopilot_worker WHERE id = %s", [self._worker])
        except Error as error:
            logger.warning("the beat could not sign off: %s", error)
        finally:
            connections.close_all()
        super().close()
