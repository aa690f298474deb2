"""Language models: OpenAI, Groq and Anthropic, each in its own shape, all answering as one calm coach.

A fault of kind ``status`` with ``status`` 200 spoils the answer in the way its ``code`` names; see ``answer``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pilar.sandbox.ai import anthropic, openai
from pilar.sandbox.ai.state import State
from pilar.sandbox.faults import operation

if TYPE_CHECKING:
    from pilar.sandbox.state import World

__all__ = ["State", "routes"]

OPENAI_MODELS = ("gpt-5.2", "gpt-5-mini", "gpt-4.1-mini", "gpt-4o-mini")
GROQ_MODELS = ("llama-3.3-70b-versatile", "openai/gpt-oss-120b")
ANTHROPIC_MODELS = ("claude-sonnet-4-6", "claude-haiku-4-5")


def routes(world: World) -> list[Route]:
    of_openai = operation("openai", "models.list")(openai.models(openai.OPENAI, world, OPENAI_MODELS))
    of_anthropic = operation("anthropic", "models.list")(anthropic.models(world, ANTHROPIC_MODELS))

    async def models(request: Request) -> Response:
        """OpenAI and Anthropic share this path; only Anthropic's clients name a version."""
        return await (of_anthropic if "anthropic-version" in request.headers else of_openai)(request)

    chat = operation("openai", "chat")(openai.chat(openai.OPENAI, world))
    groq = operation("groq", "chat")(openai.chat(openai.GROQ, world))
    groq_models = operation("groq", "models.list")(openai.models(openai.GROQ, world, GROQ_MODELS))
    return [
        Route("/v1/chat/completions", chat, methods=["POST"]),
        Route("/openai/v1/chat/completions", groq, methods=["POST"]),
        Route("/v1/messages", operation("anthropic", "chat")(anthropic.messages(world)), methods=["POST"]),
        Route("/v1/models", models),
        Route("/openai/v1/models", groq_models),
    ]
