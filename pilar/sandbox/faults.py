"""Faults and latency on demand.

Every provider endpoint is wrapped by `@operation(provider, name)`. Before the endpoint runs, the
latency of that provider is waited and a matching fault may answer in its place (`status`, `timeout`,
`reset`, `garbage`), or delay it (`slow`); `lost-answer` lets the endpoint do its work and then cuts the
connection. `duplicate` concerns webhooks: `Delivery` asks for it, with the operation `webhooks.<event>`.
Webhooks obey the other kinds only when a fault names them (`webhooks` or `webhooks.<event>`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from functools import wraps
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

Endpoint = Callable[[Request], Awaitable[Response]]

KINDS = ("status", "timeout", "reset", "garbage", "slow", "duplicate", "lost-answer")
PROVIDERS = ("stripe", "twilio", "whatsapp", "openai", "groq", "anthropic", "elevenlabs", "smtp")
# Longer than any client waits: a `timeout` holds the connection, then cuts it.
HOLD_MS = 120_000
SLOW_MS = 3_000


@dataclass
class Fault:
    """`count` None means until cleared. `latency_ms` is how long `slow` waits and `timeout` holds on."""

    provider: str
    kind: str
    operation: str = "*"
    status: int = 500
    count: int | None = None
    latency_ms: int | None = None
    retry_after: int | None = None
    code: int | str | None = None

    def matches(self, provider: str, name: str) -> bool:
        return self.provider in ("*", provider) and fnmatchcase(name, self.operation)

    def matches_webhook(self, provider: str, event: str) -> bool:
        if self.provider not in ("*", provider):
            return False
        named = self.operation in ("webhooks", event) or fnmatchcase(f"webhooks.{event}", self.operation)
        return named and (self.operation != "*" or self.kind == "duplicate")

    def as_json(self) -> dict[str, object]:
        shown = asdict(self)
        shown["latencyMs"] = shown.pop("latency_ms")
        shown["retryAfter"] = shown.pop("retry_after")
        return shown


@dataclass
class Faults:
    latency_ms: int = 0
    latency_by_provider: dict[str, int] = field(default_factory=dict)
    active: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        self.active.append(fault)

    def clear(self) -> None:
        self.active.clear()
        self.latency_by_provider.clear()

    def take(self, provider: str, name: str, fits: Callable[[Fault], bool] = lambda fault: True) -> Fault | None:
        """The fault that hits this call, used up once; None when the call goes well.

        `fits` may say of a fault that matches that it is meant for another moment.
        """
        if not self.active:
            return None
        for fault in self.active:
            if fault.kind != "duplicate" and fault.matches(provider, name) and fits(fault):
                return self._use(fault)
        return None

    def take_webhook(self, provider: str, event: str) -> Fault | None:
        """The fault that hits this delivery, used up once."""
        for fault in self.active:
            if fault.matches_webhook(provider, event):
                return self._use(fault)
        return None

    def latency(self, provider: str) -> float:
        """Seconds that each call to this provider takes at least."""
        by_provider = self.latency_by_provider
        return by_provider.get(provider, by_provider.get("*", self.latency_ms)) / 1000

    def _use(self, fault: Fault) -> Fault:
        if fault.count is not None:
            fault.count -= 1
            if fault.count <= 0:
                self.active.remove(fault)
        return fault


class CutResponse(Response):
    """No answer: the connection is cut, as when a network or a process dies."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        transport = scope.get("state", {}).get("transport")
        if transport is None:
            raise ConnectionResetError("the sandbox cut this connection on demand")
        transport.abort()
        # The server notices the cut in its own turn; returning earlier would log a missing answer.
        await asyncio.sleep(0.01)


def operation(provider: str, name: str) -> Callable[[Endpoint], Endpoint]:
    """Wrap a starlette endpoint so that faults and latency apply to it under this name."""

    def wrap(endpoint: Endpoint) -> Endpoint:
        @wraps(endpoint)
        async def guarded(request: Request) -> Response:
            faults: Faults = request.app.state.world.faults
            delay = faults.latency(provider)
            if delay:
                await asyncio.sleep(delay)
            fault = faults.take(provider, name)
            if fault is None:
                return await endpoint(request)
            return await _misbehave(fault, provider, request, endpoint)

        return guarded

    return wrap


async def _misbehave(fault: Fault, provider: str, request: Request, endpoint: Endpoint) -> Response:
    if fault.kind == "status" and fault.status >= 400:
        return fault_answer(provider, fault.status, fault.retry_after, fault.code)
    if fault.kind == "status":
        # A good answer that goes bad in the way `code` names (a message that fails later, a refusal).
        request.state.fault = fault
        return await endpoint(request)
    if fault.kind == "timeout":
        await asyncio.sleep((fault.latency_ms or HOLD_MS) / 1000)
        return CutResponse()
    if fault.kind == "reset":
        return CutResponse()
    if fault.kind == "garbage":
        return Response('<html><body>Bad gateway \x00{"id": 12', media_type="application/json")
    if fault.kind == "slow":
        await asyncio.sleep((fault.latency_ms or SLOW_MS) / 1000)
        return await endpoint(request)
    await endpoint(request)
    return CutResponse()


def fault_answer(provider: str, status: int, retry_after: int | None = None, code: int | str | None = None) -> Response:
    """An error answer of that status in the provider's own shape, with the provider's own `code` if given."""
    headers = {} if retry_after is None else {"retry-after": str(retry_after)}
    body = _BODIES.get(provider, _openai_error)(status)
    if code is not None:
        _name(body, provider, code)
    return JSONResponse(body, status_code=status, headers=headers)


def _name(body: dict[str, Any], provider: str, code: int | str) -> None:
    if provider == "twilio":
        body |= {"code": int(code), "more_info": f"https://www.twilio.com/docs/errors/{code}"}
    elif provider == "whatsapp":
        body["error"] |= {"code": int(code), "message": f"(#{code}) Sandbox fault."}
    elif provider in ("openai", "groq"):
        body["error"] |= {"code": code, "type": code}
    elif provider == "anthropic":
        body["error"]["type"] = code
    elif provider == "stripe":
        body["error"]["code"] = code


def _stripe_error(status: int) -> dict[str, Any]:
    kind = "api_error" if status >= 500 else "invalid_request_error"
    error = {"type": kind, "message": f"Sandbox fault with status {status}."}
    if status == 429:
        error["code"] = "rate_limit"
    if status == 402:
        error |= {"type": "card_error", "code": "card_declined", "decline_code": "generic_decline"}
    return {"error": error}


_TWILIO_CODES = {401: 20003, 403: 20003, 404: 20404, 429: 20429, 500: 20500, 503: 20503}


def _twilio_error(status: int) -> dict[str, Any]:
    code = _TWILIO_CODES.get(status, 20001 if status < 500 else 20500)
    message = f"Sandbox fault with status {status}."
    more = f"https://www.twilio.com/docs/errors/{code}"
    return {"code": code, "message": message, "more_info": more, "status": status}


_GRAPH_CODES = {401: (190, "OAuthException"), 403: (10, "OAuthException"), 429: (130429, "OAuthException")}


def _graph_error(status: int) -> dict[str, Any]:
    code, kind = _GRAPH_CODES.get(status, (131000 if status >= 500 else 100, "OAuthException"))
    return {
        "error": {
            "message": f"(#{code}) Sandbox fault with status {status}.",
            "type": kind,
            "code": code,
            "is_transient": status >= 500,
            "fbtrace_id": "sandbox",
        }
    }


_OPENAI_TYPES = {401: "invalid_request_error", 429: "rate_limit_exceeded", 404: "invalid_request_error"}


def _openai_error(status: int) -> dict[str, Any]:
    kind = _OPENAI_TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    code = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}.get(status)
    message = f"Sandbox fault with status {status}."
    return {"error": {"message": message, "type": kind, "code": code, "param": None}}


_ANTHROPIC_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}


def _anthropic_error(status: int) -> dict[str, Any]:
    kind = _ANTHROPIC_TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")
    error = {"type": kind, "message": f"Sandbox fault with status {status}."}
    return {"type": "error", "error": error, "request_id": "req_sandbox"}


def _elevenlabs_error(status: int) -> dict[str, Any]:
    word = {401: "invalid_api_key", 429: "too_many_concurrent_requests"}.get(status, "sandbox_fault")
    return {"detail": {"status": word, "message": f"Sandbox fault with status {status}."}}


_BODIES: dict[str, Callable[[int], dict[str, Any]]] = {
    "stripe": _stripe_error,
    "twilio": _twilio_error,
    "whatsapp": _graph_error,
    "openai": _openai_error,
    "groq": _openai_error,
    "anthropic": _anthropic_error,
    "elevenlabs": _elevenlabs_error,
}
