"""The engine's statements look up what they need, also while the statistics still tell of an empty table."""

from typing import Any

import pytest

from pilar.backplane import jobs, sql
from pilar.backplane.engine import statements
from pilar.kernel.ids import uuid7
from tests.backplane.trade import Task, Trade, everything

pytestmark = pytest.mark.django_db


def plan(statement: str, values: dict[str, Any]) -> str:
    with everything():
        sql.run("SET LOCAL enable_seqscan = off")
        return "\n".join(line for (line,) in sql.rows(f"EXPLAIN {statement}", values))


@pytest.fixture(autouse=True)
def _backlog(trade: Trade) -> None:
    trade.job()
    with everything():
        jobs.enqueue_many("t.job", [jobs.NewJob(uuid7(), Task(), str(n)) for n in range(100)])
        sql.run("UPDATE autopilot_job SET status = 1, lease = id, locked_by = 1")


def test_finished_jobs_are_looked_up_by_their_ids_not_among_all_that_run() -> None:
    found = plan(statements._DONE, {"ids": "{1,2}", "leases": "{1,2}", "told": "{}", "results": []})
    assert "autopilot_job_pkey" in found
    assert "job_running" not in found


def test_a_claim_reads_the_turns_it_took_not_all_of_the_lane() -> None:
    values = {"lane": 5, "batch": 10, "turns": 16, "worker": 1, "quantum": 10, "due": None}
    update = plan(statements._CLAIM, values).partition("Update on autopilot_turn")[2].partition("Update on")[0]
    assert "workspace_id = ANY" in update
