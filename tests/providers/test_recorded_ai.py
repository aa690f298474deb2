"""Recorded answers and refusals of the models: each becomes an answer or one of our classes, never anything else."""

import json
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel
from pytest_django import Settings

from pilar.kernel.errors import ErrorClass, ProviderError
from pilar.providers.ai import chat
from pilar.providers.ai.chat import NoAnswer, Said
from tests.providers.misbehaving import Answer, saying, server
from tests.providers.recorded import recorded

pytestmark = pytest.mark.django_db
ANSWERS, ERRORS = recorded("ai/answers"), recorded("ai/errors")


class Reply(BaseModel):
    text: str
    hand_over: bool


def answering(status: int, body: Any, headers: dict[str, str]) -> Answer:
    content = (body if isinstance(body, str) else json.dumps(body)).encode()
    kind = "text/html" if isinstance(body, str) else "application/json"
    lines = {"Content-Type": kind, "Content-Length": str(len(content)), "Connection": "close"} | headers
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return saying(f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + content)


def ask(settings: Settings, provider: str, answer: Answer) -> chat.AiAnswer[Reply]:
    """Put a question to one model that answers so, and to no other."""
    with server(answer) as url:
        for name in ("OPENAI", "GROQ", "ANTHROPIC"):
            setattr(settings, f"{name}_API_KEY", "sk-x" if name == provider.upper() else "")
            setattr(settings, f"{name}_BASE_URL", f"{url}/v1" if name == "OPENAI" else url)
        return chat.answer(
            instructions="Du bist der Coach.",
            messages=[Said("user", "Habt ihr auf?")],
            output=Reply,
            purpose="reply",
            seconds=10,
        )


def refusal(settings: Settings, provider: str, answer: Answer) -> ProviderError:
    with pytest.raises(NoAnswer) as found:
        ask(settings, provider, answer)
    (error,) = found.value.errors
    return error


@pytest.mark.parametrize("name", [name for name, one in ANSWERS.items() if one["fits"]])
def test_an_answer_is_read_whatever_stands_beside_it(settings: Settings, in_studio: UUID, name: str) -> None:
    found = ask(settings, ANSWERS[name]["provider"], answering(200, ANSWERS[name]["body"], {}))
    assert (found.output, found.input_tokens, found.output_tokens) == (
        Reply(text="Ja, ab 7 Uhr.", hand_over=False),
        19,
        10,
    )


@pytest.mark.parametrize("name", [name for name, one in ANSWERS.items() if not one["fits"]])
def test_what_is_no_answer_is_left_to_a_person(settings: Settings, in_studio: UUID, name: str) -> None:
    error = refusal(settings, ANSWERS[name]["provider"], answering(200, ANSWERS[name]["body"], {}))
    assert error.code in ("refused", "unusable_answer"), error


@pytest.mark.parametrize("name", ERRORS)
def test_each_refusal_has_its_class(settings: Settings, in_studio: UUID, name: str) -> None:
    one = ERRORS[name]
    error = refusal(settings, one["provider"], answering(one["status"], one["body"], one["headers"]))
    if one["class"] != "*":
        assert error.error_class is ErrorClass[one["class"]], error
    wait = {value for key, value in one["headers"].items() if key.lower() == "retry-after"}
    assert error.retry_after == (float(wait.pop()) if wait else None)
    assert not error.ambiguous
