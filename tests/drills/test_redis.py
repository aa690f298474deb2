"""Redis frozen, killed, and back with nothing in it, under a whole installation with traffic: only speed changes."""

import signal
import time
from collections.abc import Iterator

import pytest

from tests.drills.conftest import Note
from tests.drills.site import RedisServer, Site, order_work
from tests.e2e.installation import Studio, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.drill]
REQUESTS = 30
LONGEST = 1.0


@pytest.fixture
def redis(here: Site) -> Iterator[RedisServer]:
    """The Redis of the installation, well again afterwards."""
    assert here.redis
    yield here.redis
    here.redis.send(signal.SIGCONT)
    here.redis.kill()
    here.redis.start()


def slowest(studio: Studio) -> float:
    """How long the longest of many requests took, reads and writes that make work."""
    worst = 0.0
    for number in range(REQUESTS):
        began = time.monotonic()
        answer = studio.ask("GET", "/api/leads") if number % 3 else order_work(studio)
        worst = max(worst, time.monotonic() - began)
        assert answer.is_success, answer.text
    return worst


def answered(studio: Studio) -> float:
    message, seconds = studio.answered("Wann kann ich morgen trainieren?")
    assert "Uhrzeit" in message["text"]
    return seconds


def test_a_frozen_redis_delays_no_request_by_more_than_a_second(
    here: Site, studio: Studio, redis: RedisServer, note: Note
) -> None:
    usual = slowest(studio)
    redis.send(signal.SIGSTOP)
    note(
        "Redis frozen: seconds that the slowest of 30 requests took longer",
        max(0.0, slowest(studio) - usual),
        "s",
        at_most=LONGEST,
    )
    note("Redis frozen: seconds until a member is answered", answered(studio), "s")
    assert here.studio("Eiszeit").progress()["progress"] == 100


def test_a_redis_that_was_killed_is_not_missed(here: Site, studio: Studio, redis: RedisServer, note: Note) -> None:
    redis.kill()
    note("Redis gone: seconds of the slowest of 30 requests", slowest(studio), "s", at_most=2.0)
    note("Redis gone: seconds until a member is answered", answered(studio), "s")


def test_a_redis_that_comes_back_empty_is_used_again(
    here: Site, studio: Studio, redis: RedisServer, note: Note
) -> None:
    redis.kill()
    answered(studio)
    redis.start()
    note("Redis back empty: seconds until a member is answered", answered(studio), "s", at_most=30)
    wait_for(lambda: redis.clients() >= 2, seconds=60)


def test_health_names_a_redis_that_is_away(here: Site, redis: RedisServer) -> None:
    redis.kill()
    answer = here.web.post("/api/health/check/redis", headers=here.as_system)
    (check,) = [one for one in answer.json() if one["probe"] == "redis"]
    assert check["status"] == "degraded"
    assert check["fix"]
    assert here.web.get("/readyz").status_code == 200
