"""The one way out: what it refuses, and how it judges an answer that never came."""

import socket
import time

import pytest
from pytest_django import Settings

from pilar.backplane import running
from pilar.kernel.ids import uuid7
from pilar.providers import transport
from pilar.providers.transport import TransportError, deadline
from tests.providers import misbehaving


def ask(settings: Settings, answer: misbehaving.Answer, *, seconds: float = 5) -> transport.Answer:
    with misbehaving.server(answer) as url, deadline(seconds):
        settings.STRIPE_API_BASE = url
        return transport.request("GET", f"{url}/v1/x")


def refused(settings: Settings, answer: misbehaving.Answer, *, seconds: float = 5) -> TransportError:
    with pytest.raises(TransportError) as found:
        ask(settings, answer, seconds=seconds)
    return found.value


def test_an_answer_is_read_whatever_its_status(settings: Settings) -> None:
    answer = ask(settings, misbehaving.json_answer(b"{}", "418 I'm a teapot"))
    assert (answer.status, answer.body) == (418, b"{}")


def test_a_redirect_is_an_answer_and_not_followed(settings: Settings) -> None:
    text = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    assert ask(settings, misbehaving.saying(text)).status == 302


def test_a_host_that_is_no_provider_is_never_called() -> None:
    with pytest.raises(TransportError) as found:
        transport.request("GET", "http://169.254.169.254/latest/meta-data")
    assert (found.value.sent, found.value.misconfigured) == (False, True)


def test_a_provider_hidden_in_the_user_part_is_seen_through() -> None:
    with pytest.raises(TransportError, match=r"127\.0\.0\.1"):
        transport.request("GET", "https://api.stripe.com@127.0.0.1/v1")


def test_a_refused_connection_was_never_sent(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    settings.STRIPE_API_BASE = url
    with pytest.raises(TransportError) as found:
        transport.request("POST", url)
    assert not found.value.sent


@pytest.mark.parametrize(
    "answer", [misbehaving.hanging_up, misbehaving.saying(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")]
)
def test_a_connection_cut_after_the_request_may_have_been_heard(settings: Settings, answer: misbehaving.Answer) -> None:
    assert refused(settings, answer).sent


@pytest.mark.parametrize("holds", [True, False])
def test_the_first_byte_leaves_only_while_the_lease_holds(settings: Settings, holds: bool) -> None:
    """The process stands still after all else was looked at: as the connection is made."""
    heard: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        heard.append(connection.recv(65536))
        misbehaving.json_answer(b"{}")(connection)

    running.watch(-1, lambda: holds)
    with misbehaving.server(answer, listens_first=False) as url, running.during(running.Run(uuid7(), 1, -1)):
        settings.STRIPE_API_BASE = url
        if holds:
            assert transport.request("GET", f"{url}/v1/x").status == 200
            return
        with pytest.raises(TransportError) as found:
            transport.request("GET", f"{url}/v1/x")
    assert (found.value.sent, b"".join(heard)) == (False, b"")


def test_silence_ends_with_the_deadline(settings: Settings) -> None:
    began = time.monotonic()
    assert refused(settings, misbehaving.silent, seconds=0.3).sent
    assert time.monotonic() - began < 2


def test_drips_cannot_stretch_a_call(settings: Settings) -> None:
    began = time.monotonic()
    assert refused(settings, misbehaving.dripping, seconds=0.5).sent
    assert time.monotonic() - began < 2


def test_an_endless_answer_is_cut_off(settings: Settings) -> None:
    assert "too long" in str(refused(settings, misbehaving.endless))


def test_no_http_at_all_may_still_have_been_heard(settings: Settings) -> None:
    assert refused(settings, misbehaving.saying(b"\x00\x01\x02 nonsense\r\n\r\n")).sent


def test_an_inner_deadline_cannot_outlive_the_outer() -> None:
    with deadline(1), deadline(60):
        assert transport.remaining() <= 1
