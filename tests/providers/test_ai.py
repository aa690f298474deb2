"""The models, asked in turn: each its own call, none blindly trusted, over one event loop."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from pydantic import BaseModel, Field
from pytest_django import Settings

from pilar.backplane import budgets
from pilar.backplane.models import AutopilotEvent
from pilar.backplane.tenancy import atomic
from pilar.kernel import clock
from pilar.kernel.errors import ErrorClass, NotConfigured
from pilar.providers.ai import chat, loop
from pilar.providers.ai.chat import AiAnswer, NoAnswer, Said
from pilar.providers.models import ProviderCall
from tests.providers.conftest import Sandbox

pytestmark = pytest.mark.django_db


class Reply(BaseModel):
    text: str = Field(max_length=800)
    hand_over: bool


def ask(text: str = "Wann habt ihr offen?", **options: object) -> AiAnswer[Reply]:
    return chat.answer(
        instructions="Du bist der Coach von Studio Eins.",
        messages=[Said("user", "Hallo"), Said("assistant", "Hallo Anna!"), Said("user", text)],
        output=Reply,
        purpose="reply",
        **options,  # type: ignore[arg-type]
    )


def only(settings: Settings, provider: str) -> None:
    for name in {"OPENAI", "GROQ", "ANTHROPIC"} - {provider.upper()}:
        setattr(settings, f"{name}_API_KEY", "")


def no_answer(sandbox: Sandbox, kind: str, provider: str = "openai", **fault: object) -> NoAnswer:
    sandbox.fault(provider, kind, **fault)
    with pytest.raises(NoAnswer) as found:
        ask(seconds=3)
    return found.value


def tokens_used() -> int:
    return next(one.daily_used for one in budgets.status(clock.now()) if one.resource == "tokens")


def micro_euro_used() -> int:
    return next(one.daily_used for one in budgets.status(clock.now()) if one.resource == "euro")


def test_an_answer_says_what_it_cost_and_only_that_is_counted(sandbox: Sandbox, in_studio: UUID) -> None:
    found = ask()
    with atomic():
        logged = ProviderCall.objects.get().micro_euro
    assert found.micro_euro
    assert found.micro_euro == logged == micro_euro_used()


def test_nobody_is_asked_when_the_euro_are_used_up(sandbox: Sandbox, in_studio: UUID) -> None:
    budgets.choose("euro", own_daily=10, actor="test")
    with pytest.raises(budgets.Exceeded):
        ask()
    with atomic():
        assert not ProviderCall.objects.exists()
    assert (micro_euro_used(), tokens_used()) == (0, 0)


def test_a_model_without_a_known_price_answers_and_says_nothing_of_its_cost(
    sandbox: Sandbox, in_studio: UUID, settings: Settings
) -> None:
    only(settings, "openai")
    found = ask(models={"openai": "gpt-next"})
    assert (found.micro_euro, micro_euro_used()) == (None, 0)


@pytest.mark.parametrize("provider", ["openai", "groq", "anthropic"])
def test_each_provider_gives_a_typed_answer(
    sandbox: Sandbox, in_studio: UUID, settings: Settings, provider: str
) -> None:
    only(settings, provider)
    found = ask()
    assert found.provider == provider
    assert found.output.text
    assert found.input_tokens > 0
    assert found.output_tokens > 0


def test_the_first_configured_provider_is_asked_first(sandbox: Sandbox, in_studio: UUID) -> None:
    assert ask().provider == "openai"


@pytest.mark.parametrize("kind", ["reset", "garbage"])
def test_the_next_provider_steps_in(sandbox: Sandbox, in_studio: UUID, kind: str) -> None:
    sandbox.fault("openai", kind)
    assert ask().provider == "groq"


def test_a_slow_provider_leaves_time_for_the_next(
    sandbox: Sandbox, in_studio: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat, "CALL_SECONDS", 0.5 + 1)
    sandbox.fault("openai", "timeout", latencyMs=5000)
    assert ask(seconds=10).provider == "groq"


def test_a_dead_key_raises_an_incident_although_the_next_provider_answers(sandbox: Sandbox, in_studio: UUID) -> None:
    sandbox.fault("openai", "status", status=401)
    assert ask().provider == "groq"
    with atomic():
        outcomes = list(ProviderCall.objects.order_by("at").values_list("provider", "outcome"))
        event = AutopilotEvent.objects.get(type="provider.failed")
    assert outcomes == [("openai", "THIRD_PARTY_AUTH_FAILED"), ("groq", "ok")]
    assert event.payload["provider"] == "openai"


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"kind": "status", "status": 500}, ErrorClass.TRANSIENT_NETWORK),
        ({"kind": "status", "status": 429}, ErrorClass.RATE_LIMITED),
        ({"kind": "status", "status": 429, "code": "insufficient_quota"}, ErrorClass.CONFIGURATION_ERROR),
        ({"kind": "status", "status": 401}, ErrorClass.THIRD_PARTY_AUTH_FAILED),
        ({"kind": "status", "status": 404}, ErrorClass.CONFIGURATION_ERROR),
        ({"kind": "reset"}, ErrorClass.TRANSIENT_NETWORK),
        ({"kind": "garbage"}, ErrorClass.TRANSIENT_NETWORK),
        ({"kind": "timeout", "latencyMs": 9000}, ErrorClass.TRANSIENT_NETWORK),
    ],
)
def test_each_failure_has_its_class(
    sandbox: Sandbox, in_studio: UUID, settings: Settings, fault: dict[str, object], kind: ErrorClass
) -> None:
    only(settings, "openai")
    (error,) = no_answer(sandbox, **fault).errors  # type: ignore[arg-type]
    assert error.error_class is kind


def test_an_overloaded_provider_is_passing_trouble(sandbox: Sandbox, in_studio: UUID, settings: Settings) -> None:
    only(settings, "anthropic")
    (error,) = no_answer(sandbox, "status", provider="anthropic", status=529).errors
    assert error.error_class is ErrorClass.TRANSIENT_NETWORK


def test_the_wait_a_provider_asks_for_is_kept(sandbox: Sandbox, in_studio: UUID, settings: Settings) -> None:
    only(settings, "openai")
    assert no_answer(sandbox, "status", status=429, retryAfter=11).retry_after == 11


@pytest.mark.parametrize("spoiled", ["refusal", "malformed_arguments", "wrong_schema", "length", "empty"])
@pytest.mark.parametrize("provider", ["openai", "groq", "anthropic"])
def test_an_answer_that_may_not_be_sent_is_none(
    sandbox: Sandbox, in_studio: UUID, settings: Settings, provider: str, spoiled: str
) -> None:
    only(settings, provider)
    found = no_answer(sandbox, "status", provider=provider, status=200, code=spoiled)
    (error,) = found.errors
    assert error.code in {"refused", "unusable_answer"}


def test_a_model_that_answers_badly_never_trips_its_breaker(
    sandbox: Sandbox, in_studio: UUID, settings: Settings
) -> None:
    only(settings, "openai")
    for _ in range(6):
        no_answer(sandbox, "status", status=200, code="wrong_schema", count=2)
    sandbox.post("/_control/reset")
    assert ask().provider == "openai"


def test_tokens_are_reserved_and_settled(sandbox: Sandbox, in_studio: UUID) -> None:
    found = ask()
    assert tokens_used() == found.input_tokens + found.output_tokens


def test_without_an_answer_no_token_is_used(sandbox: Sandbox, in_studio: UUID, settings: Settings) -> None:
    only(settings, "openai")
    no_answer(sandbox, "status", status=500)
    assert tokens_used() == 0


def test_a_used_up_budget_asks_nobody(sandbox: Sandbox, in_studio: UUID) -> None:
    budgets.set_limits("tokens", daily=10)
    with pytest.raises(budgets.Exceeded):
        ask()
    with atomic():
        assert not ProviderCall.objects.exists()


def test_a_studio_may_choose_its_model(sandbox: Sandbox, in_studio: UUID) -> None:
    assert ask(models={"openai": "gpt-5"}).model.startswith("gpt-5")


def test_without_any_key_it_is_not_configured(in_studio: UUID, settings: Settings) -> None:
    only(settings, "none")
    with pytest.raises(NotConfigured):
        ask()


def test_many_threads_share_one_loop(sandbox: Sandbox, settings: Settings) -> None:
    from pilar.providers.ai import models

    only(settings, "openai")
    (candidate,) = models.candidates({})
    question = chat._Question("Du bist der Coach.", [Said("user", "Hallo")], Reply, 300)
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: chat._ask(candidate, question), range(48)))
    assert len(answers) == 48


def test_work_that_hangs_is_given_up() -> None:
    import asyncio

    with pytest.raises(TimeoutError):
        loop.run(asyncio.sleep(30), seconds=0.05)
