"""Every path the simulated Graph answers, with the operation name that faults know it by."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pilar.sandbox.faults import operation
from pilar.sandbox.whatsapp import accounts, messages, numbers, oauth, templates
from pilar.sandbox.whatsapp.door import Call, GraphError, Handler, Result, open_call, render_error

if TYPE_CHECKING:
    from pilar.sandbox.state import World


class Way(NamedTuple):
    """One method on one path; ``public`` ways need no token."""

    method: str
    path: str
    name: str
    handler: Handler
    public: bool = False


def _update_node(call: Call) -> Result:
    return templates.edit(call) if call.part("node") in call.state.templates else numbers.update(call)


WAYS = [
    Way("POST", "/{node}/messages", "messages.send", messages.send),
    Way("GET", "/oauth/access_token", "oauth.access_token", oauth.exchange, public=True),
    Way("POST", "/oauth/access_token", "oauth.access_token", oauth.exchange, public=True),
    Way("GET", "/debug_token", "debug_token.fetch", oauth.debug),
    Way("GET", "/{node}/phone_numbers", "phone_numbers.list", accounts.list_phones),
    Way("POST", "/{node}/phone_numbers", "phone_numbers.create", accounts.create_phone),
    Way("GET", "/{node}/subscribed_apps", "subscribed_apps.list", accounts.list_subscriptions),
    Way("POST", "/{node}/subscribed_apps", "subscribed_apps.create", accounts.subscribe),
    Way("DELETE", "/{node}/subscribed_apps", "subscribed_apps.delete", accounts.unsubscribe),
    Way("GET", "/{node}/message_templates", "message_templates.list", templates.find),
    Way("POST", "/{node}/message_templates", "message_templates.create", templates.create),
    Way("DELETE", "/{node}/message_templates", "message_templates.delete", templates.delete),
    Way("POST", "/{node}/request_code", "phone_numbers.request_code", numbers.request_code),
    Way("POST", "/{node}/verify_code", "phone_numbers.verify_code", numbers.verify_code),
    Way("POST", "/{node}/register", "phone_numbers.register", numbers.register),
    Way("POST", "/{node}/deregister", "phone_numbers.deregister", numbers.deregister),
    Way("GET", "/{node}", "node.fetch", accounts.node),
    Way("POST", "/{node}", "node.update", _update_node),
]


def endpoint(world: World, way: Way) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            result = way.handler(await open_call(world, request, public=way.public))
            body = await result if inspect.isawaitable(result) else result
        except GraphError as error:
            return render_error(error)
        return JSONResponse(body, headers={"facebook-api-version": request.path_params["version"]})

    return answer


def routes(world: World) -> list[Route]:
    return [
        Route("/{version}" + way.path, operation("whatsapp", way.name)(endpoint(world, way)), methods=[way.method])
        for way in WAYS
    ]
