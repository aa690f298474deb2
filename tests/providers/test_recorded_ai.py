"""Recorded answers and refusals of the models: each becomes an answer or one of our classes, never anything else."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from pydantic import BaseModel
from pytest_django import Settings

from pilar.kernel.errors import ErrorClass, ProviderError
from pilar.providers.ai import chat
from pilar.providers.ai.chat import NoAnswer, Said
from tests.providers.misbehaving import FarEnd, far_end
from tests.providers.recorded import recorded

pytestmark = pytest.mark.django_db
ANSWERS, ERRORS = recorded("ai/answers"), recorded("ai/errors")


class Reply(BaseModel):
    text: str
    hand_over: bool


@pytest.fixture(scope="module")
def far() -> Iterator[FarEnd]:
    with far_end() as end:
        yield end


def ask(settings: Settings, far: FarEnd, provider: str) -> chat.AiAnswer[Reply]:
    """Put a question to one model and to no other."""
    for name in ("OPENAI", "GROQ", "ANTHROPIC"):
        setattr(settings, f"{name}_API_KEY", "sk-x" if name == provider.upper() else "")
        setattr(settings, f"{name}_BASE_URL", f"{far.url}/v1" if name == "OPENAI" else far.url)
    return chat.answer(
        instructions="Du bist der Coach.",
        messages=[Said("user", "Habt ihr auf?")],
        output=Reply,
        purpose="reply",
        seconds=10,
    )


def refusal(settings: Settings, far: FarEnd, provider: str) -> ProviderError:
    with pytest.raises(NoAnswer) as found:
        ask(settings, far, provider)
    (error,) = found.value.errors
    return error


@pytest.mark.parametrize("name", [name for name, one in ANSWERS.items() if one["fits"]])
def test_an_answer_is_read_whatever_stands_beside_it(
    settings: Settings, far: FarEnd, in_studio: UUID, name: str
) -> None:
    far.says(200, ANSWERS[name]["body"])
    found = ask(settings, far, ANSWERS[name]["provider"])
    assert (found.output, found.input_tokens, found.output_tokens) == (
        Reply(text="Ja, ab 7 Uhr.", hand_over=False),
        19,
        10,
    )


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}])
def test_an_answer_that_does_not_tell_its_tokens_is_not_free(
    settings: Settings, far: FarEnd, in_studio: UUID, usage: dict[str, int] | None
) -> None:
    far.says(200, ANSWERS["groq tool call"]["body"] | {"usage": usage})
    found = ask(settings, far, "groq")
    assert (found.input_tokens, found.output_tokens) == (len("Du bist der Coach.Habt ihr auf?") // 3, 14)


@pytest.mark.parametrize("name", [name for name, one in ANSWERS.items() if not one["fits"]])
def test_what_is_no_answer_is_left_to_a_person(settings: Settings, far: FarEnd, in_studio: UUID, name: str) -> None:
    far.says(200, ANSWERS[name]["body"])
    error = refusal(settings, far, ANSWERS[name]["provider"])
    assert error.code in ("refused", "unusable_answer"), error


@pytest.mark.parametrize("name", ERRORS)
def test_each_refusal_has_its_class(settings: Settings, far: FarEnd, in_studio: UUID, name: str) -> None:
    one = ERRORS[name]
    far.says(one["status"], one["body"], one["headers"])
    error = refusal(settings, far, one["provider"])
    if one["class"] != "*":
        assert error.error_class is ErrorClass[one["class"]], error
    wait = {value for key, value in one["headers"].items() if key.lower() == "retry-after"}
    assert error.retry_after == (float(wait.pop()) if wait else None)
    assert not error.ambiguous
