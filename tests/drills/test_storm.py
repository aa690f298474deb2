"""Workers, beats, web, PostgreSQL and Redis are killed, frozen and restarted while 20,000 jobs make their effects.

The run is random; `DRILL_SEED=<what it printed>` repeats its order.
"""

import json
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.drills import invariants
from tests.drills.conftest import Note
from tests.drills.orders import effects_made
from tests.drills.site import Site, site
from tests.drills.storm import Storm
from tests.e2e.installation import Studio, wait_for
from tests.e2e.test_purchases import signed

pytestmark = [pytest.mark.processes, pytest.mark.drill]
JOBS = int(os.environ.get("DRILL_JOBS", "20000"))
SEED = int(os.environ.get("DRILL_SEED") or random.SystemRandom().randrange(10**6))
STORM_SECONDS = 75.0
DRAINED_WITHIN = 240.0
_OURS = "SELECT {what} FROM autopilot_job WHERE type LIKE 'drill.%%' AND status {status} {more}"


class Webhooks(threading.Thread):
    """Stripe tells of things that we do not know, ten times a second; `acked` is what the product said it has."""

    def __init__(self, product: str) -> None:
        super().__init__(name="webhooks", daemon=True)
        self.acked: set[str] = set()
        self.refused: Counter[str] = Counter()
        self.over = threading.Event()
        self._door = f"{product}/api/webhooks/stripe"

    def run(self) -> None:
        number = 0
        while not self.over.wait(0.1):
            number += 1
            event = {
                "id": f"evt_drill_{number}",
                "object": "event",
                "type": "drill.happened",
                "created": int(time.time()),
            }
            body = json.dumps(event | {"data": {"object": {"id": f"obj_{number}", "object": "drill"}}}).encode()
            try:
                headers = {"Stripe-Signature": signed(body), "Content-Type": "application/json"}
                status = httpx.post(self._door, content=body, headers=headers, timeout=20).status_code
            except httpx.TransportError as error:
                self.refused[type(error).__name__] += 1
                continue
            if status == 200:
                self.acked.add(str(event["id"]))
            else:
                self.refused[str(status)] += 1


class Member(threading.Thread):
    """Writes to its studio every few seconds, and says STOP at the end."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(name="member", daemon=True)
        self.studio = studio
        self.over = threading.Event()
        self.wrote = 0

    def run(self) -> None:
        while not self.over.wait(3):
            self.wrote += 1
            self.studio.write(f"Frage {self.wrote}: wann ist morgen Training?")
        self.studio.write("STOP")


class Aftermath:
    """What the storm left: the books of the drill's provider, and the work that is not finished."""

    def __init__(self, here: Site, books: Path, *, storm: Storm, webhooks: Webhooks, member: Member) -> None:
        self.here, self.studio, self.books = here, member.studio, books
        self.violence, self.webhooks, self.member = storm.done, webhooks, member

    def dead(self) -> list[tuple[Any, ...]]:
        return self.here.sql(_OURS.format(what="type, error, crashes", status="= 2", more=""))


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    folder, dice = tmp_path_factory.mktemp("storm"), random.Random(SEED)
    books = folder / "books"
    books.mkdir()
    with site(folder, redis=True) as here:
        for kind, name in (("worker", "second worker"), ("worker", "third worker"), ("beat", "second beat")):
            here.help(kind, name)
        wait_for(lambda: len(here.workers()) == 3)
        webhooks, member = Webhooks(here.product), Member(here.studio("Sturmfest"))
        storm = Storm(here, dice, seconds=STORM_SECONDS)
        feed = here.python("tests.drills.feed", JOBS, SEED, books)
        for thread in (webhooks, member, storm):
            thread.start()
        told, _ = feed.communicate(timeout=400)
        assert sum(map(int, told.split())) == JOBS, "all of it was acknowledged"
        storm.pass_over(within=400)
        for witness in (webhooks, member):
            witness.over.set()
            witness.join(60)
        yield Aftermath(here, books, storm=storm, webhooks=webhooks, member=member)


def settled(here: Site) -> bool:
    return not here.sql(_OURS.format(what="1", status="IN (0, 1, 6)", more="LIMIT 1"))


def test_all_work_is_finished_after_the_storm(aftermath: Aftermath, note: Note, say: Callable[[str], None]) -> None:
    violence = ", ".join(f"{count} x {what}" for what, count in aftermath.violence.items())
    say(f"the storm: DRILL_SEED={SEED}, {JOBS} jobs; {violence}")
    began = time.monotonic()
    wait_for(lambda: settled(aftermath.here), seconds=DRAINED_WITHIN, every=0.5)
    note("storm: seconds from its end until nothing waits", time.monotonic() - began, "s")
    counted = aftermath.here.sql("SELECT count(*) FROM autopilot_job_done WHERE type LIKE 'drill.%%'")[0][0]
    lost = "SELECT coalesce(max(extract(epoch FROM lost_at - beat_at)), 0)::float FROM autopilot_worker"
    silent = aftermath.here.sql(lost)[0][0]
    note("storm: from a worker's last beat until its work was taken over, longest", silent, "s", target=60)
    note("storm: jobs lost", JOBS - counted - len(aftermath.dead()), at_most=0)


def test_no_effect_was_made_twice(aftermath: Aftermath, note: Note) -> None:
    made = effects_made(aftermath.here, aftermath.books, note, "storm")
    note("storm: effects made", len(made))


def test_what_nobody_can_know_is_left_to_a_person(aftermath: Aftermath, note: Note) -> None:
    """A blind effect whose caller died stays unknown and is never sent again; of all others the outcome is known."""
    dead = aftermath.dead()
    unknown = [each for each in dead if each[1].startswith("Unknown")]
    crashed = [each for each in dead if each[2] >= 3]
    note("storm: blind effects left unknown, visible as dead letters", len(unknown))
    note("storm: jobs put aside after three dead workers", len(crashed))
    assert {kind for kind, _, _ in unknown} <= {"drill.blind"}
    assert len(dead) == len(unknown) + len(crashed), dead[:5]
    states = "SELECT operation, state, count(*) FROM autopilot_effect WHERE provider = 'drill' GROUP BY 1, 2"
    left = {(operation, state): count for operation, state, count in aftermath.here.sql(states) if state != "sent"}
    assert sum(left.values()) <= len(dead), left


def test_every_webhook_that_was_acked_is_stored_and_settled(aftermath: Aftermath, note: Note) -> None:
    stored = "SELECT event_id FROM autopilot_receipt WHERE provider = 'stripe' AND event_id LIKE 'evt_drill%%'"
    kept = {event for (event,) in aftermath.here.sql(stored)}
    note("storm: webhooks acked", len(aftermath.webhooks.acked))
    note("storm: webhooks acked and lost", len(aftermath.webhooks.acked - kept), at_most=0)
    wait_for(lambda: not aftermath.here.sql(f"{stored} AND processed_at IS NULL"))


def test_the_member_was_answered_and_got_nothing_twice(aftermath: Aftermath, note: Note) -> None:
    here, studio = aftermath.here, aftermath.studio
    inbound = "SELECT count(*) FROM coach_message WHERE workspace_id = %s AND direction = 'in' AND body LIKE 'Frage%%'"
    wait_for(lambda: here.sql(inbound, studio.id) == [(aftermath.member.wrote,)], seconds=120)
    assert aftermath.member.wrote > 5
    stopped = "SELECT status FROM coach_lead WHERE id = %s"
    wait_for(lambda: here.sql(stopped, studio.lead_id) == [("opted_out",)], seconds=60)
    sends = "SELECT count(*), count(*) FILTER (WHERE state = 'sent') FROM autopilot_effect WHERE workspace_id = %s"
    wait_for(lambda: not here.sql(f"{sends} AND state IN ('planned', 'sending') HAVING count(*) > 0", studio.id))
    intents, sent = here.sql(f"{sends} AND operation = 'messages.send'", studio.id)[0]
    received = [each["id"] for each in studio.received()]
    note("storm: messages of the member", aftermath.member.wrote)
    note("storm: messages on the member's phone", len(received))
    assert sent <= len(received) <= intents
    known = "SELECT provider_id FROM coach_message WHERE workspace_id = %s AND provider_id <> '' AND direction = 'out'"
    assert len(here.sql(known, studio.id)) >= sent


def test_each_scheduled_slot_came_once_with_two_beats(aftermath: Aftermath) -> None:
    slots = (
        "SELECT idempotency_key FROM autopilot_job WHERE idempotency_key LIKE 'schedule:%%' UNION ALL "
        "SELECT idempotency_key FROM autopilot_job_done WHERE idempotency_key LIKE 'schedule:%%'"
    )
    keys = Counter(key for (key,) in aftermath.here.sql(slots))
    assert len(keys) > 10
    assert max(keys.values()) == 1


@pytest.mark.parametrize("name", invariants.ALL)
def test_the_invariant_holds(aftermath: Aftermath, name: str) -> None:
    assert invariants.ALL[name](aftermath.here) == []


def test_the_logs_tell_nothing(aftermath: Aftermath) -> None:
    assert invariants.logs_tell_nothing(aftermath.here, aftermath.studio) == []
