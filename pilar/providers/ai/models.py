"""The configured language models, in the order in which they are asked. Imported late: the libraries take seconds."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import anthropic
import groq
import openai
from django.conf import settings
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.groq import GroqModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.groq import GroqProvider
from pydantic_ai.providers.openai import OpenAIProvider

READ_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Candidate:
    provider: str
    model: Model


def candidates(names: Mapping[str, str]) -> list[Candidate]:
    """Return a model of each configured provider; `names` overrides the model's name by provider."""
    process = os.getpid()
    found = [
        ("openai", settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL, settings.OPENAI_MODEL),
        ("groq", settings.GROQ_API_KEY, settings.GROQ_BASE_URL, settings.GROQ_MODEL),
        ("anthropic", settings.ANTHROPIC_API_KEY, settings.ANTHROPIC_BASE_URL, settings.ANTHROPIC_MODEL),
    ]
    return [
        Candidate(provider, _model(process, provider, key, base, names.get(provider) or default))
        for provider, key, base, default in found
        if key
    ]


@cache
def _model(process: int, provider: str, key: str, base: str, name: str) -> Model:
    client = _client(process, provider, key, base)
    if provider == "openai":
        return OpenAIChatModel(name, provider=OpenAIProvider(openai_client=client))
    if provider == "groq":
        return GroqModel(name, provider=GroqProvider(groq_client=client))
    return AnthropicModel(name, provider=AnthropicProvider(anthropic_client=client))


@cache
def _client(process: int, provider: str, key: str, base: str) -> Any:
    """One client a process and provider, used on the process's loop only. Its own repeats are off: jobs do that."""
    sdk = {"openai": openai, "groq": groq, "anthropic": anthropic}[provider]
    http = sdk.DefaultAsyncHttpxClient(timeout=READ_SECONDS, follow_redirects=False, trust_env=False)
    kind = {"openai": openai.AsyncOpenAI, "groq": groq.AsyncGroq, "anthropic": anthropic.AsyncAnthropic}[provider]
    return kind(api_key=key, base_url=base, max_retries=0, http_client=http)
