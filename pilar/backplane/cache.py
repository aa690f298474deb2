"""The cache of Django and of the login library: Redis when there is one, else a table; it never raises (reliability
P8).

Values are JSON, not pickles: whoever can write to the cache must not be able to run code here.
"""

import json
import logging
from collections.abc import Callable
from typing import Any, ClassVar

import redis
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.serializers.json import DjangoJSONEncoder
from django.db import Error

from pilar.backplane import sql
from pilar.backplane.tenancy import savepoint
from pilar.kernel.clock import monotonic

logger = logging.getLogger(__name__)

_GET = "SELECT value FROM autopilot_cache WHERE key = %s AND (expires_at IS NULL OR expires_at > statement_timestamp())"
_SET = """
INSERT INTO autopilot_cache AS c (key, value, expires_at)
VALUES (%(key)s, %(value)s, statement_timestamp() + make_interval(secs => %(seconds)s))
ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
"""
_ADD = _SET + " WHERE c.expires_at <= statement_timestamp()"
_INCR = """
UPDATE autopilot_cache SET value = (value::numeric + %s)::text
WHERE key = %s AND (expires_at IS NULL OR expires_at > statement_timestamp()) RETURNING value
"""


class SteadyCache(BaseCache):
    """Answers from Redis (LOCATION); while that is away, and without one, from the table `autopilot_cache`.

    When neither answers, reads miss and writes are dropped. A value written to one is not seen in the other.
    """

    SKIP_AFTER_FAILURE: ClassVar[float] = 5.0
    """Seconds in which a Redis that failed is not asked again, so that a hanging one costs one time-out, not each
    request.
    """

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self._redis = _client(location) if location else None
        self._away_until = 0.0

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        name, text, seconds = self._place(key, version), _dumps(value), self._seconds(timeout)
        return bool(
            self._either(
                lambda server: server.set(name, text, px=_milliseconds(seconds), nx=True),
                lambda: sql.run(_ADD, {"key": name, "value": text, "seconds": seconds}),
            )
        )

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        name = self._place(key, version)
        text = self._either(lambda server: server.get(name), lambda: sql.value(_GET, [name]))
        return default if text is None else json.loads(text)

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        name, text, seconds = self._place(key, version), _dumps(value), self._seconds(timeout)
        self._either(
            lambda server: server.set(name, text, px=_milliseconds(seconds)),
            lambda: sql.run(_SET, {"key": name, "value": text, "seconds": seconds}),
        )

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        missing = object()
        value = self.get(key, missing, version)
        if value is missing:
            return False
        self.set(key, value, timeout, version)
        return True

    def delete(self, key: str, version: int | None = None) -> bool:
        name = self._place(key, version)
        return bool(
            self._either(
                lambda server: server.delete(name),
                lambda: sql.run("DELETE FROM autopilot_cache WHERE key = %s", [name]),
            )
        )

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Add to a counter. Raises ValueError when there is none, as Django's contract says."""
        name = self._place(key, version)
        found = self._either(
            lambda server: server.incrby(name, delta) if server.exists(name) else None,
            lambda: sql.value(_INCR, [delta, name]),
        )
        if found is None:
            raise ValueError(f"Key '{key}' not found")
        return int(found)

    def clear(self) -> None:
        self._either(lambda server: server.flushdb(), lambda: sql.run("DELETE FROM autopilot_cache"))

    def _place(self, key: str, version: int | None) -> str:
        return self.make_and_validate_key(key, version)[-255:]

    def _seconds(self, timeout: Any) -> float | None:
        seconds = self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
        return None if seconds is None else max(0.0, float(seconds))

    def _either(self, in_redis: Callable[[Any], Any], in_table: Callable[[], Any]) -> Any:
        if self._redis is not None and monotonic() >= self._away_until:
            try:
                return in_redis(self._redis)
            except (redis.RedisError, OSError) as error:
                self._away_until = monotonic() + self.SKIP_AFTER_FAILURE
                logger.warning("the cache falls back to its table: %s", error)
        try:
            with savepoint():
                return in_table()
        except Error as error:
            logger.warning("the cache did not answer: %s", error)
            return None


def _client(location: str) -> redis.Redis:
    return redis.Redis.from_url(location, socket_timeout=0.25, socket_connect_timeout=0.25, retry=None)


def _dumps(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder)


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else max(1, int(seconds * 1000))
