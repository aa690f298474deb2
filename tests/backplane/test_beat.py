from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from pilar.backplane import beat, database_clock
from pilar.backplane.engine import work_off
from pilar.backplane.tenancy import PLATFORM
from pilar.kernel import switchboard
from pilar.kernel.switchboard import Empty, JobType, Schedule
from tests.backplane.trade import Trade, value

pytestmark = pytest.mark.django_db
MOMENT = datetime(2027, 3, 10, 12, 0, 30, tzinfo=UTC)


class Clock:
    moment = MOMENT


@pytest.fixture
def time(trade: Trade, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """One schedule of one minute, on a clock that stands."""
    monkeypatch.setattr(switchboard, "schedules", {"t": Schedule("t", timedelta(minutes=1), "t.job")})
    monkeypatch.setitem(switchboard.jobs, "t.job", JobType("t.job", trade.seen.append, Empty, "bulk"))
    monkeypatch.setattr(database_clock, "now", lambda: Clock.moment)
    monkeypatch.setattr(Clock, "moment", MOMENT)
    return Clock()


def made() -> int:
    return int(value("SELECT count(*) FROM autopilot_job"))


def test_a_due_slot_makes_its_job_for_the_platform(time: Clock, trade: Trade) -> None:
    beat.run_due_slots({})
    work_off()
    assert trade.seen[0].workspace_id == PLATFORM


def test_two_beats_make_each_slot_once(time: Clock) -> None:
    beat.run_due_slots({})
    beat.run_due_slots({})
    assert made() == 1


def test_each_slot_makes_one(time: Clock) -> None:
    memory: dict[str, int] = {}
    for seconds in range(0, 180, 5):
        Clock.moment = MOMENT + timedelta(seconds=seconds)
        beat.run_due_slots(memory)
    assert made() == 4


def test_a_clock_that_jumps_back_repeats_nothing(time: Clock) -> None:
    for seconds in (0, 60, -60, 0, 60):
        Clock.moment = MOMENT + timedelta(seconds=seconds)
        beat.run_due_slots({})
    assert made() == 3


def test_after_an_absence_only_the_present_slot_is_made_up_for(time: Clock) -> None:
    memory: dict[str, int] = {}
    beat.run_due_slots(memory)
    Clock.moment = MOMENT + timedelta(hours=5)
    beat.run_due_slots(memory)
    assert made() == 2


def test_its_lateness_is_counted_for_slots_that_follow_its_own(time: Clock, client: Client) -> None:
    memory: dict[str, int] = {}
    for seconds in (0, 32, 33, 90, 240):
        Clock.moment = MOMENT + timedelta(seconds=seconds)
        beat.run_due_slots(memory)
    beat.run_due_slots({})
    told = client.get("/metrics", headers={"Authorization": "Bearer tests-cron-secret"}).content.decode().splitlines()
    assert {"pilar_schedule_slots_total 2.0", "pilar_schedule_late_seconds_total 2.0"} <= set(told)


def test_the_beat_sleeps_until_the_next_slot(time: Clock) -> None:
    assert beat.run_due_slots({}) == pytest.approx(30)


def test_every_schedule_names_a_job_without_input() -> None:
    assert switchboard.schedules
    for schedule in switchboard.schedules.values():
        assert switchboard.jobs[schedule.job].payload is Empty
