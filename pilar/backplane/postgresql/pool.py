"""What the connection pools ask of a connection before they hand it out."""

from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg_pool import ConnectionPool

from pilar.kernel.clock import monotonic

RESTED = 1.0
"""Seconds after which a connection is asked whether it still works: asking each time is a round trip in every
transaction of a busy process. One that broke within this time fails its next statement, as it would a moment later.
"""

_handed_out: WeakKeyDictionary[psycopg.Connection[Any], float] = WeakKeyDictionary()


def check_if_rested(connection: psycopg.Connection[Any]) -> None:
    """Raise an error when a connection that nobody used for a while is broken: the pool then takes another."""
    now = monotonic()
    if now - _handed_out.get(connection, float("-inf")) > RESTED:
        ConnectionPool.check_connection(connection)
    _handed_out[connection] = now
