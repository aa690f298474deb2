"""The health check of a worker's and a beat's container."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from pilar.backplane.engine import workers
from tests.backplane.trade import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker() -> int:
    with connection.cursor() as cursor:
        return workers.register(cursor, kind="worker", lanes=["bulk"])


def test_a_worker_that_beats_is_alive(worker: int) -> None:
    call_command("alive", "worker")


def test_a_beat_is_not_alive_because_a_worker_is(worker: int) -> None:
    with pytest.raises(CommandError, match="No beat of this host"):
        call_command("alive", "beat")


@pytest.mark.parametrize(
    "change", ["beat_at = beat_at - interval '26 seconds'", "host = 'another'", "lost_at = statement_timestamp()"]
)
def test_a_worker_that_is_silent_elsewhere_or_lost_is_not_alive(worker: int, change: str) -> None:
    rows(f"UPDATE autopilot_worker SET {change} RETURNING id")
    with pytest.raises(CommandError, match="No worker of this host has told within 25 s"):
        call_command("alive", "worker")
