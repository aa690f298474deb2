from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID

import pytest
from django.db import connections

from pilar.backplane import locks
from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel.ids import uuid7
from tests.backplane.trade import rows

MINUTE = timedelta(minutes=1)


def expire() -> None:
    rows("UPDATE autopilot_lock SET expires_at = statement_timestamp() - interval '2 hours' RETURNING 1")


class TestOneHolder:
    def test_a_held_lock_is_not_given_out(self, inside: UUID) -> None:
        assert locks.acquire("door", ttl=MINUTE, owner="anna")
        assert locks.acquire("door", ttl=MINUTE, owner="anna") is None

    def test_a_lock_given_back_is_free(self, inside: UUID) -> None:
        with locks.held("door", MINUTE):
            pass
        assert locks.acquire("door", ttl=MINUTE, owner="ben")

    def test_names_are_each_workspaces_own(self, inside: UUID) -> None:
        locks.acquire("door", ttl=MINUTE, owner="anna")
        rows("UPDATE autopilot_lock SET workspace_id = %s RETURNING 1", uuid7())
        assert locks.acquire("door", ttl=MINUTE, owner="anna")

    def test_an_expired_lock_is_taken_over_with_a_greater_token(self, inside: UUID) -> None:
        first = locks.acquire("door", ttl=MINUTE, owner="anna")
        expire()
        second = locks.acquire("door", ttl=MINUTE, owner="ben")
        assert first is not None
        assert second is not None
        assert second.token > first.token

    def test_the_late_holder_can_neither_release_nor_extend_nor_write(self, inside: UUID) -> None:
        late = locks.acquire("door", ttl=MINUTE, owner="anna")
        expire()
        locks.acquire("door", ttl=MINUTE, owner="ben")
        assert late is not None
        assert not locks.release(late)
        with pytest.raises(locks.Lost):
            locks.extend(late, ttl=MINUTE)
        with pytest.raises(locks.Lost), atomic():
            locks.confirm(late)

    def test_the_holder_confirms_and_extends(self, inside: UUID) -> None:
        lock = locks.acquire("door", ttl=MINUTE, owner="anna")
        assert lock
        assert locks.extend(lock, ttl=10 * MINUTE).expires_at > lock.expires_at
        with atomic():
            locks.confirm(lock)

    def test_a_block_does_not_start_without_the_lock(self, inside: UUID) -> None:
        locks.acquire("door", ttl=MINUTE, owner="anna")
        with pytest.raises(locks.Held), locks.held("door", MINUTE):
            pytest.fail("entered")

    def test_only_long_expired_locks_are_cleaned_away(self, inside: UUID) -> None:
        locks.acquire("old", ttl=MINUTE, owner="anna")
        expire()
        locks.acquire("new", ttl=MINUTE, owner="anna")
        assert locks.clean() == [("old", "anna")]


def test_of_many_at_once_one_gets_it(threads: str, workspace: UUID) -> None:
    start = Barrier(8)

    def contend(owner: int) -> bool:
        start.wait()
        try:
            with tenant(workspace):
                return locks.acquire("door", ttl=MINUTE, owner=str(owner)) is not None
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(contend, range(8))) == 1
