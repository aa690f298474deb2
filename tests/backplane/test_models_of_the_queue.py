"""Queue, budgets, locks and schedules against models simple enough to be read as their definition."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from pilar.backplane import beat, budgets, database_clock, jobs, locks, tenants
from pilar.backplane.engine import statements, workers
from pilar.backplane.engine.results import Claimed, Done, NotDone
from pilar.backplane.locks import Lock
from pilar.backplane.tenancy import tenant
from pilar.kernel import switchboard
from pilar.kernel.ids import uuid7
from pilar.kernel.problems import Conflict
from pilar.kernel.switchboard import LANES, BudgetResource, Empty, JobType, Schedule
from tests.backplane.trade import Task, everything, rows, value

pytestmark = pytest.mark.thorough
BULK = LANES.index("bulk")
STUDIOS = st.integers(0, 2)
TABLES = (
    "autopilot_job", "autopilot_job_done", "autopilot_job_attempt", "autopilot_idem", "autopilot_turn",
    "autopilot_worker", "autopilot_lock", "autopilot_budget", "autopilot_budget_window", "autopilot_budget_entry",
    "autopilot_tenant",
)  # fmt: skip
MODERATE = settings(
    max_examples=15, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
)


class Machine(RuleBasedStateMachine):
    """Begins with empty tables; the whole run is rolled back with its test."""

    @initialize()
    def empty(self) -> None:
        with everything():
            for table in TABLES:
                connection.cursor().execute(f"DELETE FROM {table}")
        self.studios = [uuid7() for _ in range(3)]
        self.begin()

    def begin(self) -> None:
        """Set up the model."""


class QueueMachine(Machine):
    """Each job is waiting, held by one live worker, dead, or finished; leases that were taken away write nothing."""

    def begin(self) -> None:
        self.state: dict[UUID, str] = {}
        self.crashes: dict[UUID, int] = {}
        self.keys: dict[tuple[int, int], UUID] = {}
        self.held: dict[UUID, Claimed] = {}
        self.stale: list[Claimed] = []
        self.register()

    def register(self) -> None:
        with everything():
            self.worker = workers.register(connection.cursor(), kind="worker", lanes=LANES)

    @rule(studio=STUDIOS, key=st.integers(0, 6))
    def enqueue(self, studio: int, key: int) -> None:
        with tenant(self.studios[studio]):
            made = jobs.enqueue("m.job", Task(n=key), key=str(key))
        assert self.keys.setdefault((studio, key), made) == made
        self.state.setdefault(made, "waiting")
        self.crashes.setdefault(made, 0)

    @rule(batch=st.integers(1, 4))
    def claim(self, batch: int) -> None:
        with everything():
            cursor = connection.cursor()
            statements.sweep(cursor)
            found, _ = statements.claim(cursor, lane=BULK, batch=batch, turns=10, worker=self.worker)
        waiting = [job for job, state in self.state.items() if state == "waiting" and self.crashes[job] < 2]
        assert len(found) == min(batch, len(waiting))
        self.take(found)

    @rule()
    def claim_alone(self) -> None:
        with everything():
            found = statements.claim_suspect(connection.cursor(), worker=self.worker)
        suspects = [job for job, state in self.state.items() if state == "waiting" and self.crashes[job] == 2]
        assert (found is not None) == bool(suspects)
        self.take([found] if found else [])

    def take(self, found: list[Claimed]) -> None:
        for row in found:
            assert self.state[row.public_id] == "waiting"
            self.state[row.public_id] = "held"
            self.held[row.public_id] = row

    @precondition(lambda self: self.held)
    @rule(data=st.data(), outcome=st.sampled_from(["done", "again", "dead"]))
    def finish(self, data: Any, outcome: str) -> None:
        row = self.held.pop(data.draw(st.sampled_from(sorted(self.held))))
        assert self.write(row, outcome) == 1
        self.state[row.public_id] = {"done": "finished", "again": "waiting", "dead": "dead"}[outcome]
        self.stale.append(row)

    @precondition(lambda self: self.stale)
    @rule(data=st.data(), outcome=st.sampled_from(["done", "again", "dead"]))
    def write_late(self, data: Any, outcome: str) -> None:
        assert self.write(data.draw(st.sampled_from(self.stale)), outcome) == 0

    def write(self, row: Claimed, outcome: str) -> int:
        with everything():
            cursor = connection.cursor()
            if outcome == "done":
                return statements.complete(cursor, [Done(row.id, row.lease)])
            result = NotDone(row.id, row.lease, is_dead=outcome == "dead", delay=0)
            return len(statements.put_back(cursor, [result], worker=self.worker))

    @rule()
    def worker_dies(self) -> None:
        rows("UPDATE autopilot_worker SET birth = 'another' WHERE id = %s RETURNING 1", self.worker)
        with everything():
            workers.rescue(connection.cursor(), by_silence=False)
        for job, row in self.held.items():
            self.crashes[job] += 1
            self.state[job] = "dead" if self.crashes[job] == 3 else "waiting"
            self.stale.append(row)
        self.held.clear()
        self.register()

    @precondition(lambda self: "dead" in self.state.values())
    @rule(data=st.data(), again=st.booleans())
    def person_decides(self, data: Any, again: bool) -> None:
        dead = sorted(job for job, state in self.state.items() if state == "dead")
        job = data.draw(st.sampled_from(dead))
        studio = next(studio for (studio, _), known in self.keys.items() if known == job)
        with tenant(self.studios[studio]):
            (jobs.retry if again else jobs.discard)(job)
        self.state[job], self.crashes[job] = ("waiting", 0) if again else ("finished", self.crashes[job])

    @rule(studio=STUDIOS, key=st.integers(0, 6))
    def cancel(self, studio: int, key: int) -> None:
        job = self.keys.get((studio, key))
        if job is None:
            return
        with tenant(self.studios[studio]):
            if self.state[job] in ("waiting", "dead"):
                jobs.cancel(job)
                self.state[job] = "finished"
            else:
                with pytest.raises(Conflict):
                    jobs.cancel(job)

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        if not hasattr(self, "state"):
            return
        words = {0: "waiting", 6: "waiting", 1: "held", 2: "dead"}
        live = {job: words[status] for job, status in rows("SELECT public_id, status FROM autopilot_job")}
        done = [job for (job,) in rows("SELECT public_id FROM autopilot_job_done")]
        assert live == {job: state for job, state in self.state.items() if state != "finished"}
        assert sorted(done) == sorted(job for job, state in self.state.items() if state == "finished")


class BudgetMachine(Machine):
    """What is used is the sum of what is reserved and settled, and never above the limit."""

    LIMIT = 20

    def begin(self) -> None:
        self.now = datetime(2027, 3, 27, 20, tzinfo=UTC)
        self.booked: dict[int, tuple[str, datetime, int, Any]] = {}
        tenants.put(self.studios[0], timezone="Europe/Berlin")
        with tenant(self.studios[0]):
            budgets.set_limits("m.unit", daily=self.LIMIT)

    def day(self) -> datetime:
        return budgets._local_midnight(self.now, tenants.ZoneInfo("Europe/Berlin"))

    def used(self, day: datetime) -> int:
        return sum(amount for state, at, amount, _ in self.booked.values() if at == day and state != "released")

    @rule(key=st.integers(0, 8), amount=st.integers(0, 12))
    def reserve(self, key: int, amount: int) -> None:
        known = self.booked.get(key)
        fits = self.used(self.day()) + amount <= self.LIMIT
        with tenant(self.studios[0]):
            if known and known[0] != "released":
                assert budgets.reserve("m.unit", amount, key=str(key), now=self.now).id == known[3].id
            elif fits:
                made = budgets.reserve("m.unit", amount, key=str(key), now=self.now)
                self.booked[key] = ("reserved", self.day(), amount, made)
            else:
                with pytest.raises(budgets.Exceeded):
                    budgets.reserve("m.unit", amount, key=str(key), now=self.now)

    @precondition(lambda self: self.booked)
    @rule(data=st.data(), used=st.integers(0, 15), give_back=st.booleans())
    def close(self, data: Any, used: int, give_back: bool) -> None:
        key = data.draw(st.sampled_from(sorted(self.booked)))
        state, day, amount, made = self.booked[key]
        with tenant(self.studios[0]):
            if give_back:
                budgets.release(made)
            else:
                budgets.settle(made, used)
        if state == "reserved":
            self.booked[key] = ("released", day, 0, made) if give_back else ("settled", day, min(used, amount), made)

    @rule(hours=st.integers(1, 30))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @invariant()
    def windows_are_the_sums_of_the_ledger(self) -> None:
        if not hasattr(self, "booked"):
            return
        windows = dict(rows("SELECT opened_at, used FROM autopilot_budget_window WHERE span = 'day'"))
        assert all(used <= self.LIMIT for used in windows.values())
        assert windows == {day: self.used(day) for day in windows}
        assert set(windows) >= {at for state, at, amount, _ in self.booked.values() if amount and state != "released"}


class LockMachine(Machine):
    """A name has one holder; tokens only grow; whoever is late can neither extend, confirm nor release."""

    def begin(self) -> None:
        self.holder: dict[str, Lock] = {}
        self.late: list[Lock] = []
        self.token = 0

    names = st.sampled_from(["a", "b"])

    @rule(name=names)
    def acquire(self, name: str) -> None:
        with tenant(self.studios[0]):
            lock = locks.acquire(name, ttl=timedelta(minutes=1), owner="m")
        assert (lock is None) == (name in self.holder)
        if lock:
            assert lock.token > self.token
            self.token, self.holder[name] = lock.token, lock

    @rule(name=names)
    def release(self, name: str) -> None:
        lock = self.holder.pop(name, None)
        if lock:
            with tenant(self.studios[0]):
                assert locks.release(lock)
            self.late.append(lock)

    @rule(name=names)
    def runs_out(self, name: str) -> None:
        lock = self.holder.pop(name, None)
        if lock:
            past = "UPDATE autopilot_lock SET expires_at = statement_timestamp() - interval '1 s' WHERE id = %s RETURNING 1"
            rows(past, lock.id)
            self.late.append(lock)

    @rule(name=names)
    def extend(self, name: str) -> None:
        if name in self.holder:
            with tenant(self.studios[0]):
                self.holder[name] = locks.extend(self.holder[name], ttl=timedelta(minutes=2))

    @precondition(lambda self: self.late)
    @rule(data=st.data())
    def come_late(self, data: Any) -> None:
        lock = data.draw(st.sampled_from(self.late))
        with tenant(self.studios[0]):
            with pytest.raises(locks.Lost):
                locks.extend(lock, ttl=timedelta(minutes=1))
            with pytest.raises(locks.Lost):
                locks.confirm(lock)

    @invariant()
    def holders_hold(self) -> None:
        if hasattr(self, "holder"):
            with tenant(self.studios[0]):
                for lock in self.holder.values():
                    locks.confirm(lock)


class ScheduleMachine(Machine):
    """Beats that come and go, on a clock that goes on and jumps: each slot that any of them saw is made once."""

    def begin(self) -> None:
        self.moment = datetime(2027, 3, 28, 0, 59, tzinfo=UTC)
        self.seen: set[int] = set()
        self.beats: list[dict[str, int]] = [{}, {}]

    @rule(beat_number=st.integers(0, 1))
    def tick(self, beat_number: int) -> None:
        before = database_clock.now
        database_clock.now = lambda: self.moment
        try:
            beat.run_due_slots(self.beats[beat_number])
        finally:
            database_clock.now = before
        self.seen.add(int(self.moment.timestamp() // 60))

    @rule(seconds=st.integers(1, 90))
    def time_passes(self, seconds: int) -> None:
        self.moment += timedelta(seconds=seconds)

    @rule(hours=st.integers(-30, 30))
    def clock_jumps(self, hours: int) -> None:
        self.moment += timedelta(hours=hours)

    @rule(beat_number=st.integers(0, 1))
    def beat_restarts(self, beat_number: int) -> None:
        self.beats[beat_number] = {}

    @invariant()
    def each_slot_is_made_once(self) -> None:
        if hasattr(self, "seen"):
            keys = [key for (key,) in rows("SELECT idempotency_key FROM autopilot_job")]
            assert sorted(keys) == sorted(f"schedule:m:{slot}" for slot in self.seen)


@pytest.mark.django_db
@pytest.mark.parametrize("machine", [QueueMachine, BudgetMachine, LockMachine, ScheduleMachine])
def test_it_does_what_its_model_does(machine: type[Machine], monkeypatch: pytest.MonkeyPatch) -> None:
    minute = {"m": Schedule("m", timedelta(minutes=1), "m.tick")}
    monkeypatch.setitem(switchboard.jobs, "m.job", JobType("m.job", lambda _: None, Task, "bulk"))
    monkeypatch.setitem(switchboard.jobs, "m.tick", JobType("m.tick", lambda _: None, Empty, "bulk"))
    monkeypatch.setitem(switchboard.budget_resources, "m.unit", BudgetResource("m.unit", "unit"))
    monkeypatch.setattr(switchboard, "schedules", minute)
    assert value("SELECT 1") == 1
    run_state_machine_as_test(machine, settings=MODERATE)
