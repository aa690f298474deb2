"""Doorbells in a folder: whole or not at all, and none of them can end a worker."""

from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection, Exchange, Producer, Queue

from pilar.backplane import folder_broker


@pytest.fixture
def connection(tmp_path: Path) -> Any:
    options = {"data_folder_in": str(tmp_path), "data_folder_out": str(tmp_path)}
    with Connection(f"{folder_broker.SCHEME}://", transport_options=options) as opened:
        yield opened


def ring(connection: Any, lane: str) -> None:
    exchange = Exchange(lane)
    Producer(connection, exchange).publish({"lane": lane}, routing_key=lane, declare=[Queue(lane, exchange, lane)])


def test_a_message_reaches_its_lane_and_no_other(connection: Any) -> None:
    ring(connection, "bulk")
    with pytest.raises(Empty):
        connection.SimpleQueue(Queue("health", Exchange("health"), "health")).get(block=False)
    taken = connection.SimpleQueue(Queue("bulk", Exchange("bulk"), "bulk")).get(block=False)
    assert taken.payload == {"lane": "bulk"}


def test_a_message_that_is_half_written_is_passed_over(connection: Any, tmp_path: Path) -> None:
    (tmp_path / "0.bulk.msg").write_bytes(b"")
    ring(connection, "bulk")
    taken = connection.SimpleQueue(Queue("bulk", Exchange("bulk"), "bulk")).get(block=False)
    assert taken.payload == {"lane": "bulk"}


def test_nothing_is_left_beside_the_messages(connection: Any, tmp_path: Path) -> None:
    ring(connection, "bulk")
    (message,) = tmp_path.iterdir()
    assert message.name.endswith(".bulk.msg")
