"""The engine's own connection: outside the pool, so that busy handlers can never keep a worker from beating or
claiming.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings
from django.db import connections

# Every statement of the engine is meant for an index; a plan cached while a table was empty must not scan it later.
_OPTIONS = "-c enable_seqscan=off -c statement_timeout=20s -c idle_in_transaction_session_timeout=30s"
CONNECT_SECONDS = 5


class Link:
    """One connection in the platform role; opened when first used and again after it broke."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._connection: psycopg.Connection[Any] | None = None

    @contextmanager
    def transaction(self) -> Iterator[psycopg.Cursor[Any]]:
        """Run a transaction. Raises psycopg.OperationalError or InterfaceError while the database is away."""
        connection = self._opened()
        try:
            with connection.transaction(), connection.cursor() as cursor:
                yield cursor
        except (psycopg.OperationalError, psycopg.InterfaceError):
            self.close()
            raise

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _opened(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                **_address(), connect_timeout=CONNECT_SECONDS, autocommit=True, application_name=self._name
            )
        return self._connection


def _address() -> dict[str, Any]:
    database = connections[settings.PLATFORM_DATABASE].settings_dict
    options = {name: value for name, value in database["OPTIONS"].items() if name not in ("pool", "connect_timeout")}
    return options | {
        "dbname": database["NAME"],
        "user": database["USER"],
        "password": database["PASSWORD"],
        "host": database["HOST"],
        "port": database["PORT"],
        "options": _OPTIONS,
    }


class Patience:
    """How long to wait before asking an absent database again: 0.2 s doubling to 2 s."""

    def __init__(self) -> None:
        self._wait = 0.2

    def reset(self) -> None:
        self._wait = 0.2

    def next(self) -> float:
        wait, self._wait = self._wait, min(2.0, self._wait * 2)
        return wait
