"""The one way out over HTTP (reliability P6, S6).

Every request goes to a configured provider host, follows no redirect, has a connect time-out, a read time-out and a
total deadline, and is cut off at a number of bytes. The SDKs of Stripe and Twilio are plugged into it.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx
from django.conf import settings

from pilar.backplane import running
from pilar.kernel import clock

CONNECT_SECONDS = 5.0
READ_SECONDS = 20.0
MOST_BYTES = 8 * 1024 * 1024
_LIMITS = httpx.Limits(max_connections=400, max_keepalive_connections=50, keepalive_expiry=15)

REQUEST_IDS = ("request-id", "twilio-request-id", "x-fb-trace-id", "x-request-id")

_deadline: ContextVar[float | None] = ContextVar("pilar_call_deadline", default=None)
_headers: ContextVar[httpx.Headers | None] = ContextVar("pilar_answer_headers", default=None)


class TransportError(Exception):
    """No usable answer came. `sent` tells whether the provider may have received the request."""

    def __init__(self, message: str, *, sent: bool, misconfigured: bool = False) -> None:
        super().__init__(message)
        self.sent = sent
        self.misconfigured = misconfigured


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: httpx.Headers
    body: bytes


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Give all requests made inside this block `seconds` altogether; an outer, earlier deadline stays in force."""
    ends, outer = clock.monotonic() + seconds, _deadline.get()
    token = _deadline.set(min(ends, outer) if outer else ends)
    answered = _headers.set(None)
    try:
        yield
    finally:
        _deadline.reset(token)
        _headers.reset(answered)


def last_headers() -> httpx.Headers:
    """Return the headers of the last answer within the deadline in force, for SDKs that hide them."""
    return _headers.get() or httpx.Headers()


def last_request_id() -> str:
    """Return the provider's own name for the last request, or nothing."""
    found = last_headers()
    return next((found[name] for name in REQUEST_IDS if name in found), "")


def remaining(most: float = READ_SECONDS) -> float:
    """Return the seconds left for one wait, at most `most`. Never negative."""
    ends = _deadline.get()
    return most if ends is None else max(0.0, min(most, ends - clock.monotonic()))


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, Any] | None = None,
    json: Any = None,
    data: Mapping[str, Any] | None = None,
    files: Mapping[str, tuple[str, bytes, str]] | None = None,
    content: bytes | str | None = None,
    auth: tuple[str, str] | None = None,
) -> Answer:
    """Send one request and read its whole answer, whatever its status. Raises TransportError, also when the attempt of
    a job that asks has lost its lease meanwhile: another may be asking, so nothing is sent.
    """
    _refuse_strangers(url)
    try:
        built = _client(os.getpid()).build_request(
            method, url, headers=headers, params=params, json=json, data=data, files=files, content=content,
            extensions={"trace": _last_look},
        )  # fmt: skip
        return _send(built, auth)
    except httpx.InvalidURL as error:
        raise TransportError(str(error), sent=False, misconfigured=True) from error
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise TransportError(_words(error), sent=False, misconfigured="CERTIFICATE" in str(error)) from error
    except (httpx.HTTPError, httpx.StreamError) as error:
        raise TransportError(_words(error), sent=True) from error


def _last_look(step: str, _details: Mapping[str, Any]) -> None:
    """Called by httpcore at each step; the one before the first byte is the last moment at which nothing has happened."""
    if step.endswith("send_request_headers.started") and not running.lease_holds():
        raise TransportError("this process stood still, its work may be another's by now", sent=False)


def _send(built: httpx.Request, auth: tuple[str, str] | None) -> Answer:
    response = _client(os.getpid()).send(built, auth=auth, stream=True, follow_redirects=False)
    _headers.set(response.headers)
    try:
        return Answer(response.status_code, response.headers, _read(response))
    finally:
        response.close()


def _read(response: httpx.Response) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MOST_BYTES:
            raise TransportError("The answer is too long", sent=True)
    return bytes(body)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")


def _refuse_strangers(url: str) -> None:
    host = urlsplit(url).netloc.rpartition("@")[2]
    if host not in allowed_hosts():
        raise TransportError(f"{host} is not one of the configured provider hosts", sent=False, misconfigured=True)


def allowed_hosts() -> frozenset[str]:
    """Return the hosts (with port, if any) that the configured base URLs name."""
    bases = [
        settings.STRIPE_API_BASE,
        settings.WHATSAPP_API_BASE,
        settings.ELEVENLABS_BASE_URL,
        *([settings.TWILIO_API_BASE] if settings.TWILIO_API_BASE else TWILIO_HOSTS),
    ]
    return frozenset(urlsplit(base).netloc for base in bases)


TWILIO_HOSTS = tuple(f"https://{part}.twilio.com" for part in ("api", "numbers", "numbers-upload", "messaging", "iam"))


@cache
def _client(_process: int) -> httpx.Client:
    """One client a process (threads share it); a forked child makes its own."""
    return httpx.Client(transport=_Punctual(limits=_LIMITS, trust_env=False), timeout=_timeout())


def _timeout() -> httpx.Timeout:
    return httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS, pool=CONNECT_SECONDS)


class _Punctual(httpx.HTTPTransport):
    """Each wait on the network ends with the deadline, so that an answer in drips cannot stretch a call."""

    def __init__(self, *, limits: httpx.Limits, trust_env: bool) -> None:
        super().__init__(limits=limits, trust_env=trust_env)
        self._pool._network_backend = _Backend(self._pool._network_backend)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, inner: httpcore.NetworkBackend) -> None:
        self._inner = inner

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        if (seconds := remaining(timeout or CONNECT_SECONDS)) <= 0:
            raise httpcore.ConnectTimeout("the deadline of the call has passed")
        return _Stream(self._inner.connect_tcp(host, port, seconds, local_address, socket_options))

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(min(seconds, remaining(seconds)))


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if (seconds := remaining(timeout or READ_SECONDS)) <= 0:
            raise httpcore.ReadTimeout("the deadline of the call has passed")
        return self._inner.read(max_bytes, timeout=seconds)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if (seconds := remaining(timeout or READ_SECONDS)) <= 0:
            raise httpcore.WriteTimeout("the deadline of the call has passed")
        self._inner.write(buffer, timeout=seconds)

    def close(self) -> None:
        self._inner.close()

    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> Any:
        seconds = remaining(timeout or CONNECT_SECONDS)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, timeout=seconds))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
