"""The figures that are promised for two cores (reliability 6). One that is missed is told, not hidden, and ends nothing:
the machine may be busy with other things.
"""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from uuid import UUID

import httpx
import psycopg
import pytest

from tests.drills import sandbox_load
from tests.drills.conftest import Note
from tests.drills.site import Site
from tests.e2e.installation import Studio, wait_for
from tests.e2e.test_purchases import signed

pytestmark = [pytest.mark.processes, pytest.mark.drill]
SECONDS, A_SECOND = 60, 100
CLIENTS, READ_SECONDS = 20, 15
STUDIOS, MEMBERS_EACH = 1000, 100
MANY, OTHERS = 100_000, 40
_numbers = count(1)


def p95(values: list[float]) -> float:
    return quantiles(values, n=20)[-1]


def timed(ask: Callable[[], httpx.Response]) -> tuple[float, int]:
    began = time.monotonic()
    status = ask().status_code
    return 1000 * (time.monotonic() - began), status


def test_webhooks_are_accepted_a_hundred_times_a_second_for_a_minute(here: Site, note: Note) -> None:
    """At their own pace, whether or not the answer to the last one is there."""
    client = httpx.Client(base_url=here.product, timeout=30, trust_env=False)

    def deliver(due: float) -> tuple[float, int]:
        time.sleep(max(0.0, due - time.monotonic()))
        number = next(_numbers)
        event = {"id": f"evt_figure_{number}", "object": "event", "type": "drill.figure", "created": int(time.time())}
        body = json.dumps(event | {"data": {"object": {"id": f"obj_{number}", "object": "drill"}}}).encode()
        headers = {"Stripe-Signature": signed(body), "Content-Type": "application/json"}
        return timed(lambda: client.post("/api/webhooks/stripe", content=body, headers=headers))

    began = time.monotonic()
    with ThreadPoolExecutor(32) as crowd:
        answers = list(crowd.map(deliver, (began + number / A_SECOND for number in range(SECONDS * A_SECOND))))
    client.close()
    note("webhook accepted at 100/s for 60 s: p95", p95([each for each, _ in answers]), "ms", target=100)
    assert {status for _, status in answers} == {200}
    kept = "SELECT count(*) FROM autopilot_receipt WHERE event_id LIKE 'evt_figure%%'"
    assert here.sql(kept) == [(SECONDS * A_SECOND,)]
    wait_for(lambda: here.sql(f"{kept} AND processed_at IS NULL") == [(0,)], seconds=180, every=0.5)


_COLUMNS = """
SELECT string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position) FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = %s AND is_generated = 'NEVER'
"""
_COPY = """
WITH made AS (
  INSERT INTO {table} ({columns})
  SELECT {columns} FROM (SELECT (jsonb_populate_record(t, {changes})).* FROM {table} t, {crowd} WHERE t.id = %s) copies
  RETURNING 1)
SELECT count(*) FROM made
"""
_STUDIO = "jsonb_build_object('id', gen_random_uuid(), 'name', 'Studio ' || n)"
_MEMBER = """jsonb_build_object(
  'id', gen_random_uuid(), 'workspace_id', w.id, 'phone', '+4930' || (1000000 + n), 'name', 'Mitglied ' || n)"""


def copied(here: Site, table: str, original: str, *, changes: str, crowd: str) -> int:
    """Copy a row for each row of `crowd` and return how many were made."""
    ((columns,),) = here.sql(_COLUMNS, table)
    statement = _COPY.format(table=table, columns=columns, changes=changes, crowd=crowd)
    return int(here.sql(statement, original)[0][0])


@pytest.fixture(scope="module")
def crowded(here: Site, studio: Studio) -> Studio:
    """A thousand studios with a hundred members each."""
    studios = f"generate_series(1, {STUDIOS}) AS n"
    members = f"workspaces_workspace w, generate_series(1, {MEMBERS_EACH}) AS n"
    assert copied(here, "workspaces_workspace", studio.id, changes=_STUDIO, crowd=studios) == STUDIOS
    assert copied(here, "coach_lead", studio.lead_id, changes=_MEMBER, crowd=members) > STUDIOS * MEMBERS_EACH
    return studio


READS = ("/api/leads", "/api/conversations", "/api/followups", "/api/autopilot/status")


def test_reads_of_the_api_stay_quick_for_twenty_clients(here: Site, crowded: Studio, note: Note) -> None:
    over = threading.Event()

    def client(number: int) -> list[tuple[float, int]]:
        seen: list[tuple[float, int]] = []
        with httpx.Client(base_url=here.product, headers=crowded.headers, timeout=30, trust_env=False) as each:
            while not over.is_set():
                seen.append(timed(lambda: each.get(READS[(number + len(seen)) % len(READS)])))
                time.sleep(0.5)
        return seen

    with ThreadPoolExecutor(CLIENTS) as crowd:
        running = [crowd.submit(client, number) for number in range(CLIENTS)]
        time.sleep(READ_SECONDS)
        over.set()
    answers = [each for one in running for each in one.result()]
    assert {status for _, status in answers} <= {200, 429}
    good = [each for each, status in answers if status == 200]
    note("API read, 20 clients twice a second each, 1,000 studios: p95", p95(good), "ms", target=200)


def test_one_studio_s_hundred_thousand_jobs_do_not_hold_up_the_others(here: Site, note: Note, tmp_path: Path) -> None:
    crowd = here.python("tests.drills.crowd", MANY, OTHERS, tmp_path)
    said, _ = crowd.communicate(timeout=300)
    others = "FROM autopilot_job_done WHERE idempotency_key LIKE 'other-%%'"
    wait_for(lambda: here.sql(f"SELECT count(*) {others}") == [(OTHERS,)], seconds=120)
    waits = [wait for (wait,) in here.sql(f"SELECT extract(epoch FROM started_at - created_at)::float {others}")]
    # What is left of them would keep the other drills waiting for minutes.
    left = here.sql("DELETE FROM autopilot_job WHERE workspace_id = %s AND status = 0 RETURNING 1", UUID(said.strip()))
    note("of the 100,000 jobs still waiting when the others were done", len(left), at_least=MANY // 2)
    note("another studio's wait behind 100,000 jobs: p95", p95(waits), "s", at_most=30)
    note("another studio's wait behind 100,000 jobs: longest", max(waits), "s", target=1)
    wait_for(lambda: here.sql("SELECT count(*) FROM autopilot_job WHERE type = 'drill.marked'") == [(0,)], seconds=240)


_LIST = "SELECT * FROM coach_lead WHERE workspace_id = %s ORDER BY id DESC LIMIT 50"


def test_row_level_security_costs_an_indexed_list_next_to_nothing(here: Site, crowded: Studio, note: Note) -> None:
    with_it = _milliseconds(here, crowded, "pilar_app")
    without = _milliseconds(here, crowded, "postgres")
    note("row-level security on an indexed list: what it adds", max(0.0, with_it - without), "ms", target=1)


def _milliseconds(here: Site, studio: Studio, role: str) -> float:
    times = []
    with psycopg.connect(here.cluster.dsn(role, "pilar")) as connection:
        for _ in range(300):
            connection.execute("SELECT set_config('pilar.workspace', %s, true)", [studio.id])
            began = time.perf_counter()
            rows = connection.execute(_LIST, [studio.id]).fetchall()
            times.append(1000 * (time.perf_counter() - began))
            connection.rollback()
            assert len(rows) == 50
    return median(times)


def test_the_sandbox_is_not_what_is_measured(note: Note) -> None:
    with sandbox_load.sandbox() as (port, pid):
        for load in sandbox_load.LOADS:
            rate = sandbox_load.measure(load, port, pid)
            assert rate.status == 200
            note(f"sandbox, {load.name}: requests a second on one core", rate.on_one_core, "/s", at_least=1000)
