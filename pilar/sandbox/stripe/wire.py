"""The door of the Stripe simulator: key, version, idempotency, parameters, errors, `Request-Id`."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pilar.sandbox.faults import operation
from pilar.sandbox.state import World, token, world_of
from pilar.sandbox.stripe import forms, schema
from pilar.sandbox.stripe.errors import StripeError
from pilar.sandbox.stripe.listing import expanded
from pilar.sandbox.stripe.state import Answer, State

Json = dict[str, Any]
API_VERSION = "2026-10-28.endive"
LONGEST_KEY = 255
# Refusals that Stripe gives only after it began to work, and therefore remembers.
EXECUTED = ("balance_insufficient",)


@dataclass
class Call:
    """One authenticated request. `params` are checked and typed; `account` is `Stripe-Account`."""

    world: World
    params: Json
    path: dict[str, str]
    url: str
    request_id: str
    key: str | None
    account: str | None = None

    @property
    def stripe(self) -> State:
        return self.world.stripe

    def get(self, kind: str, name: str = "id") -> Json:
        """The object that the path names."""
        return self.stripe.get(kind, self.path[name])


Handler = Callable[[Call], Json]


@dataclass
class Routes:
    """Collects handlers: method, path, operation name for faults, and the SDK's type of the parameters."""

    found: list[Route] = field(default_factory=list)

    def on(self, method: str, path: str, name: str, params: type | None = None) -> Callable[[Handler], Handler]:
        def add(handler: Handler) -> Handler:
            endpoint = _endpoint(method, name, params, handler)
            self.found.append(Route(path, endpoint, methods=[method], name=name))
            return handler

        return add


def _endpoint(
    method: str, name: str, params: type | None, handler: Handler
) -> Callable[[Request], Awaitable[Response]]:
    work = operation("stripe", name)(_worker(method, params, handler))

    async def endpoint(request: Request) -> Response:
        request_id = token("req_", 14)
        request.state.request_id = request_id
        world = world_of(request)
        try:
            _authenticate(request, world)
            held = _hold(request, world.stripe, method)
        except StripeError as error:
            return _refuse(error, request_id)
        try:
            return await work(request)
        finally:
            world.stripe.in_flight.discard(held)

    return endpoint


def _worker(method: str, params: type | None, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def worker(request: Request) -> Response:
        request_id: str = request.state.request_id
        key = _key(request, method)
        try:
            fingerprint, given = await _read(request, method)
            known = _replay(request, key, fingerprint)
            if known is not None:
                return known
            call = _call(request, schema.check(params, given) if params else given, key)
        except StripeError as error:
            return _refuse(error, request_id)
        return _perform(request, call, handler, fingerprint)

    return worker


def _perform(request: Request, call: Call, handler: Handler, fingerprint: str) -> Response:
    """Execute, and remember the answer under the idempotency key: errors of the execution too."""
    status, code = 200, ""
    try:
        result = expanded(call.stripe, handler(call), call.params.get("expand", []))
    except StripeError as error:
        status, code, result = error.status, error.code, error.body(call.request_id)
    body = json.dumps(result).encode()
    # What was refused before it was executed may be sent again, corrected, under the same key.
    if call.key and (status in (200, 402) or code in EXECUTED):
        path = request.url.path
        call.stripe.answers[_scope(request, call.key)] = Answer(fingerprint, path, status, body, call.request_id)
    return _answer(body, status, call.request_id)


def _call(request: Request, params: Json, key: str | None) -> Call:
    return Call(
        world=world_of(request),
        params=params,
        path=dict(request.path_params),
        url=request.url.path,
        request_id=request.state.request_id,
        key=key,
        account=request.headers.get("stripe-account"),
    )


def _authenticate(request: Request, world: World) -> None:
    given = _given_key(request)
    if not given:
        raise StripeError(
            "You did not provide an API key. You need to provide your API key in the Authorization header, using "
            "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
            status=401,
        )
    if given != world.settings.stripe_secret_key:
        raise StripeError(f"Invalid API Key provided: {given[:8]}****{given[-4:]}", status=401)
    version = request.headers.get("stripe-version", API_VERSION)
    if version != API_VERSION:
        message = f"Invalid Stripe API version: {version}. This simulator speaks {API_VERSION} only."
        raise StripeError(message, param="Stripe-Version")
    account = request.headers.get("stripe-account")
    if account and account not in world.stripe.objects.get("account", {}):
        raise StripeError(
            f"The provided key does not have access to account '{account}' (or that account does not exist).",
            status=403,
            code="account_invalid",
        )


def _given_key(request: Request) -> str:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value).decode().partition(":")[0]
        except ValueError:
            return ""
    return ""


def _key(request: Request, method: str) -> str | None:
    return request.headers.get("idempotency-key") if method == "POST" else None


def _scope(request: Request, key: str) -> tuple[str, str]:
    return request.headers.get("stripe-account", ""), key


def _hold(request: Request, stripe: State, method: str) -> tuple[str, str]:
    """Mark the key as in use for as long as the request runs."""
    key = _key(request, method)
    if key is None:
        return "", ""
    if not 0 < len(key) <= LONGEST_KEY:
        raise StripeError(f"Idempotency keys may be 1 to {LONGEST_KEY} characters long.")
    scope = _scope(request, key)
    if scope in stripe.in_flight:
        raise StripeError(
            "There is currently another in-progress request using this Idempotent Key (that probably means you "
            f"submitted twice, and the other request is still going through): {key}. Please try again later.",
            status=409,
            kind="idempotency_error",
            code="idempotency_key_in_use",
        )
    stripe.in_flight.add(scope)
    return scope


async def _read(request: Request, method: str) -> tuple[str, Json]:
    raw = await request.body()
    if method != "POST":
        return "", forms.parse(request.url.query)
    kind = request.headers.get("content-type", "")
    if request.url.path.startswith("/v2/"):
        return _marked(_read_json(raw, kind))
    if raw and not kind.startswith("application/x-www-form-urlencoded"):
        raise StripeError(f"Invalid request: this endpoint takes application/x-www-form-urlencoded, not '{kind}'.")
    try:
        return _marked(forms.parse(raw.decode()))
    except UnicodeDecodeError:
        raise StripeError("Invalid request: the body is not UTF-8.") from None


def _marked(given: Json) -> tuple[str, Json]:
    return hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest(), given


def _read_json(raw: bytes, kind: str) -> Json:
    if raw and not kind.startswith("application/json"):
        raise StripeError(f"Invalid request: v2 endpoints take application/json, not '{kind}'.")
    try:
        body = json.loads(raw or b"{}")
    except ValueError:
        raise StripeError("Invalid request: the body is not valid JSON.", code="invalid_json") from None
    if not isinstance(body, dict):
        raise StripeError("Invalid request: the body must be a JSON object.", code="invalid_json")
    return body


def _replay(request: Request, key: str | None, fingerprint: str) -> Response | None:
    if key is None:
        return None
    known = world_of(request).stripe.answers.get(_scope(request, key))
    if known is None:
        return None
    if known.path != request.url.path:
        message = (
            "Keys for idempotent requests can only be used for the same endpoint they were first used for "
            f"('{request.url.path}' vs '{known.path}'). Try using a key other than '{key}' if you meant to "
            "execute a different request."
        )
        raise StripeError(message, kind="idempotency_error")
    if known.fingerprint != fingerprint:
        message = (
            "Keys for idempotent requests can only be used with the same parameters they were first used with. "
            f"Try using a key other than '{key}' if you meant to execute a different request."
        )
        raise StripeError(message, kind="idempotency_error")
    response = _answer(known.body, known.status, request.state.request_id)
    response.headers["idempotent-replayed"] = "true"
    response.headers["original-request"] = known.request_id
    return response


def _answer(body: bytes, status: int, request_id: str) -> Response:
    headers = {"request-id": request_id, "stripe-version": API_VERSION}
    return Response(body, status_code=status, media_type="application/json", headers=headers)


def _refuse(error: StripeError, request_id: str) -> Response:
    return _answer(json.dumps(error.body(request_id)).encode(), error.status, request_id)


async def unknown_url(request: Request) -> Response:
    """Any path that this simulator does not know."""
    request_id = token("req_", 14)
    try:
        _authenticate(request, world_of(request))
    except StripeError as error:
        return _refuse(error, request_id)
    where = f"{request.method}: {request.url.path}"
    message = f"Unrecognized request URL ({where}). Please see https://stripe.com/docs."
    return _refuse(StripeError(message, status=404), request_id)
