"""A disk that is full, with the database, the logs and the broker's folder on it: reads go on, a write that is not stored is
not acked, and with room again everything goes on by itself.
"""

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.drills import invariants
from tests.drills.conftest import Note
from tests.drills.disk import Disk, disk
from tests.drills.site import Site, seconds_until, site
from tests.drills.test_postgres import RESUMED_WITHIN, Load, loaded
from tests.e2e.installation import Studio, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.drill]
MEGABYTES = 700
FULL_SECONDS = 30.0
SEED, JOBS = 4711, 4000

_LEFT = """
SELECT type, status, attempts, deferrals, error FROM autopilot_job
WHERE type LIKE 'drill.%%' AND status IN (0, 1, 6) LIMIT 5
"""
_DEAD = "SELECT type, error FROM autopilot_job WHERE type LIKE 'drill.%%' AND status = 2"
_DONE = "SELECT count(*) FROM autopilot_job_done WHERE type LIKE 'drill.%%'"


class Full:
    """What was seen while the disk was full."""

    def __init__(self, here: Site, studio: Studio, load: Load, books: Path) -> None:
        self.here, self.studio, self.load, self.books = here, studio, load, books
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
    books = tmp_path_factory.mktemp("books")
    with site(small.folder / "site", redis=False) as here:
        studio = here.studio("Randvoll")
        wait_for(studio.received)
        with loaded(studio) as load:
            found, feed = Full(here, studio, load, books), here.python("tests.drills.feed", JOBS, SEED, books)
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
        told, _ = feed.communicate(timeout=300)
        assert sum(map(int, told.split())) == JOBS
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
    began = time.monotonic()
    with suppress(AssertionError):
        wait_for(lambda: not full.here.sql(_LEFT), seconds=180)
    note("full disk: seconds until nothing waits", time.monotonic() - began, "s")
    assert full.here.sql(_LEFT) == []
    message, _ = full.studio.answered("Wann ist morgen Training?")
    assert message["text"]


def test_nothing_is_lost_and_no_effect_was_made_twice(full: Full, note: Note) -> None:
    dead = full.here.sql(_DEAD)
    note("full disk: blind effects left unknown", len(dead))
    assert {kind for kind, error in dead if error.startswith("Unknown")} <= {"drill.blind"}
    assert [error for _, error in dead if not error.startswith("Unknown")] == []
    note("full disk: jobs lost", JOBS - full.here.sql(_DONE)[0][0] - len(dead), at_most=0)
    made: Counter[str] = Counter()
    for file in full.books.iterdir():
        made[file.name.partition(".")[0]] += file.stat().st_size
    note("full disk: effects made twice", sum(times > 1 for times in made.values()), at_most=0)


@pytest.mark.parametrize("name", invariants.ALL)
def test_the_invariant_holds(full: Full, name: str) -> None:
    assert invariants.ALL[name](full.here) == []
