"""Partitions on the real roles: the owner alone makes and drops them, through one function."""

import pytest

from tests import database
from tests.backplane.trade import value


def keep(*awaited: str) -> int:
    """Make the days ahead and drop those of old, except the awaited; return how many partitions came or went."""
    return int(value("SELECT autopilot_keep_partitions(7, 30, %s::date[])", list(awaited)))


@pytest.fixture(autouse=True)
def _todays(committed: str) -> None:
    """The days that are missing because the database's template was made on another day."""
    keep()


def test_a_day_that_is_awaited_keeps_its_partition_and_others_go(committed: str) -> None:
    with database.admin(committed) as server:
        for day in ("2020-01-01", "2020-01-02"):
            part = f"autopilot_event_p{day.replace('-', '')}"
            bounds = f"SELECT autopilot_uuid_floor('{day} 00:00+00'), autopilot_uuid_floor('{day} 23:00+00')"
            lower, upper = server.execute(bounds).fetchone() or ("", "")
            server.execute(
                f"CREATE TABLE {part} PARTITION OF autopilot_event FOR VALUES FROM ('{lower}') TO ('{upper}')"
            )
            server.execute(f"ALTER TABLE {part} OWNER TO pilar_owner")
    assert keep("2020-01-02") == 1
    assert value("SELECT to_regclass('autopilot_event_p20200101')") is None
    assert value("SELECT to_regclass('autopilot_event_p20200102')") is not None


_DONE = """
INSERT INTO autopilot_job_done (public_id, workspace_id, lane, type, payload, status, priority, due_at, attempts, max_attempts,
  deferrals, crashes, idempotency_key, finished_at, error, correlation_id, created_at)
SELECT gen_random_uuid(), gen_random_uuid(), 0, 't', '{}', 3, 5, now(), 1, 3, 0, 0, 'k', now() + interval '2 days', '',
  gen_random_uuid(), now()
"""


def test_a_partition_that_comes_late_takes_its_rows_over(committed: str) -> None:
    """As after an absence that was longer than partitions are made ahead."""
    with database.admin(committed) as server:
        (day,) = server.execute("SELECT to_char(now() AT TIME ZONE 'UTC' + '2 days', 'YYYYMMDD')").fetchone() or ("",)
        part = f"autopilot_job_done_p{day}"
        server.execute(f"DROP TABLE {part}")  # type: ignore[call-overload]  # the stubs want literals
        server.execute(_DONE)
        assert server.execute("SELECT count(*) FROM autopilot_job_done_rest").fetchone() == (1,)
        assert keep() == 1
        for table, count in ((part, 1), ("autopilot_job_done_rest", 0), ("autopilot_job_done", 1)):
            assert server.execute(f"SELECT count(*) FROM {table}").fetchone() == (count,)  # type: ignore[call-overload]
