"""A worker that is cut off from the database while the others are not: its work is taken over, and what it began meanwhile is
neither lost nor done twice.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drills import invariants
from tests.drills.conftest import Note
from tests.drills.orders import Orders, unknown
from tests.drills.site import Helper, Site, seconds_until, site
from tests.drills.wire import Wire
from tests.e2e.installation import wait_for

pytestmark = [pytest.mark.processes, pytest.mark.drill]
JOBS = 4000
CUT_SECONDS = 40.0
TAKEN_OVER_WITHIN, RESUMED_WITHIN = 60.0, 15.0
_HELD = """
SELECT count(*) FROM autopilot_job j JOIN autopilot_worker w ON w.id = j.locked_by
WHERE j.status = 1 AND j.type LIKE 'drill.%%' AND w.pid = %s
"""
_IN_FLIGHT = """
SELECT count(*) FROM autopilot_effect e JOIN autopilot_worker w ON w.id = e.holder
WHERE e.state = 'sending' AND e.operation = 'blind' AND w.pid = %s
"""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("wire"), redis=False) as found:
        yield found


@pytest.fixture(scope="module")
def wire(here: Site) -> Iterator[Wire]:
    record = here.cluster.record()
    assert record
    found = Wire(record.port)
    yield found
    found.close()


@pytest.fixture(scope="module")
def far(here: Site, wire: Wire) -> Helper:
    """A worker at the other end of the wire."""
    names = ("DATABASE_URL", "DATABASE_PLATFORM_URL", "DATABASE_OWNER_URL")
    record = here.cluster.record()
    assert record
    urls = {name: here.environment[name].replace(f":{record.port}/", f":{wire.port}/") for name in names}
    found = here.help("worker", "far worker", **urls)
    wait_for(lambda: found.pid in here.workers())
    return found


@pytest.mark.parametrize("how", ["refused", "hanging"])
def test_a_worker_that_is_cut_off_loses_its_work_to_the_others_and_nothing_else(
    here: Site, wire: Wire, far: Helper, note: Note, tmp_path: Path, how: str
) -> None:
    orders = Orders(here, tmp_path, count=JOBS, seed=sum(map(ord, how)))
    wait_for(lambda: here.sql(_HELD, far.pid)[0][0] > 10)
    wire.cut(refusing=how == "refused")
    began, in_flight = time.monotonic(), here.sql(_IN_FLIGHT, far.pid)[0][0]
    held = here.sql(_HELD, far.pid)[0][0]
    note(f"a worker cut off ({how}): jobs in its hands", held)
    wait_for(lambda: here.sql(_HELD, far.pid) == [(0,)], seconds=90)
    taken_after = time.monotonic() - began
    note(f"a worker cut off ({how}): seconds until others have its work", taken_after, "s", at_most=TAKEN_OVER_WITHIN)
    assert far.pid not in here.workers()
    time.sleep(max(0.0, CUT_SECONDS - taken_after))
    wire.mend()
    back = seconds_until(lambda: far.pid in here.workers(), within=60)
    note(f"a worker cut off ({how}): seconds until it works again", back, "s", at_most=RESUMED_WITHIN)
    left = unknown(orders.settle(note, f"a worker cut off ({how})"))
    note(f"a worker cut off ({how}): blind effects left unknown", left, at_most=in_flight)


@pytest.mark.parametrize("name", invariants.ALL)
def test_the_invariant_holds(here: Site, far: Helper, name: str) -> None:
    assert invariants.ALL[name](here) == []
