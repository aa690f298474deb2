"""The one ASGI application: all providers at the root, told apart by path and header."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Router
from starlette.types import Message, Receive, Scope, Send

from pilar.sandbox import ai, control, elevenlabs, mail, meta, pages, snapshot, stripe, twilio, whatsapp
from pilar.sandbox.config import Settings
from pilar.sandbox.state import SECTIONS, World

GRAPH = re.compile(r"/v\d+\.\d+/")
TWILIO = ("/2010-04-01/", "/v2/RegulatoryCompliance/", "/v2/Channels/Senders", "/v1/Keys")
AI = ("/v1/chat/", "/v1/models", "/v1/messages", "/openai/")
VOICES = ("/v1/voices", "/v2/voices", "/v1/user", "/v1/text-to-speech")
STRIPE = ("/v1/", "/v2/core/", "/checkout/", "/portal/", "/invoice/", "/connect/")


def new_world(settings: Settings) -> World:
    """A world in which nothing has happened yet."""
    return World(
        settings=settings,
        stripe=stripe.State(),
        twilio=twilio.State(),
        whatsapp=whatsapp.State(),
        ai=ai.State(),
        voices=elevenlabs.State(),
        mail=mail.State(),
    )


def provider_of(path: str, headers: list[tuple[bytes, bytes]]) -> str:
    """Which simulator answers this path; see docs/sandbox.md for the table."""
    if any(name == b"x-twilio-host" for name, _ in headers) or path.startswith(TWILIO):
        return "twilio"
    if GRAPH.match(path):
        return "whatsapp"
    for provider, prefixes in (("ai", AI), ("voices", VOICES), ("stripe", STRIPE)):
        if path.startswith(prefixes):
            return provider
    return "meta" if path.startswith("/_meta/") else "pages"


# Which parts of the world a provider's requests change, and which of them do so although they only ask.
CHANGING_GETS = ("/oauth/access_token",)
CHANGES = {"whatsapp": ("whatsapp", "phones"), "twilio": ("twilio", "phones", "whatsapp"), "meta": ("whatsapp",)}


class Switch:
    """Sends each request to its provider's router: a look at the path instead of 150 patterns."""

    def __init__(self, world: World, keeper: snapshot.Keeper, routes: dict[str, list[BaseRoute]]) -> None:
        self.world = world
        self.keeper = keeper
        self.routers = {name: Router(routes=found) for name, found in routes.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        provider = provider_of(scope["path"], scope["headers"])
        if scope["method"] != "GET" or scope["path"].endswith(CHANGING_GETS):
            send = self._after_saving(provider, send)
        await self.routers[provider](scope, receive, send)

    def _after_saving(self, provider: str, send: Send) -> Send:
        async def held(message: Message) -> None:
            if message["type"] == "http.response.start":
                sections = SECTIONS if provider == "pages" else CHANGES.get(provider, (provider,))
                self.world.touched.update(sections)
                await self.keeper.saved(sections)
            await send(message)

        return held


def create_app(settings: Settings, world: World | None = None) -> Starlette:
    """The sandbox as an ASGI application; `app.state.world` is everything it knows."""
    world = world or new_world(settings)
    keeper = snapshot.Keeper(world)
    switch = Switch(
        world,
        keeper,
        {
            "stripe": list(stripe.routes(world)),
            "twilio": list(twilio.routes(world)),
            "whatsapp": list(whatsapp.routes(world)),
            "meta": list(meta.routes(world)),
            "ai": list(ai.routes(world)),
            "voices": list(elevenlabs.routes(world)),
            "pages": [*control.routes(world), *mail.routes(world), *pages.routes(world)],
        },
    )

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        keeper.start()
        stripe.resume(world)
        yield
        await keeper.stop()
        await world.delivery.close()

    app = Starlette(lifespan=lifespan)
    app.state.world = world
    app.router.default = switch
    app.add_exception_handler(404, _not_found)
    return app


async def _not_found(request: object, error: Exception) -> JSONResponse:
    return JSONResponse({"error": "no such page in the sandbox"}, status_code=404)
