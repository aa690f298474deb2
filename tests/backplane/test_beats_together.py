"""Several beats on real connections: the database decides, not their memory."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connections

from pilar.backplane import beat
from pilar.kernel import switchboard
from pilar.kernel.switchboard import Empty, JobType, Schedule
from tests.backplane.trade import Trade, value


def test_two_beats_at_the_very_same_moment_make_each_slot_once(
    threads: str, trade: Trade, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switchboard, "schedules", {"t": Schedule("t", timedelta(days=1), "t.job")})
    monkeypatch.setitem(switchboard.jobs, "t.job", JobType("t.job", trade.seen.append, Empty, "bulk"))
    together = Barrier(6)

    def tick(_number: int) -> None:
        together.wait()
        beat.run_due_slots({})
        connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(tick, range(6)))
    assert value("SELECT count(*) FROM autopilot_job") == 1
