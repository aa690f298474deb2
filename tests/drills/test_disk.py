"""A disk that is full, with the database, the logs and the broker's folder on it: reads go on, a write that is not stored is
not acked, and with room again everything goes on by itself.
"""

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from tests.drills import invariants
from tests.drills.conftest import Note
from tests.drills.disk import Disk, disk
from tests.drills.orders import Orders, unknown
from tests.drills.site import Site, seconds_until, site
from tests.drills.test_postgres import RESUMED_WITHIN, Load, loaded
from tests.e2e.installation import Studio, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.drill]
MEGABYTES = 700
FULL_SECONDS = 30.0
SEED, JOBS = 4711, 4000


class Full:
    """What was seen while the disk was full."""

    def __init__(self, here: Site, studio: Studio, load: Load, orders: Orders) -> None:
        self.here, self.studio, self.load, self.orders = here, studio, load, orders
        self.ready: Counter[str] = Counter()
        self.reads: Counter[int] = Counter()
        self.resumed_after = 0.0
        self.killed = 0

    def look(self) -> None:
        answer = self.here.web.get("/readyz")
        self.ready[answer.json()["status"]] += 1
        self.reads[self.studio.ask("GET", "/api/leads").status_code] += 1
        if not self.killed and self.load.refused:
            self.killed = self.here.send("worker", signal.SIGKILL)

    def is_ready(self) -> bool:
        return bool(self.here.web.get("/readyz").json()["status"] == "ok")


@pytest.fixture(scope="module")
def small() -> Iterator[Disk]:
    with disk(MEGABYTES) as found:
        yield found


@pytest.fixture(scope="module")
def full(small: Disk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Full]:
    """Half a minute without a byte, under writes; the worker is killed meanwhile."""
    folder = tmp_path_factory.mktemp("books")
    with site(small.folder / "site", redis=False) as here:
        studio = here.studio("Randvoll")
        wait_for(studio.received)
        with loaded(studio) as load:
            found = Full(here, studio, load, Orders(here, folder, count=JOBS, seed=SEED))
            time.sleep(3)
            began = time.monotonic()
            while time.monotonic() < began + FULL_SECONDS:
                small.fill()
                found.look()
                time.sleep(0.5)
            small.make_room()
            if here.cluster.pid() is None:
                here.cluster.start()
            found.resumed_after = seconds_until(found.is_ready, within=60)
        yield found


def test_it_is_said_and_reads_go_on(full: Full, say: Callable[[str], None]) -> None:
    say(f"the full disk: readiness {dict(full.ready)}, reads {dict(full.reads)}, {len(full.load.acked)} writes acked")
    assert full.ready["ok"] < 5, full.ready
    assert full.ready["degraded"] > 0
    assert set(full.reads) <= {200, 503}
    assert full.reads[200] > full.ready["down"]


def test_what_was_acked_is_stored_and_what_was_not_says_when_to_come_again(full: Full, note: Note) -> None:
    kept = {str(lead) for (lead,) in full.here.sql("SELECT id FROM coach_lead WHERE tags ? 'load'")}
    note("full disk: writes refused", len(full.load.refused), at_least=1)
    note("full disk: writes acked and lost", len(set(full.load.acked) - kept), at_most=0)
    assert {answer.status_code for answer in full.load.refused} == {503}
    assert all(answer.headers["Retry-After"] for answer in full.load.refused)


def test_with_room_again_all_goes_on_by_itself(full: Full, note: Note) -> None:
    note("full disk: seconds from room until web is ready", full.resumed_after, "s", at_most=RESUMED_WITHIN)
    assert full.killed
    wait_for(lambda: full.here.workers() - {full.killed}, seconds=60)
    message, _ = full.studio.answered("Wann ist morgen Training?")
    assert message["text"]


def test_nothing_is_lost_and_no_effect_was_made_twice(full: Full, note: Note) -> None:
    note("full disk: blind effects left unknown", unknown(full.orders.settle(note, "full disk")))


@pytest.mark.parametrize("name", invariants.ALL)
def test_the_invariant_holds(full: Full, name: str) -> None:
    assert invariants.ALL[name](full.here) == []
