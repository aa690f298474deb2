"""The configured language models, in the order in which they are asked.

Each library takes up to a second to import, so only those whose model is asked are loaded.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from django.conf import settings
from pydantic_ai.models import Model

READ_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Candidate:
    provider: str
    model: Model

    @property
    def name(self) -> str:
        """The model as it is asked for, with its provider."""
        return f"{self.provider}/{self.model.model_name}"


def candidates(names: Mapping[str, str]) -> Iterator[Candidate]:
    """Yield a model of each configured provider; `names` overrides the model's name by provider."""
    process = os.getpid()
    found = [
        ("openai", settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL, settings.OPENAI_MODEL),
        ("groq", settings.GROQ_API_KEY, settings.GROQ_BASE_URL, settings.GROQ_MODEL),
        ("anthropic", settings.ANTHROPIC_API_KEY, settings.ANTHROPIC_BASE_URL, settings.ANTHROPIC_MODEL),
    ]
    for provider, key, base, default in found:
        if key:
            yield Candidate(provider, _model(process, provider, key, base, names.get(provider) or default))


@cache
def _model(process: int, provider: str, key: str, base: str, name: str) -> Model:
    client = _client(process, provider, key, base)
    make = {"openai": _openai, "groq": _groq, "anthropic": _anthropic}[provider]
    return make(client, name)


def _openai(client: Any, name: str) -> Model:
    from pydantic_ai.models.openai import OpenAIChatModel  # noqa: PLC0415 - loaded when asked, as its fellows
    from pydantic_ai.providers.openai import OpenAIProvider  # noqa: PLC0415

    return OpenAIChatModel(name, provider=OpenAIProvider(openai_client=client))


def _groq(client: Any, name: str) -> Model:
    from pydantic_ai.models.groq import GroqModel  # noqa: PLC0415
    from pydantic_ai.providers.groq import GroqProvider  # noqa: PLC0415

    return GroqModel(name, provider=GroqProvider(groq_client=client))


def _anthropic(client: Any, name: str) -> Model:
    from pydantic_ai.models.anthropic import AnthropicModel  # noqa: PLC0415
    from pydantic_ai.providers.anthropic import AnthropicProvider  # noqa: PLC0415

    return AnthropicModel(name, provider=AnthropicProvider(anthropic_client=client))


@cache
def _client(process: int, provider: str, key: str, base: str) -> Any:
    """One client a process and provider, used on the process's loop only. Its own repeats are off: jobs do that."""
    sdk = import_module(provider)
    http = sdk.DefaultAsyncHttpxClient(timeout=READ_SECONDS, follow_redirects=False, trust_env=False)
    kind = {"openai": "AsyncOpenAI", "groq": "AsyncGroq", "anthropic": "AsyncAnthropic"}[provider]
    return getattr(sdk, kind)(api_key=key, base_url=base, max_retries=0, http_client=http)
