"""A database whose clock the drill sets, and a host that the drill puts to sleep."""

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

import psycopg

from tests.drills.site import Site
from tests.e2e.installation import children

CLOCKS = {
    "statement_timestamp": "STABLE",
    "transaction_timestamp": "STABLE",
    "now": "STABLE",
    "clock_timestamp": "VOLATILE",
}

# Found before PostgreSQL's own, whose clock is the machine's and not ours to set.
_TABLE = """
CREATE SCHEMA drill;
GRANT USAGE ON SCHEMA drill TO PUBLIC;
CREATE TABLE drill.clock (ahead interval NOT NULL);
INSERT INTO drill.clock VALUES ('0');
GRANT SELECT ON drill.clock TO PUBLIC;
ALTER DATABASE pilar SET search_path = drill, pg_catalog, public;
"""
_CLOCK = """
CREATE FUNCTION drill.{name}() RETURNS timestamptz LANGUAGE sql {volatility} AS
$$ SELECT pg_catalog.{name}() + ahead FROM drill.clock $$;
"""
_NEW_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'pilar%'"


class Clock:
    """The database's clock, so many seconds ahead of the machine's; sessions that are open see it jump."""

    def __init__(self, site: Site) -> None:
        self._dsn = site.cluster.dsn("postgres", "pilar")
        with self._connected() as connection:
            connection.execute(_TABLE)
            for name, volatility in CLOCKS.items():
                connection.execute(_CLOCK.format(name=name, volatility=volatility))  # type: ignore[call-overload]
            connection.execute(_NEW_SESSIONS)

    def set(self, ahead: timedelta) -> None:
        with self._connected() as connection:
            connection.execute("UPDATE drill.clock SET ahead = %s", [ahead])

    def now(self) -> float:
        """What it shows, in Unix seconds."""
        with self._connected() as connection:
            ((found,),) = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float").fetchall()
        return float(found)

    def _connected(self) -> psycopg.Connection[tuple[float]]:
        return psycopg.connect(self._dsn, autocommit=True, connect_timeout=10)


def host(site: Site, *guests: int) -> list[int]:
    """Every process of the installation, the supervisor and the database's included, and of these guests."""
    assert site.supervisor
    roots = [site.supervisor.pid, site.cluster.pid(), *guests, *(helper.pid for helper in site.helpers.values())]
    roots += site.pids().values()
    found = {pid for root in roots if root for pid in (root, *children(root))}
    return sorted(found)


@contextmanager
def asleep(pids: list[int], dice: random.Random) -> Iterator[None]:
    """All of them stand still while the block runs, and go on in any order."""
    for pid in pids:
        _send(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in dice.sample(pids, len(pids)):
            _send(pid, signal.SIGCONT)
            time.sleep(dice.uniform(0, 0.1))


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
