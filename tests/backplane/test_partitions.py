"""Partitions on the real roles: the owner alone makes and drops them, through one function."""

from tests import database
from tests.backplane.trade import value


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
    assert value("SELECT autopilot_keep_partitions(7, 30, '{2020-01-02}')") == 1
    assert value("SELECT to_regclass('autopilot_event_p20200101')") is None
    assert value("SELECT to_regclass('autopilot_event_p20200102')") is not None
