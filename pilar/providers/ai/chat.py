"""A typed answer from the first configured model that gives one (design section 4).

Each provider is its own wrapped call, so breaker, budget and log are its own and a dead key shows although the next one
answers. Nothing made up: when all fail the caller falls back to the studio's approved text or to a person.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from django.conf import settings
from django.utils.translation import gettext as _
from pydantic import BaseModel

from pilar.backplane import budgets, tenancy
from pilar.kernel import clock
from pilar.kernel.errors import ErrorClass, NotConfigured, ProviderError
from pilar.kernel.ids import uuid7
from pilar.kernel.shield import shielded
from pilar.providers import calls, prices
from pilar.providers.transport import deadline, remaining

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage

    from pilar.providers.ai.models import Candidate

CALL_SECONDS = 20.0
ALL_SECONDS = 40.0
LONGEST_ANSWER = 600
MOST_REQUESTS = 4
TRIES = 2
"""An answer that does not fit its shape is asked for once more."""
CHARACTERS_PER_TOKEN = 3


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the conversation so far."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class AiAnswer[O: BaseModel]:
    output: O
    provider: str
    model: str
    input_tokens: int
    output_tokens: int
    asked: str = ""
    """The model as it was asked for, by which it is priced; `model` is what answered."""
    micro_euro: int | None = None
    """What it cost; None when the model has no known price."""


class NoAnswer(ProviderError):
    """No provider gave a usable answer. `errors` says why, in the order asked.

    `retry_after` is the shortest wait that any of them named; the class is the most hopeful of theirs.
    """

    def __init__(self, errors: Sequence[ProviderError]) -> None:
        hopeful = next((e.error_class for e in errors if e.retryable), ErrorClass.CONFIGURATION_ERROR)
        waits = [e.retry_after for e in errors if e.retry_after is not None]
        super().__init__(
            "; ".join(f"{e.provider}: {e.message}" for e in errors) or "No model is configured",
            provider="ai",
            error_class=hopeful,
            code="no_answer",
            retry_after=min(waits, default=None),
        )
        self.errors = list(errors)


@dataclass(slots=True)
class _Question:
    instructions: str
    messages: Sequence[Said]
    output: type[BaseModel]
    max_tokens: int
    errors: list[ProviderError] = field(default_factory=list)

    @property
    def tokens(self) -> int:
        """About how many tokens it is to read."""
        return tokens_in(self.instructions, *(said.text for said in self.messages))


def tokens_in(*texts: str) -> int:
    """Return about how many tokens texts are."""
    return sum(map(len, texts)) // CHARACTERS_PER_TOKEN


def configured() -> bool:
    """Say whether any model can be asked."""
    return bool(settings.OPENAI_API_KEY or settings.GROQ_API_KEY or settings.ANTHROPIC_API_KEY)


def prepare() -> None:
    """Load the libraries and build the clients now: it takes seconds, which nobody who waits for an answer should."""
    from pydantic_ai import Agent  # noqa: PLC0415 - as in `_ask`

    from pilar.providers.ai import errors, loop, models  # noqa: F401, PLC0415

    for candidate in models.candidates({}):
        Agent(candidate.model)


def answer[O: BaseModel](
    *,
    instructions: str,
    messages: Sequence[Said],
    output: type[O],
    purpose: str,
    models: Mapping[str, str] | None = None,
    max_tokens: int = LONGEST_ANSWER,
    seconds: float = ALL_SECONDS,
) -> AiAnswer[O]:
    """Ask the configured models in turn for an `output`, within `seconds` altogether. `purpose` names the call in logs.

    `messages` ends with what is to be answered and is data, never instruction. Raises NotConfigured, NoAnswer carrying
    each provider's error, and budgets.Exceeded when the workspace's tokens or its euro are used up. Call it outside
    `atomic()`.
    """
    if not configured():
        raise NotConfigured("ai", _("No model is configured: set OPENAI_API_KEY, GROQ_API_KEY or ANTHROPIC_API_KEY."))
    question = _Question(instructions, messages, output, max_tokens)
    reserved = _reserve(question, models or {})
    found = None
    try:
        with deadline(seconds):
            found = _walk(question, purpose, models or {})
    finally:
        cost = _settle(reserved, found)
    return replace(found, micro_euro=cost)


def _walk(question: _Question, purpose: str, names: Mapping[str, str]) -> AiAnswer[Any]:
    from pilar.providers.ai import models  # noqa: PLC0415 - the libraries take seconds to import

    for candidate in models.candidates(names):
        if remaining(CALL_SECONDS) < 1:
            break
        try:
            ask = partial(_ask, candidate, question)
            return calls.call(candidate.provider, f"chat.{purpose}", ask, timeout=CALL_SECONDS, cost=_cost)
        except ProviderError as error:
            question.errors.append(error)
    raise NoAnswer(question.errors)


def _ask(candidate: "Candidate", question: _Question) -> AiAnswer[Any]:
    from pydantic_ai import Agent, UsageLimits  # noqa: PLC0415 - as above

    from pilar.providers.ai import loop  # noqa: PLC0415
    from pilar.providers.ai.errors import classified  # noqa: PLC0415

    agent = Agent(candidate.model, output_type=question.output, instructions=question.instructions, retries=TRIES - 1)
    *history, last = question.messages
    seconds = remaining(CALL_SECONDS)
    work = agent.run(
        last.text,
        message_history=[_message(one) for one in history],
        model_settings={"timeout": seconds, "max_tokens": question.max_tokens},
        usage_limits=UsageLimits(request_limit=MOST_REQUESTS),
    )

    def failed(error: Exception) -> NoReturn:
        """The libraries raise many kinds; each becomes one of our classes, programming errors included in the log."""
        raise classified(candidate.provider, error) from error

    result = shielded(lambda: loop.run(work, seconds=seconds), failed)
    read, written = result.usage.input_tokens, result.usage.output_tokens
    if not (read or written):
        # Not free, only not told: budgets and costs go on by what we can reckon ourselves.
        read, written = question.tokens, max(1, tokens_in(result.output.model_dump_json()))
    return AiAnswer(
        output=result.output,
        provider=candidate.provider,
        model=str(result.response.model_name or candidate.model.model_name),
        input_tokens=read,
        output_tokens=written,
        asked=candidate.name,
    )


def _message(said: Said) -> "ModelMessage":
    from pydantic_ai.messages import ModelRequest, ModelResponse, TextPart, UserPromptPart  # noqa: PLC0415

    if said.role == "user":
        return ModelRequest(parts=[UserPromptPart(content=said.text)])
    return ModelResponse(parts=[TextPart(content=said.text)])


def _cost(found: AiAnswer[Any]) -> int | None:
    return prices.tokens(model=found.asked, read=found.input_tokens, written=found.output_tokens, at=clock.now())


def _reserve(question: _Question, names: Mapping[str, str]) -> list[budgets.Reservation]:
    """Set aside the most that the question can use, in tokens and by the dearest model's price."""
    scope = tenancy.scope()
    if scope is None or scope.workspace_id in (None, tenancy.PLATFORM):
        return []
    read, key, now = question.tokens, f"chat:{uuid7()}", clock.now()
    with tenancy.atomic(durable=True):
        dearest = max(_prices(read, question.max_tokens, names), default=0)
        wanted = {"tokens": read + question.max_tokens, "euro": dearest * TRIES}
        return [budgets.reserve(name, amount, key=key, now=now) for name, amount in wanted.items() if amount]


def _prices(read: int, written: int, names: Mapping[str, str]) -> Iterator[int]:
    from pilar.providers.ai import models  # noqa: PLC0415 - as in `_walk`

    for candidate in models.candidates(names):
        known = prices.tokens(model=candidate.name, read=read, written=written, at=clock.now())
        if known is not None:
            yield known


def _settle(reserved: Sequence[budgets.Reservation], found: AiAnswer[Any] | None) -> int | None:
    """Give back what was not used, and return what the answer cost."""
    with tenancy.atomic():
        cost = _cost(found) if found else None
        used = {"tokens": found.input_tokens + found.output_tokens if found else 0, "euro": cost or 0}
        for reservation in reserved:
            budgets.close(reservation, used[reservation.resource])
        return cost
