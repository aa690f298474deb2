"""Webhooks on their way: repeated until taken, many at once."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from pilar.sandbox import delivery
from pilar.sandbox.delivery import Delivery

Answer = Callable[[int], bytes]


async def _listening(answer: Answer, work: Callable[[str, Delivery], Awaitable[None]]) -> int:
    """Run `work` against a server that answers its n-th request as told; returns how many came."""
    seen = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            seen += 1
            if not (reply := answer(seen)):
                writer.close()
                return
            writer.write(reply)

    async def quiet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except asyncio.IncompleteReadError:
            writer.close()

    server = await asyncio.start_server(quiet, "127.0.0.1", 0)
    outgoing = Delivery()
    await work(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook?x=1", outgoing)
    await outgoing.close()
    server.close()
    return seen


async def _settled(outgoing: Delivery) -> None:
    async with asyncio.timeout(5):
        while outgoing.pending:
            await asyncio.sleep(0.005)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"


def _send(answer: Answer, times: int = 1, attempts: int = 30) -> tuple[int, Delivery]:
    kept: list[Delivery] = []

    async def work(url: str, outgoing: Delivery) -> None:
        kept.append(outgoing)
        for _ in range(times):
            outgoing.deliver(url, b"{}", {"content-type": "application/json"}, ref="r", attempts=attempts)
        await _settled(outgoing)

    return asyncio.run(_listening(answer, work)), kept[0]


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "FIRST_GAP", 0.01)


@pytest.mark.parametrize("reply", [OK, CHUNKED, b"HTTP/1.1 204 No Content\r\n\r\n"])
def test_an_answer_of_2xx_ends_it(reply: bytes) -> None:
    seen, outgoing = _send(lambda _: reply)
    assert (seen, outgoing.counts()["delivered"], outgoing.undelivered) == (1, 1, set())


def test_a_busy_product_gets_it_again() -> None:
    seen, outgoing = _send(lambda count: OK if count == 3 else BUSY)
    assert (seen, outgoing.counts()["delivered"]) == (3, 1)


def test_a_redirect_is_no_delivery() -> None:
    seen, _ = _send(lambda count: OK if count == 2 else b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n")
    assert seen == 2


def test_a_cut_connection_is_tried_again() -> None:
    seen, outgoing = _send(lambda count: OK if count == 2 else b"")
    assert (seen, outgoing.counts()["delivered"]) == (2, 1)


def test_it_gives_up_in_the_end_and_remembers_what_was_lost() -> None:
    _, outgoing = _send(lambda _: BUSY, attempts=3)
    assert (outgoing.counts()["failed"], outgoing.undelivered) == (1, {"r"})


def test_a_storm_arrives_once_each() -> None:
    seen, outgoing = _send(lambda _: OK, times=500)
    assert (seen, outgoing.counts()["delivered"]) == (500, 500)


def test_nobody_listening_counts_as_an_attempt() -> None:
    outgoing = Delivery()

    async def work() -> None:
        outgoing.deliver("http://127.0.0.1:9/hook", b"{}", {}, attempts=2)
        await _settled(outgoing)
        await outgoing.close()

    asyncio.run(work())
    assert outgoing.counts() == {"pending": 0, "delivered": 0, "failed": 1}
