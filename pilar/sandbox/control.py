"""`/_control/…`: what tests, drills and newcomers use to look into the sandbox and to steer it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pilar.sandbox import stripe, whatsapp
from pilar.sandbox.faults import KINDS, PROVIDERS, Fault
from pilar.sandbox.phones import e164
from pilar.sandbox.state import Reviews, world_of

if TYPE_CHECKING:
    from pilar.sandbox.state import World

Endpoint = Callable[[Request], Awaitable[Response]]


class BadControlError(Exception):
    """What was asked of the sandbox makes no sense; the text says what to change."""


def routes(world: World) -> list[Route]:
    return [
        Route("/_control/state", get_state),
        Route("/_control/deliveries", get_deliveries),
        Route("/_control/phones", get_phones),
        Route("/_control/studios", get_studios),
        Route("/_control/phone/{number}", get_phone),
        Route("/_control/phone/{number}/send", checked(phone_send), methods=["POST"]),
        Route("/_control/checkout", checked(checkout), methods=["POST"]),
        Route("/_control/stripe/{action}", checked(stripe_action), methods=["POST"]),
        Route("/_control/faults", get_faults, methods=["GET"]),
        Route("/_control/faults", checked(add_fault), methods=["POST"]),
        Route("/_control/faults", clear_faults, methods=["DELETE"]),
        Route("/_control/latency", checked(set_latency), methods=["POST"]),
        Route("/_control/reviews", checked(set_reviews), methods=["POST"]),
        Route("/_control/reset", reset, methods=["POST"]),
    ]


def checked(endpoint: Endpoint) -> Endpoint:
    """Answer 400 with the reason when the input is wrong."""

    @wraps(endpoint)
    async def guarded(request: Request) -> Response:
        try:
            return await endpoint(request)
        except (BadControlError, stripe.StripeError) as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        except LookupError as error:
            return JSONResponse({"error": str(error.args[0] if error.args else error)}, status_code=404)

    return guarded


async def get_state(request: Request) -> Response:
    world = world_of(request)
    return JSONResponse(
        {
            "stripe": world.stripe.summary(),
            "twilio": world.twilio.summary(),
            "whatsapp": world.whatsapp.summary(),
            "ai": world.ai.summary(),
            "voices": world.voices.summary(),
            "mail": world.mail.count,
            "phones": len(world.phones.by_number),
            "deliveries": world.delivery.counts(),
        }
    )


async def get_deliveries(request: Request) -> Response:
    """The last attempts to deliver webhooks, newest first."""
    return JSONResponse(world_of(request).delivery.recent())


async def get_phones(request: Request) -> Response:
    return JSONResponse(
        [
            {"number": phone.number, "received": len(phone.received), "sent": len(phone.sent)}
            for phone in world_of(request).phones.by_number.values()
        ]
    )


async def get_studios(request: Request) -> Response:
    """The numbers of studios that are on WhatsApp."""
    numbers = whatsapp.studio_numbers(world_of(request))
    return JSONResponse([{"number": number, "name": name} for number, name in numbers])


async def get_phone(request: Request) -> Response:
    number = e164(request.path_params["number"])
    phone = world_of(request).phones.by_number.get(number)
    empty = {"number": number, "messages": [], "sent": []}
    return JSONResponse(phone.as_json() if phone else empty)


async def phone_send(request: Request) -> Response:
    """`{"to", "text", "button"?}`: the phone writes to a studio."""
    body = await read_object(request)
    answer = await whatsapp.phone_writes(
        world_of(request),
        sender=e164(request.path_params["number"]),
        to=e164(text_of(body, "to")),
        text=text_of(body, "text"),
        button=body.get("button"),
    )
    return JSONResponse(answer)


async def checkout(request: Request) -> Response:
    """`{"email", "name", "plan", "country"?, "affiliate"?}`: a customer pays by a payment link."""
    body = await read_object(request)
    plan = text_of(body, "plan").upper()
    if plan not in ("BASIC", "PRO"):
        raise BadControlError("plan is BASIC or PRO")
    paid = stripe.pay_by_link(
        world_of(request),
        email=text_of(body, "email"),
        name=text_of(body, "name"),
        plan=plan,
        country=str(body.get("country") or "DE").upper(),
        affiliate=body.get("affiliate"),
    )
    return JSONResponse(paid)


async def stripe_action(request: Request) -> Response:
    """Time passes at Stripe: `/_control/stripe/renew` and so on; see docs/sandbox.md."""
    body = await read_object(request)
    return JSONResponse(stripe.act(world_of(request), request.path_params["action"], body))


async def get_faults(request: Request) -> Response:
    return JSONResponse([fault.as_json() for fault in world_of(request).faults.active])


async def add_fault(request: Request) -> Response:
    body = await read_object(request)
    fault = Fault(
        provider=choice_of(body, "provider", (*PROVIDERS, "*")),
        kind=choice_of(body, "kind", KINDS),
        operation=str(body.get("operation") or "*"),
        status=whole_of(body, "status") or 500,
        count=whole_of(body, "count"),
        latency_ms=whole_of(body, "latencyMs"),
        retry_after=whole_of(body, "retryAfter"),
        code=body.get("code"),
    )
    world_of(request).faults.add(fault)
    return JSONResponse(fault.as_json(), status_code=201)


async def clear_faults(request: Request) -> Response:
    world_of(request).faults.clear()
    return Response(status_code=204)


async def set_latency(request: Request) -> Response:
    body = await read_object(request)
    provider = choice_of(body, "provider", (*PROVIDERS, "*"))
    world_of(request).faults.latency_by_provider[provider] = whole_of(body, "ms") or 0
    return JSONResponse({"provider": provider, "ms": whole_of(body, "ms") or 0})


async def set_reviews(request: Request) -> Response:
    """`{"delaySeconds", "decision"}`: how long people at Twilio and Meta take, and what they say."""
    body = await read_object(request)
    world = world_of(request)
    delay = body.get("delaySeconds", world.reviews.delay_seconds)
    if isinstance(delay, bool) or not isinstance(delay, int | float) or delay < 0:
        raise BadControlError("delaySeconds is a number, not negative")
    decision = str(body.get("decision") or world.reviews.decision)
    if decision not in ("approved", "rejected"):
        raise BadControlError("decision is approved or rejected")
    world.reviews = Reviews(delay, decision)
    return JSONResponse({"delaySeconds": delay, "decision": decision})


async def reset(request: Request) -> Response:
    world_of(request).reset()
    return Response(status_code=204)


async def read_object(request: Request) -> dict[str, Any]:
    raw = await request.body()
    try:
        body = json.loads(raw or b"{}")
    except ValueError as error:
        raise BadControlError(f"the body is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise BadControlError("the body is a JSON object")
    return body


def text_of(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise BadControlError(f"{name} is missing")
    return value


def whole_of(body: dict[str, Any], name: str) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise BadControlError(f"{name} is a whole number, not negative")
    return value


def choice_of(body: dict[str, Any], name: str, choices: tuple[str, ...]) -> str:
    value = text_of(body, name)
    if value not in choices:
        raise BadControlError(f"{name} is one of {', '.join(choices)}")
    return value
