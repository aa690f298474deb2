from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from django.db import connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pilar.backplane import budgets, tenants
from pilar.backplane.budgets import Exceeded, Reservation
from pilar.backplane.models import AuditLog
from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel import switchboard
from pilar.kernel.ids import uuid7
from pilar.kernel.problems import Problem
from pilar.kernel.switchboard import BudgetResource
from tests.backplane.trade import rows, value

ZONES = ["Europe/Berlin", "Asia/Tokyo", "America/New_York", "Pacific/Kiritimati", "Pacific/Niue"]
NOON = datetime(2027, 3, 10, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def resource(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(switchboard.budget_resources, "pens", BudgetResource("pens", "pens", monthly=True))


def used(now: datetime = NOON) -> int:
    return next(standing.daily_used for standing in budgets.status(now) if standing.resource == "pens")


def used_in_month(now: datetime = NOON) -> int | None:
    return next(standing.monthly_used for standing in budgets.status(now) if standing.resource == "pens")


def spent() -> int:
    return int(value("SELECT coalesce(sum(amount), 0) FROM autopilot_budget_entry"))


def reserve(amount: int, *, key: str = "", now: datetime = NOON) -> Reservation:
    return budgets.reserve("pens", amount, key=key or str(uuid7()), now=now)


def override(daily: int, until: datetime = NOON + timedelta(hours=1)) -> None:
    budgets.override("pens", daily=daily, until=until, actor="operator:1", reason="a party", now=NOON)


@pytest.mark.django_db
class TestLimits:
    def test_without_a_budget_there_is_no_limit_but_a_count(self, inside: UUID) -> None:
        reserve(1_000_000)
        assert used() == 1_000_000

    def test_the_day_is_not_overspent(self, inside: UUID) -> None:
        budgets.set_limits("pens", daily=10, policy="drop")
        reserve(7)
        with pytest.raises(Exceeded) as refusal:
            reserve(4)
        assert (refusal.value.policy, refusal.value.retry_at) == ("drop", datetime(2027, 3, 11, tzinfo=UTC))
        assert used() == 7

    def test_the_hour_is_not_overspent(self, inside: UUID) -> None:
        budgets.set_limits("pens", daily=100, hourly=5)
        reserve(5)
        with pytest.raises(Exceeded) as refusal:
            reserve(1, now=NOON + timedelta(minutes=59))
        assert refusal.value.retry_at == NOON + timedelta(hours=1)
        reserve(5, now=NOON + timedelta(hours=1))

    def test_a_refused_reservation_leaves_no_trace(self, inside: UUID) -> None:
        budgets.set_limits("pens", daily=100, hourly=5)
        with pytest.raises(Exceeded):
            reserve(6)
        assert used() == 0
        assert value("SELECT count(*) FROM autopilot_budget_entry") == 0

    def test_the_same_key_is_counted_once(self, inside: UUID) -> None:
        assert reserve(3, key="k") == reserve(3, key="k")
        assert used() == 3

    def test_what_was_not_used_is_given_back(self, inside: UUID) -> None:
        reservation = reserve(10)
        budgets.settle(reservation, 4)
        budgets.settle(reservation, 1)
        assert used() == 4

    def test_what_went_beyond_is_recorded_and_not_counted(self, inside: UUID) -> None:
        budgets.settle(reserve(10), 12)
        assert used() == 10
        assert value("SELECT overrun FROM autopilot_budget_entry") == 2

    def test_a_release_gives_all_back_once(self, inside: UUID) -> None:
        reserve(1)
        reservation = reserve(10)
        budgets.release(reservation)
        budgets.release(reservation)
        assert used() == 1

    def test_what_was_released_counts_again_when_it_is_done_after_all(self, inside: UUID) -> None:
        budgets.release(reserve(3, key="k"))
        reserve(3, key="k")
        assert used() == 3

    def test_the_operators_override_holds_until_its_time(self, inside: UUID) -> None:
        budgets.set_limits("pens", daily=1)
        override(5)
        reserve(5)
        with pytest.raises(Exceeded):
            reserve(1, now=NOON + timedelta(hours=2))

    def test_an_override_that_is_ended_holds_no_longer_and_both_are_noted(self, inside: UUID) -> None:
        budgets.set_limits("pens", daily=1)
        override(5)
        budgets.end_override("pens", actor="operator:1")
        with pytest.raises(Exceeded):
            reserve(2)
        noted = AuditLog.objects.order_by("id").values_list("action", "actor")
        assert list(noted) == [("budget.overridden", "operator:1"), ("budget.override_ended", "operator:1")]

    @pytest.mark.parametrize("away", [timedelta(0), timedelta(days=32)])
    def test_an_override_without_a_near_end_is_refused(self, inside: UUID, away: timedelta) -> None:
        with pytest.raises(Problem):
            override(5, until=NOON + away)

    def test_a_change_of_plan_keeps_the_policy_and_the_hour_that_were_chosen(self, inside: UUID) -> None:
        budgets.allow("pens", daily=10, policy="queue")
        budgets.choose("pens", policy="drop", hourly=2, actor="test")
        budgets.allow("pens", daily=20, policy="queue")
        found = next(one for one in budgets.status(NOON) if one.resource == "pens")
        assert (found.daily_limit, found.hourly_limit, found.policy) == (20, 2, "drop")

    @pytest.mark.parametrize(("own", "of_the_plan", "holds"), [(5, 10, 5), (5, 3, 3), (5, None, 5), (None, 10, 10)])
    def test_the_lower_of_the_plans_and_the_own_limit_holds(
        self, inside: UUID, own: int | None, of_the_plan: int | None, holds: int
    ) -> None:
        budgets.choose("pens", own_daily=own, actor="test")
        budgets.allow("pens", daily=of_the_plan)
        reserve(holds)
        with pytest.raises(Exceeded):
            reserve(1, key="more")

    def test_what_is_not_named_in_a_choice_stays(self, inside: UUID) -> None:
        budgets.choose("pens", own_daily=5, policy="drop", actor="test")
        budgets.choose("pens", hourly=2, actor="test")
        found = next(one for one in budgets.status(NOON) if one.resource == "pens")
        assert (found.own_daily, found.hourly_limit, found.policy) == (5, 2, "drop")

    def test_all_resources_are_read_in_three_statements(
        self, inside: UUID, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("inks", "papers"):
            monkeypatch.setitem(switchboard.budget_resources, name, BudgetResource(name, name))
        reserve(3)
        with atomic(), django_assert_max_num_queries(3):
            found = {standing.resource: standing.daily_used for standing in budgets.status(NOON)}
        assert (found["pens"], found["inks"], found["papers"]) == (3, 0, 0)

    def test_a_negative_amount_is_refused(self, inside: UUID) -> None:
        with pytest.raises(ValueError, match="Only something"):
            reserve(-1)


@pytest.mark.django_db
class TestTheStudiosDay:
    @pytest.fixture(autouse=True)
    def _in_berlin(self, inside: UUID) -> None:
        tenants.put(inside, timezone="Europe/Berlin")
        budgets.set_limits("pens", daily=1)

    def test_it_begins_at_local_midnight(self) -> None:
        reserve(1, now=datetime(2027, 3, 10, 22, 59, tzinfo=UTC))
        reserve(1, now=datetime(2027, 3, 10, 23, 0, tzinfo=UTC))

    @pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "Pacific/Kiritimati", "Pacific/Niue"])
    def test_a_changed_time_zone_gives_no_second_allowance(self, inside: UUID, zone: str) -> None:
        now = datetime(2027, 3, 10, 20, 0, tzinfo=UTC)
        reserve(1, now=now)
        tenants.put(inside, timezone=zone)
        with pytest.raises(Exceeded):
            reserve(1, now=now + timedelta(minutes=1))

    def test_a_refusal_after_a_changed_time_zone_names_the_moment_that_really_opens(self, inside: UUID) -> None:
        tenants.put(inside, timezone="Asia/Tokyo")
        now = datetime(2027, 3, 10, 20, tzinfo=UTC)
        reserve(1, now=now)
        tenants.put(inside, timezone="America/New_York")
        with pytest.raises(Exceeded) as refusal:
            reserve(1, now=now)
        assert reserve(1, now=refusal.value.retry_at)

    @given(steps=st.lists(st.tuples(st.integers(0, 30), st.sampled_from(ZONES)), max_size=12))
    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_days_never_open_closer_than_23_hours_whatever_the_zones(
        self, inside: UUID, steps: list[tuple[int, str]]
    ) -> None:
        rows("DELETE FROM autopilot_budget_window RETURNING 1")
        now = datetime(2027, 10, 29, 12, tzinfo=UTC)  # the weekend on which Europe's clocks go back
        for hours, zone in steps:
            now += timedelta(hours=hours)
            tenants.put(inside, timezone=zone)
            with suppress(Exceeded):
                reserve(1, now=now)
        opened = [at for (at,) in rows("SELECT opened_at FROM autopilot_budget_window WHERE span = 'day' ORDER BY 1")]
        assert all(later - sooner >= timedelta(hours=23) for sooner, later in pairwise(opened))

    def test_the_long_day_of_autumn_has_one_allowance(self) -> None:
        reserve(1, now=datetime(2027, 10, 30, 22, 30, tzinfo=UTC))
        with pytest.raises(Exceeded):
            reserve(1, now=datetime(2027, 10, 31, 22, 30, tzinfo=UTC))

    def test_the_short_day_of_spring_has_an_allowance_of_its_own(self) -> None:
        reserve(1, now=datetime(2027, 3, 28, 12, tzinfo=UTC))
        reserve(1, now=datetime(2027, 3, 28, 22, 30, tzinfo=UTC))


@pytest.mark.django_db
class TestTheStudiosMonth:
    @pytest.fixture(autouse=True)
    def _in_berlin(self, inside: UUID) -> None:
        tenants.put(inside, timezone="Europe/Berlin")
        budgets.choose("pens", own_monthly=10, actor="test")

    def test_its_days_share_one_allowance(self) -> None:
        reserve(6, now=datetime(2027, 2, 28, 22, 30, tzinfo=UTC))
        reserve(6)
        with pytest.raises(Exceeded) as refusal:
            reserve(5, now=NOON + timedelta(days=3))
        assert refusal.value.retry_at == datetime(2027, 3, 31, 22, tzinfo=UTC)
        assert (used_in_month(), used(NOON + timedelta(days=3))) == (6, 0)

    def test_what_is_given_back_is_given_back_to_the_month_as_well(self) -> None:
        budgets.settle(reserve(9), 2)
        budgets.release(reserve(8))
        assert used_in_month() == 2

    def test_what_is_held_is_found_by_its_key_until_it_is_settled(self) -> None:
        budgets.settle(reserve(4, key="k"), 1)
        held = reserve(3, key="h")
        assert (budgets.held("pens", key="k"), budgets.held("pens", key="h")) == (None, held)

    def test_an_operators_exception_goes_beyond_the_month(self) -> None:
        override(50)
        assert reserve(20)

    @given(steps=st.lists(st.tuples(st.integers(0, 400), st.sampled_from(ZONES)), max_size=10))
    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_months_never_open_closer_than_27_days_whatever_the_zones(
        self, inside: UUID, steps: list[tuple[int, str]]
    ) -> None:
        rows("DELETE FROM autopilot_budget_window RETURNING 1")
        now = datetime(2027, 1, 30, 12, tzinfo=UTC)  # before the shortest month
        for hours, zone in steps:
            now += timedelta(hours=hours)
            tenants.put(inside, timezone=zone)
            with suppress(Exceeded):
                reserve(1, now=now)
        opened = [at for (at,) in rows("SELECT opened_at FROM autopilot_budget_window WHERE span = 'month' ORDER BY 1")]
        assert all(later - sooner >= timedelta(days=27) for sooner, later in pairwise(opened))


@pytest.mark.django_db
class TestTheLedger:
    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        steps=st.lists(
            st.tuples(st.sampled_from(["reserve", "settle", "release"]), st.integers(0, 9), st.integers(0, 5)),
            max_size=25,
        )
    )
    def test_the_window_is_the_sum_of_its_ledger_and_never_above_the_limit(
        self, inside: UUID, steps: list[tuple[str, int, int]]
    ) -> None:
        rows("DELETE FROM autopilot_budget_window RETURNING 1")
        rows("DELETE FROM autopilot_budget_entry RETURNING 1")
        budgets.set_limits("pens", daily=20)
        held: list[Reservation] = []
        for action, amount, index in steps:
            if action == "reserve":
                try:
                    held.append(reserve(amount))
                except Exceeded:
                    assert used() + amount > 20
            elif held and action == "settle":
                budgets.settle(held[index % len(held)], amount)
            elif held:
                budgets.release(held[index % len(held)])
        assert used() == used_in_month() == (value("SELECT sum(amount) FROM autopilot_budget_entry") or 0) <= 20


def test_many_at_once_never_spend_more_than_the_limit(threads: str, workspace: UUID) -> None:
    with tenant(workspace):
        budgets.set_limits("pens", daily=10, hourly=10)
        budgets.choose("pens", own_monthly=9, actor="test")

    def spend(number: int) -> bool:
        """Every third gives half of it back: what is returned may be spent again, and no more."""
        try:
            with tenant(workspace):
                reservation = reserve(3)
                if number % 3 == 0:
                    budgets.settle(reservation, 1)
            return True
        except Exceeded:
            return False
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert 3 <= sum(pool.map(spend, range(24))) <= 9
    with tenant(workspace):
        found = next(standing for standing in budgets.status(NOON) if standing.resource == "pens")
        assert found.daily_used == found.hourly_used == found.monthly_used == spent() <= 9
