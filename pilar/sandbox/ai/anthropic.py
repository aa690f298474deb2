"""Messages as Anthropic speaks them."""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from pilar.sandbox.ai.answer import Answer, Json, Question, Tool, answer, cut, spoil_code, tokens

if TYPE_CHECKING:
    from pilar.sandbox.state import World

KEYS = {
    "model", "messages", "max_tokens", "system", "tools", "tool_choice", "metadata", "stop_sequences", "stream",
    "service_tier", "thinking", "container", "context_management", "mcp_servers", "output_config", "output_format",
    "betas", "cache_control", "inference_geo",
}  # fmt: skip
# Since 2026-10-21 the sampling parameters are refused.
SAMPLING = ("temperature", "top_p", "top_k")
MODELS = re.compile(r"claude-")
TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}\Z")
MAX_INPUT_TOKENS = 200_000
STATUS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "not_found_error": 404,
    "request_too_large": 413,
}


class Refused(Exception):
    def __init__(self, message: str, kind: str = "invalid_request_error") -> None:
        super().__init__(message)
        self.message, self.kind = message, kind

    def response(self) -> Response:
        request_id = "req_" + secrets.token_hex(12)
        error = {"type": self.kind, "message": self.message}
        body = {"type": "error", "error": error, "request_id": request_id}
        return JSONResponse(body, STATUS[self.kind], {"request-id": request_id})


def check_key(world: World, request: Request) -> None:
    """The key comes as a bearer token or, from older SDKs, as ``x-api-key``."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    key = value if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
    if not hmac.compare_digest(key.encode(), world.settings.anthropic_api_key.encode()):
        raise Refused("invalid x-api-key", "authentication_error")
    if not request.headers.get("anthropic-version"):
        raise Refused("anthropic-version: header is required")


def check(body: Any) -> Json:
    if not isinstance(body, dict):
        raise Refused("The request body has to be a JSON object.")
    for name in SAMPLING:
        if name in body:
            raise Refused(f"{name}: this parameter is not supported by this API version.")
    if extra := sorted(set(body) - KEYS):
        raise Refused(f"{extra[0]}: Extra inputs are not permitted")
    for name, kind in (("model", str), ("messages", list), ("max_tokens", int)):
        if not isinstance(body.get(name), kind):
            raise Refused(f"{name}: Field required")
    if not MODELS.match(body["model"]):
        raise Refused(f"model: {body['model']}", "not_found_error")
    if body["max_tokens"] < 1:
        raise Refused("max_tokens: Input should be greater than or equal to 1")
    if body.get("stream"):
        raise Refused("stream: streaming is not part of the sandbox")
    _check_messages(body["messages"])
    _check_tools(body)
    return body


def _check_messages(messages: list[Any]) -> None:
    if not messages:
        raise Refused("messages: at least one message is required")
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in {"user", "assistant"}:
            raise Refused(f"messages.{index}.role: Input should be 'user' or 'assistant'")
        if not message.get("content"):
            raise Refused(f"messages.{index}: all messages must have non-empty content")
    if messages[0]["role"] != "user":
        raise Refused("messages: first message must use the user role")
    used: set[str] = set()
    for index, message in enumerate(messages):
        for block in message["content"] if isinstance(message["content"], list) else []:
            if block.get("type") == "tool_use":
                used.add(block["id"])
            elif block.get("type") == "tool_result" and block.get("tool_use_id") not in used:
                raise Refused(f"messages.{index}: unexpected tool_use_id in tool_result blocks")


def _check_tools(body: Json) -> None:
    names = []
    for index, tool in enumerate(body.get("tools") or []):
        if not TOOL_NAME.match(str(tool.get("name", ""))) or not isinstance(tool.get("input_schema"), dict):
            raise Refused(f"tools.{index}.custom: name and input_schema are required")
        names.append(tool["name"])
    choice = body.get("tool_choice") or {}
    if choice and not names:
        raise Refused("tool_choice may only be specified while providing tools.")
    if choice.get("type") == "tool" and choice.get("name") not in names:
        raise Refused(f"Tool '{choice.get('name')}' not found in provided tools")


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(str(block.get("text", "")) for block in content if block.get("type") == "text")


def _forced(body: Json) -> str | None:
    choice = body.get("tool_choice") or {}
    return choice.get("name") if choice.get("type") == "tool" else "*" if choice.get("type") == "any" else None


def reply(world: World, request: Request, body: Json) -> Response:
    parts = (body["messages"], body.get("system", ""), body.get("tools") or "")
    input_tokens = sum(tokens(json.dumps(part, ensure_ascii=False)) for part in parts)
    if input_tokens > MAX_INPUT_TOKENS:
        raise Refused(f"prompt is too long: {input_tokens} tokens > {MAX_INPUT_TOKENS} maximum")
    tools = [Tool(each["name"], each["input_schema"]) for each in body.get("tools") or []]
    if (body.get("tool_choice") or {}).get("type") == "none":
        tools = []
    spoken = (_text(each["content"]) for each in reversed(body["messages"]) if each["role"] == "user")
    last = next((text for text in spoken if text.strip()), "")
    question = Question(last, _text(body.get("system") or ""), tools, _forced(body))
    made = cut(answer(question, spoil_code(request)), body["max_tokens"])
    world.ai.note("anthropic", body, made.text or made.arguments, input_tokens + made.length)
    return JSONResponse(
        {
            "id": "msg_" + secrets.token_hex(12),
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": _content(made),
            "stop_reason": _stop(made),
            "stop_sequence": None,
            "usage": {
                "input_tokens": input_tokens,
                "output_tokens": made.length,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
                "service_tier": "standard",
            },
        },
        headers={
            "request-id": "req_" + secrets.token_hex(12),
            "anthropic-ratelimit-requests-limit": "4000",
            "anthropic-ratelimit-requests-remaining": "3999",
        },
    )


def _content(made: Answer) -> list[Json]:
    if made.tool:
        # Anthropic gives arguments as an object; those that are no JSON arrive cut short, as an empty one.
        try:
            arguments = json.loads(made.arguments)
        except ValueError:
            arguments = {}
        return [{"type": "tool_use", "id": "toolu_" + secrets.token_hex(12), "name": made.tool, "input": arguments}]
    return [{"type": "text", "text": made.text}] if made.text else []


def _stop(made: Answer) -> str:
    if made.ending in {"refusal", "content_filter"}:
        return "refusal"
    if made.ending == "length":
        return "max_tokens"
    return "tool_use" if made.tool else "end_turn"


def messages(world: World) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            check_key(world, request)
            try:
                body = await request.json()
            except ValueError as error:
                raise Refused("The request body is not valid JSON.") from error
            return reply(world, request, check(body))
        except Refused as error:
            return error.response()

    return endpoint


def models(world: World, names: tuple[str, ...]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            check_key(world, request)
        except Refused as error:
            return error.response()
        rows = [
            {"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"} for name in names
        ]
        return JSONResponse({"data": rows, "has_more": False, "first_id": names[0], "last_id": names[-1]})

    return endpoint
