"""Chat completions as OpenAI speaks them, and Groq, which speaks the same with its own paths and models."""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from pilar.sandbox.ai.answer import Answer, Json, Question, Tool, answer, cut, spoil_code, tokens

if TYPE_CHECKING:
    from pilar.sandbox.state import World

KEYS = {
    "model", "messages", "tools", "tool_choice", "parallel_tool_calls", "response_format", "temperature", "top_p", "n",
    "max_tokens", "max_completion_tokens", "stop", "stream", "stream_options", "presence_penalty", "frequency_penalty",
    "logit_bias", "logprobs", "top_logprobs", "user", "seed", "store", "metadata", "service_tier", "reasoning_effort",
    "modalities", "prediction", "verbosity", "prompt_cache_key", "prompt_cache_retention", "safety_identifier",
    "web_search_options", "functions", "function_call", "audio",
}  # fmt: skip
GROQ_KEYS = KEYS | {"reasoning_format", "include_reasoning", "exclude_domains", "include_domains", "search_settings"}
ROLES = {"system", "developer", "user", "assistant", "tool"}
TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
MAX_INPUT_TOKENS = 400_000


class BadRequest(Exception):
    def __init__(self, message: str, *, param: str | None = None, code: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.message, self.param, self.code, self.status = message, param, code, status

    def body(self) -> Json:
        kind = "invalid_request_error"
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}


@dataclass(frozen=True)
class Dialect:
    provider: str
    keys: set[str]
    models: re.Pattern[str]
    id_prefix: str

    def api_key(self, world: World) -> str:
        return world.settings.groq_api_key if self.provider == "groq" else world.settings.openai_api_key


OPENAI = Dialect("openai", KEYS, re.compile(r"(?:gpt-|o\d|chatgpt-|ft:)"), "chatcmpl-")
GROQ = Dialect(
    "groq",
    GROQ_KEYS,
    re.compile(r"(?:llama|meta-llama/|openai/|qwen|moonshotai/|mixtral|gemma|deepseek|groq/)"),
    "chatcmpl-",
)


def check_key(dialect: Dialect, world: World, request: Request) -> None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(key.encode(), dialect.api_key(world).encode()):
        raise BadRequest("Incorrect API key provided.", code="invalid_api_key", status=401)


def check(dialect: Dialect, body: Any) -> Json:
    """Refuse what the provider refuses: unknown parameters, wrong types, messages that do not fit together."""
    if not isinstance(body, dict):
        raise BadRequest("The request body has to be a JSON object.")
    if extra := sorted(set(body) - dialect.keys):
        raise BadRequest(f"Unknown parameter: '{extra[0]}'.", param=extra[0], code="unknown_parameter")
    model = body.get("model")
    if not isinstance(model, str):
        raise BadRequest("you must provide a model parameter", param="model")
    if not dialect.models.match(model):
        message = f"The model `{model}` does not exist or you do not have access to it."
        raise BadRequest(message, param="model", code="model_not_found", status=404)
    if body.get("stream"):
        raise BadRequest("Streaming is not part of the sandbox.", param="stream", code="unsupported_value")
    _check_numbers(dialect, body)
    _check_messages(body.get("messages"))
    _check_tools(body)
    return body


def _check_numbers(dialect: Dialect, body: Json) -> None:
    if dialect.provider == "openai" and "max_tokens" in body:
        message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'."
        raise BadRequest(message, param="max_tokens", code="unsupported_parameter")
    most = body.get("max_completion_tokens", body.get("max_tokens"))
    if most is not None and (not isinstance(most, int) or most < 1):
        raise BadRequest("Invalid 'max_completion_tokens': integer below minimum value.", param="max_completion_tokens")
    for name, highest in (("temperature", 2), ("top_p", 1)):
        value = body.get(name)
        if value is not None and (not isinstance(value, int | float) or not 0 <= value <= highest):
            raise BadRequest(f"Invalid '{name}': expected a value between 0 and {highest}.", param=name)


def _check_messages(messages: Any) -> None:
    if not isinstance(messages, list) or not messages:
        raise BadRequest("Invalid 'messages': empty array. Expected an array with minimum length 1.", param="messages")
    asked: set[str] = set()
    for index, message in enumerate(messages):
        where = f"messages.[{index}]"
        role = message.get("role") if isinstance(message, dict) else None
        if role not in ROLES:
            raise BadRequest(f"Invalid value for '{where}.role'.", param=f"{where}.role", code="invalid_value")
        if role == "assistant":
            asked |= {each.get("id") for each in message.get("tool_calls") or []}
        elif not isinstance(message.get("content"), str | list):
            raise BadRequest(f"Invalid type for '{where}.content'.", param=f"{where}.content", code="invalid_type")
        if role == "tool" and message.get("tool_call_id") not in asked:
            text = "messages with role 'tool' must be a response to a preceding message with 'tool_calls'."
            raise BadRequest(f"Invalid parameter: {text}", param=f"{where}.role")


def _check_tools(body: Json) -> None:
    for index, tool in enumerate(body.get("tools") or []):
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict) or not TOOL_NAME.match(str(function.get("name", ""))):
            raise BadRequest(f"Invalid 'tools[{index}].function.name'.", param=f"tools[{index}].function.name")
        if function.get("strict"):
            _check_strict(function.get("parameters") or {}, f"tools[{index}].function.parameters", function["name"])
    choice = body.get("tool_choice")
    if choice not in (None, "none", "auto") and not body.get("tools"):
        raise BadRequest("'tool_choice' is only allowed when 'tools' are specified.", param="tool_choice")
    names = [tool["function"]["name"] for tool in body.get("tools") or []]
    if isinstance(choice, dict) and (choice.get("function") or {}).get("name") not in names:
        raise BadRequest("Invalid 'tool_choice': no such function.", param="tool_choice")


def _check_strict(schema: Json, param: str, name: str) -> None:
    """Strict schemas close every object and require every property."""
    for part in [schema, *schema.get("$defs", {}).values()]:
        if part.get("type") != "object":
            continue
        if part.get("additionalProperties") is not False or set(part.get("required", [])) != set(
            part.get("properties", {})
        ):
            text = "'additionalProperties' has to be false and 'required' has to name every property."
            raise BadRequest(
                f"Invalid schema for function '{name}': {text}", param=param, code="invalid_function_parameters"
            )


def text_of(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return str(content or "")


def _forced(body: Json) -> str | None:
    choice = body.get("tool_choice")
    if isinstance(choice, dict):
        return str(choice["function"]["name"])
    return "*" if choice == "required" else None


def _schema(body: Json) -> Json | None:
    form = body.get("response_format") or {}
    if form.get("type") == "json_schema":
        schema: Json = form["json_schema"]["schema"]
        return schema
    if form.get("type") == "json_object":
        return {"type": "object", "properties": {"reply": {"type": "string"}}, "required": ["reply"]}
    return None


def complete(dialect: Dialect, world: World, request: Request, body: Json) -> Response:
    prompt_tokens = tokens(json.dumps(body["messages"], ensure_ascii=False)) + tokens(
        json.dumps(body.get("tools") or "")
    )
    if prompt_tokens > MAX_INPUT_TOKENS:
        message = f"This model's maximum context length is {MAX_INPUT_TOKENS} tokens."
        raise BadRequest(message, param="messages", code="context_length_exceeded")
    tools = [
        Tool(each["function"]["name"], each["function"].get("parameters") or {}) for each in body.get("tools") or []
    ]
    if body.get("tool_choice") == "none":
        tools = []
    messages = body["messages"]
    last = next((text_of(each["content"]) for each in reversed(messages) if each["role"] == "user"), "")
    told = "\n".join(text_of(each["content"]) for each in messages if each["role"] in {"system", "developer"})
    made = answer(Question(last, told, tools, _forced(body), _schema(body)), spoil_code(request))
    made = cut(made, body.get("max_completion_tokens", body.get("max_tokens")))
    usage = {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": made.length,
        "total_tokens": prompt_tokens + made.length,
    }
    if dialect.provider == "openai":
        usage |= {"prompt_tokens_details": {"cached_tokens": 0}, "completion_tokens_details": {"reasoning_tokens": 0}}  # type: ignore[dict-item]
    world.ai.note(dialect.provider, body, made.text or made.arguments, prompt_tokens + made.length)
    return JSONResponse(
        {
            "id": dialect.id_prefix + secrets.token_hex(14),
            "object": "chat.completion",
            "created": world.now(),
            "model": body["model"],
            "choices": [choice(made)],
            "usage": usage,
            "service_tier": "default" if dialect.provider == "openai" else "on_demand",
            "system_fingerprint": "fp_sandbox",
        },
        headers=rate_headers(),
    )


def choice(made: Answer) -> Json:
    message: Json = {"role": "assistant", "content": made.text or None}
    finish = "stop"
    if made.tool:
        function = {"name": made.tool, "arguments": made.arguments}
        message["tool_calls"] = [{"id": "call_" + secrets.token_hex(12), "type": "function", "function": function}]
        finish = "tool_calls"
    if made.ending == "refusal":
        message["refusal"] = "I'm sorry, but I can't help with that."
    if made.ending in {"length", "content_filter"}:
        finish = made.ending
    return {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}


def rate_headers() -> dict[str, str]:
    return {
        "x-request-id": "req_" + secrets.token_hex(16),
        "x-ratelimit-limit-requests": "10000",
        "x-ratelimit-remaining-requests": "9999",
        "x-ratelimit-reset-requests": "6ms",
    }


def chat(dialect: Dialect, world: World) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            check_key(dialect, world, request)
            try:
                body = await request.json()
            except ValueError as error:
                raise BadRequest("We could not parse the JSON body of your request.") from error
            return complete(dialect, world, request, check(dialect, body))
        except BadRequest as error:
            return JSONResponse(error.body(), error.status, rate_headers())

    return endpoint


def models(dialect: Dialect, world: World, names: tuple[str, ...]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            check_key(dialect, world, request)
        except BadRequest as error:
            return JSONResponse(error.body(), error.status)
        rows = [{"id": name, "object": "model", "created": 0, "owned_by": dialect.provider} for name in names]
        return JSONResponse({"object": "list", "data": rows})

    return endpoint
