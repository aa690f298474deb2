"""Orders that are given to an installation while a drill does its worst, and what became of them."""

import logging
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from subprocess import Popen
from typing import Any

from tests.drills.conftest import Note
from tests.drills.site import Site
from tests.e2e.installation import wait_for

SETTLED_WITHIN = 180.0
_OURS = "type LIKE 'drill.%%' AND payload->>'books' = %s"
_LEFT = f"""
SELECT j.type, j.status, j.attempts, j.deferrals, j.crashes, j.error, j.locked_by, scheduled_at - statement_timestamp(),
  e.state, e.holder, statement_timestamp() - e.changed_at
FROM autopilot_job j LEFT JOIN autopilot_effect e ON e.job_id = j.public_id
WHERE j.status IN (0, 1, 6) AND j.{_OURS} LIMIT 5
"""
_ENDED = f"""
SELECT type, status, crashes, error FROM autopilot_job WHERE status = 2 AND {_OURS} UNION ALL
SELECT type, status, crashes, error FROM autopilot_job_done WHERE {_OURS}
"""


class Orders:
    """`count` of them, given in the background; their provider keeps its books in a folder of its own."""

    def __init__(self, here: Site, folder: Path, *, count: int, seed: int) -> None:
        self.here, self.count = here, count
        self.books = folder / f"books-{seed}"
        self.books.mkdir()
        self.feed: Popen[str] = here.python("tests.drills.feed", count, seed, self.books)

    def settle(self, note: Note, what: str) -> list[tuple[Any, ...]]:
        """Wait until all are done, see that none was lost or made twice, and return how each job ended: its type,
        status, crashes and error.
        """
        told, _ = self.feed.communicate(timeout=300)
        assert sum(map(int, told.split())) == self.count, "all of it was acknowledged"
        began = time.monotonic()
        with suppress(AssertionError):
            wait_for(lambda: not self._sql(_LEFT), seconds=SETTLED_WITHIN, every=0.2)
        note(f"{what}: seconds until nothing waits", time.monotonic() - began, "s")
        assert self._sql(_LEFT) == []
        ended = self._sql(_ENDED)
        note(f"{what}: jobs lost", self.count - len(ended), at_most=0)
        made = effects_made(self.here, self.books, note, what)
        done = sum(status == 3 for _, status, _, _ in ended)
        assert done <= len(made) <= self.count
        return ended

    def _sql(self, query: str) -> list[tuple[Any, ...]]:
        return self.here.sql(query, *[str(self.books)] * query.count("%s"))


def effects_made(here: Site, books: Path, note: Note, what: str) -> Counter[str]:
    """How often the drill's provider made each order, whatever key it was given; says which it made twice."""
    made: Counter[str] = Counter()
    for file in books.iterdir():
        made[file.name.partition(".")[0]] += file.stat().st_size
    twice = [name for name, times in made.items() if times > 1]
    for row in here.sql("SELECT * FROM autopilot_effect WHERE key = ANY (%s)", twice):
        logging.getLogger(__name__).warning("made twice: %s", row)
    note(f"{what}: effects made twice", len(twice), at_most=0)
    return made


def unknown(ended: list[tuple[Any, ...]]) -> int:
    """How many are left to a person; fails when any but a blind one is, or when one ended badly otherwise."""
    dead = [(kind, error) for kind, status, _, error in ended if status != 3]
    assert [each for each in dead if each[0] != "drill.blind" or not each[1].startswith("Unknown")] == []
    return len(dead)
