"""Breakers: shared rows, one probe, and no workspace that stops another by itself."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from django.db import connections

from pilar.backplane.tenancy import all_tenants, atomic, tenant
from pilar.kernel.errors import CircuitOpen, ErrorClass
from pilar.providers import breakers
from pilar.providers.breakers import FAILURES_TO_OPEN, admit, failed, succeeded
from tests.factories import WorkspaceFactory

pytestmark = pytest.mark.django_db
TRANSIENT, AUTH = ErrorClass.TRANSIENT_NETWORK, ErrorClass.THIRD_PARTY_AUTH_FAILED


@pytest.fixture(autouse=True)
def _transaction(in_studio: UUID) -> None:
    """Breakers need an open transaction; the test's own does."""


def fail(times: int = FAILURES_TO_OPEN, kind: ErrorClass = TRANSIENT, provider: str = "stripe") -> None:
    with atomic():
        for _ in range(times):
            failed(provider, kind)


def a_minute_passes() -> None:
    with connections["default"].cursor() as cursor, atomic():
        for table in ("providers_breaker", "providers_globalbreaker"):
            cursor.execute(f"UPDATE {table} SET open_until = open_until - interval '61 seconds'")


def is_open(provider: str = "stripe") -> bool:
    try:
        with atomic():
            admit(provider)
    except CircuitOpen:
        return True
    return False


def in_other_studios(count: int, action: Callable[[], None]) -> None:
    for _ in range(count):
        with tenant_outside(WorkspaceFactory().pk):
            action()


@contextmanager
def tenant_outside(workspace_id: UUID) -> Iterator[None]:
    with all_tenants("a test acts as several studios"), tenant(workspace_id):
        yield


def test_four_failures_leave_it_closed() -> None:
    fail(4)
    assert not is_open()


def test_the_fifth_failure_in_a_row_opens_it_for_a_minute() -> None:
    fail(5)
    with pytest.raises(CircuitOpen) as found, atomic():
        admit("stripe")
    assert 55 < (found.value.retry_after or 0) <= 60


def test_a_success_between_starts_the_count_again() -> None:
    fail(4)
    with atomic():
        succeeded("stripe", admit("stripe"))
    fail(4)
    assert not is_open()


def test_another_provider_is_not_affected() -> None:
    fail(5)
    assert not is_open("twilio")


def test_after_a_minute_one_call_may_probe_and_no_second() -> None:
    fail(5)
    a_minute_passes()
    assert [is_open() for _ in range(3)] == [False, True, True]


def test_a_probe_that_succeeds_closes_it() -> None:
    fail(5)
    a_minute_passes()
    with atomic():
        assert succeeded("stripe", admit("stripe"))
    assert not is_open()
    assert not is_open()


def test_a_probe_that_fails_opens_it_for_another_minute() -> None:
    fail(5)
    a_minute_passes()
    assert not is_open()
    fail(1)
    assert is_open()


def test_new_credentials_close_it() -> None:
    fail(5, AUTH)
    with atomic():
        breakers.reset("stripe")
    assert not is_open()


def test_one_studios_failures_stop_no_other() -> None:
    fail(20)
    with tenant_outside(WorkspaceFactory().pk):
        assert not is_open()


def test_bad_credentials_of_many_studios_stop_no_other() -> None:
    in_other_studios(4, lambda: fail(5, AUTH))
    assert not is_open()


def test_a_provider_that_fails_three_studios_is_paused_for_all() -> None:
    in_other_studios(2, fail)
    assert not is_open()
    in_other_studios(1, fail)
    assert is_open()


def test_one_good_answer_opens_the_way_for_all_again() -> None:
    in_other_studios(3, fail)
    a_minute_passes()
    with atomic():
        succeeded("stripe", admit("stripe"))
    assert [is_open() for _ in range(2)] == [False, False]


def refuse(credentials: str = "old", times: int = 1) -> None:
    with atomic():
        for _ in range(times):
            failed("smtp", AUTH, credentials)


def waits(credentials: str = "old") -> float:
    """For how many seconds calls with these credentials are paused."""
    try:
        with atomic():
            admit("smtp", credentials)
    except CircuitOpen as pause:
        return pause.retry_after or 0.0
    return 0.0


def test_refused_credentials_of_ours_pause_every_studio_at_the_first_refusal() -> None:
    refuse()
    with tenant_outside(WorkspaceFactory().pk):
        assert 55 < waits() <= 60


@pytest.mark.parametrize(("times", "seconds"), [(2, 120), (4, 480), (7, 3600), (40, 3600)])
def test_each_refusal_doubles_the_pause_up_to_an_hour(times: int, seconds: int) -> None:
    refuse(times=times)
    assert seconds - 5 < waits() <= seconds


def test_other_credentials_are_tried_at_once_and_begin_anew() -> None:
    refuse(times=7)
    assert waits("new") == 0.0
    refuse("new")
    assert 55 < waits("new") <= 60


def test_credentials_that_are_accepted_end_the_pause_and_its_growth() -> None:
    refuse(times=7)
    with atomic():
        assert succeeded("smtp", admit("smtp", "new"))
    assert waits() == 0.0
    refuse()
    assert waits() <= 60


def test_a_test_passes_a_long_pause_once_a_minute() -> None:
    refuse(times=7)
    with atomic():
        breakers.let_through("smtp")
    assert waits() > 60
    a_minute_passes()
    with atomic():
        breakers.let_through("smtp")
    assert waits() == 0.0
    assert 0 < waits() <= 5
    refuse()
    assert waits() > 3500
    with atomic():
        breakers.let_through("smtp")
    assert waits() > 3500


def test_a_test_passes_a_studios_own_pause() -> None:
    fail(5, AUTH, "twilio")
    with atomic():
        assert breakers.paused_until("twilio")
        breakers.let_through("twilio")
        assert breakers.paused_until("twilio") is None
    assert not is_open("twilio")
