"""A running sandbox and a product that listens, each on a free port of its own, for the tests of the simulators."""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from pilar.sandbox.app import create_app, new_world
from pilar.sandbox.config import Settings
from pilar.sandbox.server import http_server
from pilar.sandbox.state import World


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """Serve an application in a thread; yields its address."""
    server = http_server(app, host="127.0.0.1", port=0)
    thread = threading.Thread(target=_run, args=(server,), daemon=True)
    thread.start()
    eventually(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


def _run(server: uvicorn.Server) -> None:
    asyncio.run(server.serve())


def eventually[T](look: Callable[[], T], seconds: float = 30.0) -> T:
    """What `look` gives as soon as it is true. Fails when it never is."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)
    return found


@dataclass
class Received:
    """One webhook as the product got it."""

    path: str
    body: bytes
    headers: dict[str, str]

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()}


# One for all: making a client takes longer than most requests.
HTTP = httpx.Client(timeout=10, trust_env=False)


@dataclass
class Product:
    """Plays PILAR: takes every webhook and answers with what the test wants (TwiML, a page).

    Each test reaches it at an address of its own: what was on its way when the test before ended arrives nowhere.
    """

    host: str = ""
    url: str = ""
    received: list[Received] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)

    def at(self, path: str) -> list[Received]:
        return [one for one in self.received if one.path == path]

    def move(self) -> None:
        """Begin anew at another address."""
        self.url = f"{self.host}/{secrets.token_hex(4)}"
        self.received.clear()
        self.answers.clear()

    async def take(self, request: Request) -> Response:
        path = request.url.path
        body = await request.body()
        own = urlsplit(self.url).path
        if not path.startswith(own):
            return Response("moved", status_code=410)
        path = path.removeprefix(own)
        self.received.append(Received(path, body, dict(request.headers)))
        if "hub.challenge" in request.query_params:
            return Response(request.query_params["hub.challenge"])
        answer = self.answers.get(path, "ok")
        kinds = {"<Re": "text/xml", "<!d": "text/html"}
        return Response(answer, media_type=kinds.get(answer[:3], "text/plain"))

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", self.take, methods=["GET", "POST"])])


@dataclass
class Sandbox:
    url: str
    world: World
    product: Product

    def post(self, path: str, **body: Any) -> Any:
        answer = HTTP.post(self.url + path, json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def reset(self) -> None:
        """Forget all that happened, and let the product move."""
        self.post("/_control/reset")
        self.product.move()
        self.world.settings = settings_for(self.product)

    def fault(self, provider: str, operation: str, **more: Any) -> None:
        self.post("/_control/faults", provider=provider, operation=operation, **{"kind": "status", "count": 1} | more)


def settings_for(product: Product) -> Settings:
    return Settings(sandbox_latency_ms=0, public_base_url=product.url)


@contextmanager
def running() -> Iterator[Sandbox]:
    product = Product()
    with served(product.app()) as product.host:
        product.move()
        world = new_world(settings_for(product))
        with served(create_app(world.settings, world)) as url:
            yield Sandbox(url, world, product)
