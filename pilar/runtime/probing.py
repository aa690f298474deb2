"""Asks an HTTP address of this machine whether it is ready, without a thread and without a library."""

import asyncio
import contextlib
from urllib.parse import urlsplit

_PATIENCE = 2.0


async def answers(address: str) -> bool:
    """Whether a GET of `address` (http, a numeric host) gives status 200 within two seconds."""
    parts = urlsplit(address)
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(_PATIENCE):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            try:
                request = f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n"
                writer.write(request.encode())
                status = await reader.readline()
            finally:
                writer.close()
            return status.split(b" ")[1:2] == [b"200"]
    return False
