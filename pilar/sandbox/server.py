"""Serving an ASGI application so that a fault can cut the connection under it."""

from __future__ import annotations

import asyncio

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol


class CuttableProtocol(H11Protocol):
    """Puts the transport into the request's state, for `faults.CutResponse`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


def http_server(app: ASGIApp, *, host: str, port: int) -> uvicorn.Server:
    """A server without access log; port 0 asks the system for a free one."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=CuttableProtocol,
        ws="none",
        log_level="warning",
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=3,
        backlog=2048,
    )
    return uvicorn.Server(config)
