"""A small HTTP/1.1 client that only posts and only reads the status.

The sandbox sends three webhooks for each message. A full client costs more than two milliseconds of
processor time for each of them, this one a tenth of that, so that measurements are of the product.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 10.0
CONNECTIONS = 64
LARGEST_HEAD = 64 * 1024

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Origin = tuple[str, str, int]


@dataclass
class Poster:
    """Keeps connections open and waits when `CONNECTIONS` requests are under way."""

    _idle: dict[Origin, list[Streams]] = field(default_factory=lambda: defaultdict(list))
    _free: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CONNECTIONS))

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The status of the answer; redirects are not followed.

        Raises:
            OSError: no connection, a cut one, or no answer in time (TimeoutError).
            ValueError: the URL or the answer is not HTTP.
        """
        parts = urlsplit(url)
        origin = (parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        request = _request(target, parts.netloc, body, headers)
        async with self._free, asyncio.timeout(TIMEOUT_SECONDS):
            return await self._send(origin, request)

    async def _send(self, origin: Origin, request: bytes) -> int:
        if self._idle[origin]:
            try:
                return await self._exchange(origin, self._idle[origin].pop(), request)
            except (ConnectionError, asyncio.IncompleteReadError):
                # The other side closed a connection that had been idle; a fresh one tells the truth.
                pass
        scheme, host, port = origin
        streams = await asyncio.open_connection(host, port, ssl=scheme == "https" or None, limit=LARGEST_HEAD)
        try:
            return await self._exchange(origin, streams, request)
        except asyncio.IncompleteReadError:
            raise ConnectionResetError("the connection was cut before the answer") from None

    async def _exchange(self, origin: Origin, streams: Streams, request: bytes) -> int:
        reader, writer = streams
        kept = False
        try:
            writer.write(request)
            status, fields = _head(await reader.readuntil(b"\r\n\r\n"))
            kept = await _skip_body(reader, status, fields) and fields.get("connection", "").lower() != "close"
        finally:
            if not kept:
                writer.close()
        if kept:
            self._idle[origin].append(streams)
        return status

    def close(self) -> None:
        for idle in self._idle.values():
            for _, writer in idle:
                writer.close()
        self._idle.clear()


def _request(target: str, host: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    fields = {"host": host, "content-length": str(len(body)), "accept": "*/*", **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"POST {target} HTTP/1.1\r\n{lines}\r\n".encode() + body


def _head(raw: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = raw.decode("latin-1").split("\r\n")
    version, _, rest = first.partition(" ")
    if not version.startswith("HTTP/1."):
        raise ValueError(f"not an HTTP answer: {first[:40]!r}")
    fields = (line.partition(":") for line in lines if line)
    return int(rest[:3]), {name.lower(): value.strip() for name, _, value in fields}


async def _skip_body(reader: asyncio.StreamReader, status: int, fields: Mapping[str, str]) -> bool:
    """Read the body away; False when the connection cannot be used again."""
    if fields.get("transfer-encoding", "").lower() == "chunked":
        size = 1
        while size:
            size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
            await reader.readexactly(size + 2)
        return True
    if status in (204, 304):
        return True
    if "content-length" in fields:
        await reader.readexactly(int(fields["content-length"]))
        return True
    return False
