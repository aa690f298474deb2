"""PostgreSQL restarted, crashed, stopped and out of reach under load: 503, nothing acked is lost, all resume by themselves."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from uuid import uuid4

import httpx
import pytest

from tests.drills.conftest import Note
from tests.drills.site import Site, order_work, seconds_until
from tests.e2e.installation import Studio, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.drill]
RESUMED_WITHIN = 15.0
PLACES = ("/dashboard", "/dashboard/members", "/accounts/login/", "/api/leads", "/api/health/autopilot", "/")


class Load:
    """Adds members through the API as fast as it is let, and keeps what was answered."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.acked: list[str] = []
        self.refused: list[httpx.Response] = []
        self.broken = 0

    def run(self, over: Event) -> None:
        with httpx.Client(base_url=self.studio.installation.product, timeout=30, trust_env=False) as client:
            while not over.is_set():
                self._add(client)
                time.sleep(0.05)

    def _add(self, client: httpx.Client) -> None:
        phone = f"+4917{uuid4().int % 10**9:09d}"
        lead = {"name": "Last", "phone": phone, "language": "de", "timezone": "Europe/Berlin", "tags": ["load"]}
        try:
            answer = client.post("/api/leads", json=lead, headers=self.studio.headers)
        except httpx.TransportError:
            self.broken += 1
            return
        if answer.status_code == 201:
            self.acked.append(answer.json()["id"])
        else:
            self.refused.append(answer)


@contextmanager
def loaded(studio: Studio) -> Iterator[Load]:
    """Two clients write while the block runs."""
    load, over = Load(studio), Event()
    with ThreadPoolExecutor(2) as pool:
        for _ in range(2):
            pool.submit(load.run, over)
        try:
            time.sleep(1)
            yield load
            time.sleep(1)
        finally:
            over.set()


def resumed(here: Site, studio: Studio, note: Note, how: str) -> None:
    """From now on: how long until web, workers and beat are at work again."""
    began = time.monotonic()
    wait_for(lambda: here.web.get("/readyz").status_code == 200, seconds=30)
    note(f"PostgreSQL {how}: seconds until web serves", time.monotonic() - began, "s", at_most=RESUMED_WITHIN)
    ((now,),) = here.sql("SELECT clock_timestamp()")
    wait_for(lambda: order_work(studio).is_success, seconds=30)
    done = "SELECT 1 FROM autopilot_job_done WHERE type LIKE '%%:health.queue_check' AND finished_at > %s"
    wait_for(lambda: here.sql(done, now), seconds=60)
    note(f"PostgreSQL {how}: seconds until a first job is done", time.monotonic() - began, "s", at_most=RESUMED_WITHIN)
    ticked = "SELECT 1 FROM autopilot_worker WHERE kind = 'beat' AND beat_at > now() - interval '6 seconds'"
    wait_for(lambda: here.sql(ticked), seconds=15)


def nothing_is_lost(here: Site, load: Load, note: Note, how: str) -> None:
    kept = {str(lead) for (lead,) in here.sql("SELECT id FROM coach_lead WHERE tags ? 'load'")}
    note(f"PostgreSQL {how}: writes acked and lost", len(set(load.acked) - kept), at_most=0)
    assert load.acked
    assert {answer.status_code for answer in load.refused} <= {503}
    assert all(answer.headers["Retry-After"] for answer in load.refused)


@pytest.mark.parametrize("how", ["restarted", "crashed", "stopped for 12 s"])
def test_all_resume_by_themselves_and_nothing_acked_is_lost(here: Site, studio: Studio, note: Note, how: str) -> None:
    pids = {name: here.pids()[name] for name in ("web", "worker", "beat")}
    with loaded(studio) as load:
        if how == "crashed":
            here.crash_database()
        else:
            here.cluster.stop()
            time.sleep(12 if how.startswith("stopped") else 0)
            here.cluster.start()
        resumed(here, studio, note, how)
    nothing_is_lost(here, load, note, how)
    assert {name: here.pids()[name] for name in pids} == pids, "nobody had to be started again"


def test_while_it_is_away_pages_and_routes_say_so_at_once(here: Site, studio: Studio, note: Note) -> None:
    slowest = 0.0
    here.cluster.stop()
    try:
        for place in PLACES:
            began = time.monotonic()
            answer = studio.ask("GET", place) if place.startswith("/api") else studio.browser.get(place)
            slowest = max(slowest, time.monotonic() - began)
            if place != "/":
                assert answer.status_code == 503, (place, answer.text[:300])
                assert answer.headers["Retry-After"], place
                assert not place.startswith("/api/leads") or answer.json()["code"]
            assert "Traceback" not in answer.text
        assert here.web.get("/healthz").status_code == 200
        assert here.web.get("/readyz").status_code == 503
    finally:
        here.cluster.start()
    note("PostgreSQL away: seconds of the slowest answer", slowest, "s", at_most=6)
    seconds_until(lambda: here.web.get("/readyz").status_code == 200, within=RESUMED_WITHIN)


def test_sessions_that_are_ended_one_by_one_cost_no_answer(here: Site, studio: Studio) -> None:
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'pilar%%'"
    for _ in range(3):
        here.sql(ended)
        answers = [studio.ask("GET", "/api/leads").status_code for _ in range(5)]
        assert set(answers) <= {200, 503}
        assert answers[-1] == 200
