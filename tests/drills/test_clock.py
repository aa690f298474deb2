"""Two beats at once and a beat that dies, a clock that jumps both ways, a host that sleeps: each occurrence once, no effect
twice, nobody who lives is taken for dead.
"""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.drills import invariants
from tests.drills.conftest import Note
from tests.drills.hours import Clock, asleep, host
from tests.drills.labour.autopilot import TICK
from tests.drills.orders import Orders
from tests.drills.site import Site, site
from tests.e2e.installation import wait_for

pytestmark = [pytest.mark.processes, pytest.mark.drill]
SEED = int(os.environ.get("DRILL_SEED") or random.SystemRandom().randrange(10**6))
JOBS = int(os.environ.get("DRILL_JOBS", "6000"))
SLEPT_SECONDS = 40.0
"""Longer than 25 s, after which a silent worker's jobs are taken away."""
HOURS = [timedelta(hours=hours) for hours in (1, -1, 3, 0)]

_DONE = """
SELECT {what} FROM autopilot_job WHERE {which} UNION ALL SELECT {what} FROM autopilot_job_done WHERE {which}
"""
_BEATS = """
SELECT count(*) FROM autopilot_worker WHERE kind = 'beat' AND lost_at IS NULL
  AND beat_at > statement_timestamp() - interval '10 seconds'
"""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two workers and two beats, without Redis."""
    with site(tmp_path_factory.mktemp("clock"), redis=False) as found:
        found.help("worker", "second worker")
        found.help("beat", "second beat")
        wait_for(lambda: len(found.workers()) == 2)
        wait_for(lambda: found.sql(_BEATS) == [(2,)])
        yield found


@pytest.fixture(scope="module")
def clock(here: Site) -> Clock:
    found = Clock(here)
    wait_for(lambda: here.sql(_BEATS) == [(2,)])
    return found


@pytest.fixture
def nobody_was_lost(here: Site) -> Iterator[None]:
    """Of those who lived all the time, nobody was taken for dead."""
    before = alive(here)
    yield
    assert alive(here) == before


def alive(here: Site) -> set[tuple[Any, ...]]:
    return set(here.sql("SELECT id, kind FROM autopilot_worker WHERE lost_at IS NULL AND kind IN ('worker', 'beat')"))


def all_went_well(ended: list[tuple[Any, ...]]) -> bool:
    """Nobody died and no answer was lost, so everything was done, and no worker's end was counted against a job."""
    return [each for each in ended if each[1:] != (3, 0, "")] == []


def ticks(here: Site) -> Counter[int]:
    """How often each slot of the drill's schedule came."""
    keys = here.sql(_DONE.format(what="idempotency_key", which="type = 'clock.tick'"))
    return Counter(int(key.rpartition(":")[2]) for (key,) in keys)


def test_two_beats_make_each_slot_once_and_one_alone_goes_on(here: Site, clock: Clock, note: Note) -> None:
    first = int(clock.now() // TICK.total_seconds()) + 1
    time.sleep(15)
    here.send("beat", signal.SIGKILL)
    time.sleep(15)
    wait_for(lambda: here.sql(_BEATS) == [(2,)])
    here.helpers["second beat"].end()
    time.sleep(15)
    here.help("beat", "second beat")
    last = int(clock.now() // TICK.total_seconds()) - 1
    wait_for(lambda: here.sql(_BEATS) == [(2,)])
    came = ticks(here)
    note("two beats, one of them dead at times: slots", last - first + 1)
    assert {slot: came[slot] for slot in range(first, last + 1)} == dict.fromkeys(range(first, last + 1), 1)


@pytest.mark.usefixtures("nobody_was_lost")
def test_a_clock_that_jumps_changes_no_count(
    here: Site, clock: Clock, note: Note, say: Callable[[str], None], tmp_path: Path
) -> None:
    say(f"the clock that jumps: DRILL_SEED={SEED}")
    orders = Orders(here, tmp_path, count=JOBS, seed=SEED)
    for ahead in HOURS:
        time.sleep(6)
        clock.set(ahead)
    assert all_went_well(orders.settle(note, "a clock that jumps"))
    assert max(ticks(here).values()) == 1


@pytest.mark.usefixtures("nobody_was_lost")
def test_a_host_that_slept_for_hours_goes_on_where_it_was(here: Site, clock: Clock, note: Note, tmp_path: Path) -> None:
    orders, before = Orders(here, tmp_path, count=JOBS, seed=SEED + 1), ticks(here)
    time.sleep(4)
    processes = host(here, orders.feed.pid)
    assert len(processes) > 15
    clock.set(timedelta(hours=3))
    with asleep(processes, random.Random(SEED)):
        time.sleep(SLEPT_SECONDS)
    woken = clock.now()
    slot = int(woken // TICK.total_seconds())
    wait_for(lambda: any(tick > slot for tick in ticks(here)), seconds=15)
    assert here.web.get("/readyz").status_code == 200
    assert all_went_well(orders.settle(note, "a host that slept"))
    came = ticks(here) - before
    note("a host that slept: slots made up for", sum(tick < slot for tick in came), at_most=4)
    assert max(ticks(here).values()) == 1


@pytest.mark.parametrize("name", invariants.ALL)
def test_the_invariant_holds(here: Site, clock: Clock, name: str) -> None:
    clock.set(timedelta(0))
    assert invariants.ALL[name](here) == []
