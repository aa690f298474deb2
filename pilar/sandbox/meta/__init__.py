"""Meta's own pages: the pop-up of Embedded Signup (v4) with its SDK, and switches for what studios and Meta do there.

``POST /_meta/wabas/{id}`` changes a business account from Meta's side: ``payment_method``, ``subscribed``, ``phone``
(``{"id"?, "status"?, "quality"?, "name_status"?}``), ``template`` (``{"name", "language"?, "status"}``) and ``event``
(``{"field", "value"}``, sent as a webhook as it is). ``POST /_meta/members/{number}`` changes a member: ``name``,
``username``, ``hides_number``, and towards a studio's number ``to``: ``marketing`` (stop or resume), ``new_number``.
"""

from __future__ import annotations

import html
import json
import re
import string
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from pilar.sandbox.phones import e164
from pilar.sandbox.whatsapp.door import GraphError
from pilar.sandbox.whatsapp.members import change_number, prefer
from pilar.sandbox.whatsapp.signup import Finished, sign_up
from pilar.sandbox.whatsapp.state import PhoneNumber, Waba
from pilar.sandbox.whatsapp.templates import tell_status
from pilar.sandbox.whatsapp.webhooks import announce

if TYPE_CHECKING:
    from pilar.sandbox.state import World

HERE = Path(__file__).parent
SDK = (HERE / "sdk.js").read_text()
PAGE = string.Template((HERE / "signup.html").read_text())
PHONE = re.compile(r"\+[1-9]\d{6,14}\Z")
OFF = frozenset({False, "false", "0", "off", ""})


async def sdk(request: Request) -> Response:
    headers = {"cache-control": "no-store", "access-control-allow-origin": "*"}
    return Response(SDK, media_type="text/javascript", headers=headers)


def page(world: World, *, error: str = "", finished: Finished | None = None) -> HTMLResponse:
    """The pop-up; with ``finished`` it tells the page that opened it and closes itself."""
    offered = [one for one in world.twilio.numbers if one not in world.whatsapp.phones_by_number]
    options = "".join(f'<option value="{html.escape(number)}">' for number in reversed(offered[-50:]))
    # A closing tag inside the JSON would end the script.
    result = json.dumps(finished.as_json() if finished else None).replace("<", "\\u003c")
    text = PAGE.substitute(options=options, error=html.escape(error), result=result)
    return HTMLResponse(text, status_code=400 if error else 200)


async def show(request: Request) -> Response:
    world: World = request.app.state.world
    asked, own = request.query_params.get("config_id"), world.settings.whatsapp_config_id
    if asked is not None and asked != own:
        return page(world, error="Diese Konfiguration (config_id) gibt es bei dieser App nicht.")
    return page(world)


async def submit(request: Request) -> Response:
    """By the page's form, or as JSON from a plain client, which gets code and ids as JSON."""
    world: World = request.app.state.world
    as_json = "json" in request.headers.get("content-type", "")
    try:
        given: dict[str, Any] = await request.json() if as_json else dict(await request.form())
        finished = sign_up(world, **_read_form(given, from_page=not as_json))
    except ValueError as error:
        problem = GraphError(100, str(error))
    except GraphError as error:
        problem = error
    else:
        return JSONResponse(finished.as_json()) if as_json else page(world, finished=finished)
    return JSONResponse(problem.body(), 400) if as_json else page(world, error=problem.details or problem.message)


def _read_form(given: dict[str, Any], *, from_page: bool) -> dict[str, Any]:
    number, name = e164(str(given.get("phone_number", ""))), str(given.get("business_name") or "").strip()
    if not PHONE.match(number):
        raise ValueError("phone_number has to be a number in E.164 form, such as +4930123456")
    if from_page and not name:
        raise ValueError("business_name is required")
    # A browser leaves an unticked box out.
    payment = given.get("payment_method", not from_page)
    pays = payment not in OFF
    return {"number": number, "business_name": name, "payment_method": pays}


def change_waba(world: World, waba: Waba, body: dict[str, Any]) -> None:
    app_id = world.settings.whatsapp_app_id
    if "payment_method" in body:
        waba.payment_method = bool(body["payment_method"])
    if "subscribed" in body:
        waba.subscriptions = {app_id: body.get("override_callback_uri")} if body["subscribed"] else {}
    if "phone" in body:
        _change_phone(world.whatsapp.phones[body["phone"].get("id") or waba.phone_ids[0]], body["phone"])
    if "template" in body:
        _change_template(world, waba, body["template"])
    if "event" in body:
        announce(world, waba, body["event"]["field"], body["event"]["value"])


def _change_phone(phone: PhoneNumber, change: dict[str, Any]) -> None:
    phone.status = change.get("status", phone.status)
    phone.quality = change.get("quality", phone.quality)
    phone.name_status = change.get("name_status", phone.name_status)
    phone.registered = bool(change.get("registered", phone.registered))


def _change_template(world: World, waba: Waba, change: dict[str, Any]) -> None:
    for template in waba.templates.values():
        if template.name == change["name"] and change.get("language") in {None, template.language}:
            template.status = change["status"]
            tell_status(world, template)


async def wabas(request: Request) -> Response:
    world: World = request.app.state.world
    waba = world.whatsapp.wabas.get(request.path_params["waba"])
    if waba is None:
        return JSONResponse({"error": "no such WhatsApp business account"}, 404)
    try:
        change_waba(world, waba, await request.json())
    except (KeyError, IndexError, ValueError, TypeError) as error:
        return JSONResponse({"error": f"cannot do that: {error!r}"}, 400)
    return JSONResponse({"success": True})


async def members(request: Request) -> Response:
    world: World = request.app.state.world
    body = await request.json()
    member = world.whatsapp.member(e164(request.path_params["number"]))
    member.name, member.username = body.get("name", member.name), body.get("username", member.username)
    member.hides_number = bool(body.get("hides_number", member.hides_number))
    if "to" not in body:
        return JSONResponse({"success": True})
    phone = world.whatsapp.phones_by_number.get(e164(body["to"]))
    if phone is None:
        return JSONResponse({"error": f"{body['to']} is not on WhatsApp"}, 404)
    if "marketing" in body:
        prefer(world, phone, member.number, body["marketing"])
    if "new_number" in body:
        change_number(world, phone, member.number, body["new_number"])
    return JSONResponse({"success": True})


def routes(world: World) -> list[Route]:
    return [
        Route("/_meta/sdk.js", sdk),
        Route("/_meta/signup", show, methods=["GET"]),
        Route("/_meta/signup", submit, methods=["POST"]),
        Route("/_meta/wabas/{waba}", wabas, methods=["POST"]),
        Route("/_meta/members/{number}", members, methods=["POST"]),
    ]
