"""The states of an intent, and what a later run does with what an earlier one left behind."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError

from pilar.backplane import effects, running
from pilar.backplane.effects import EffectResult
from pilar.backplane.engine import work_off
from pilar.backplane.models import Effect
from pilar.kernel.errors import ContactFailure, ContactOutcome, ErrorClass, ProviderError
from pilar.kernel.ids import uuid7
from pilar.kernel.switchboard import RetryAt
from tests.backplane.trade import Trade, enqueue, rows

pytestmark = pytest.mark.django_db


class Provider:
    """Keeps its books: every call that reached it, with the idempotency key it came with."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.error: BaseException | None = None

    def call(self, key: str) -> EffectResult:
        self.keys.append(key)
        if self.error:
            raise self.error
        return EffectResult("ref-1", {"answer": 1})

    def look_up(self) -> EffectResult | None:
        return EffectResult("ref-1") if self.keys else None


@pytest.fixture
def provider() -> Provider:
    return Provider()


def state() -> str:
    found = effects.find("k")
    assert found is not None
    return found.state


def failure(*, ambiguous: bool) -> ProviderError:
    return ProviderError("503", provider="p", error_class=ErrorClass.TRANSIENT_NETWORK, ambiguous=ambiguous)


def perform(
    provider: Provider, *, look_up: Callable[[], EffectResult | None] | None = None, repeatable: bool = False
) -> Effect:
    return effects.perform(
        key="k", provider="p", operation="send", call=provider.call, look_up=look_up, repeatable=repeatable
    )


def left_behind(state: str, *, holder: int | None = None, age: str = "2 minutes") -> None:
    """What a process that ended before the answer was kept leaves in the table."""
    rows(
        "UPDATE autopilot_effect SET state = %s, holder = %s, changed_at = statement_timestamp() - %s::interval RETURNING 1",
        state,
        holder,
        age,
    )


def test_an_effect_is_made_once_and_its_record_reused(provider: Provider, inside: UUID) -> None:
    first, second = perform(provider), perform(provider)
    assert (first.state, second.provider_ref, second.data) == ("sent", "ref-1", {"answer": 1})
    assert len(provider.keys) == 1


def test_a_definite_failure_may_be_tried_again_under_the_same_key(provider: Provider, inside: UUID) -> None:
    provider.error = failure(ambiguous=False)
    with pytest.raises(ProviderError):
        perform(provider)
    assert state() == "failed"
    provider.error = None
    assert perform(provider).state == "sent"
    assert len(set(provider.keys)) == 1


def test_a_contact_that_cannot_be_reached_is_a_definite_failure(provider: Provider, inside: UUID) -> None:
    provider.error = ContactFailure(ContactOutcome.UNREACHABLE, provider="p", code="1", message="no")
    with pytest.raises(ContactFailure):
        perform(provider)
    assert state() == "failed"


def test_a_lost_answer_is_never_resent_blind(provider: Provider, inside: UUID) -> None:
    provider.error = failure(ambiguous=True)
    for _ in range(3):
        with pytest.raises(effects.Unknown):
            perform(provider)
    assert len(provider.keys) == 1
    assert state() == "unknown"


def test_a_lost_answer_is_looked_up(provider: Provider, inside: UUID) -> None:
    provider.error = failure(ambiguous=True)
    with pytest.raises(ProviderError):
        perform(provider, look_up=provider.look_up)
    assert perform(provider, look_up=provider.look_up).provider_ref == "ref-1"
    assert len(provider.keys) == 1


def test_what_was_looked_up_and_surely_not_made_is_called_again(provider: Provider, inside: UUID) -> None:
    provider.error = failure(ambiguous=True)
    with pytest.raises(ProviderError):
        perform(provider, look_up=lambda: None)
    provider.error = None
    assert perform(provider, look_up=lambda: None).state == "sent"


def test_a_provider_that_honours_keys_gets_the_same_one_again(provider: Provider, inside: UUID) -> None:
    provider.error = failure(ambiguous=True)
    with pytest.raises(ProviderError):
        perform(provider, repeatable=True)
    provider.error = None
    assert perform(provider, repeatable=True).state == "sent"
    assert len(set(provider.keys)) == 1


def test_a_failing_look_up_leaves_the_intent_unknown(provider: Provider, inside: UUID) -> None:
    provider.error = failure(ambiguous=True)
    with pytest.raises(ProviderError):
        perform(provider, look_up=provider.look_up)
    with pytest.raises(ZeroDivisionError):
        perform(provider, look_up=lambda: 1 / 0)  # type: ignore[arg-type,return-value]
    assert state() == "unknown"


def test_a_bug_of_ours_during_the_call_leaves_the_outcome_open(provider: Provider, inside: UUID) -> None:
    provider.error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        perform(provider)
    assert state() == "unknown"


def test_the_status_webhook_settles_an_unknown_intent(provider: Provider, inside: UUID) -> None:
    provider.error = failure(ambiguous=True)
    with pytest.raises(effects.Unknown):
        perform(provider)
    assert effects.settle("k", state="sent", ref="wamid")
    assert perform(provider).provider_ref == "wamid"


def test_what_was_settled_while_the_answer_was_waited_for_is_made(provider: Provider, inside: UUID) -> None:
    def call(_key: str) -> EffectResult:
        effects.settle("k", state="sent", ref="wamid")
        raise failure(ambiguous=True)

    made = effects.perform(key="k", provider="p", operation="send", call=call)
    assert (made.state, made.provider_ref) == ("sent", "wamid")


def test_a_settled_failure_frees_the_intent_for_another_try(provider: Provider, inside: UUID) -> None:
    provider.error = failure(ambiguous=True)
    with pytest.raises(effects.Unknown):
        perform(provider)
    effects.settle("k", state="failed")
    provider.error = None
    assert perform(provider).state == "sent"


def test_what_is_settled_already_is_not_settled_again(provider: Provider, inside: UUID) -> None:
    perform(provider)
    assert not effects.settle("k", state="failed")
    assert state() == "sent"


def test_a_call_of_a_dead_process_is_looked_up(provider: Provider, inside: UUID) -> None:
    perform(provider)
    left_behind("sending", holder=123456)
    assert perform(provider, look_up=provider.look_up).state == "sent"
    assert len(provider.keys) == 1


def test_a_call_of_a_dead_process_that_cannot_be_looked_up_stays_unknown(provider: Provider, inside: UUID) -> None:
    perform(provider)
    left_behind("sending", holder=123456)
    with pytest.raises(effects.Unknown):
        perform(provider)
    assert len(provider.keys) == 1


def test_a_call_that_a_living_process_is_making_is_waited_for(provider: Provider, inside: UUID) -> None:
    perform(provider)
    living = rows(
        "INSERT INTO autopilot_worker (kind, host, machine, pid, birth, lanes, running, started_at, beat_at) VALUES"
        " ('worker', '', '', 1, '', '[]', 0, statement_timestamp(), statement_timestamp()) RETURNING id"
    )
    left_behind("sending", holder=living[0][0])
    with pytest.raises(RetryAt):
        perform(provider, look_up=lambda: None)


def test_waiting_for_a_living_process_is_no_attempt_of_the_job(
    provider: Provider, trade: Trade, workspace: UUID, db: None
) -> None:
    def busy(_work: object) -> None:
        raise effects.InFlight(Effect(provider="p", operation="o", key="k"))

    trade.job(handler=busy, max_attempts=1)
    enqueue(workspace)
    work_off()
    assert rows("SELECT status, attempts, deferrals FROM autopilot_job") == [(0, 0, 1)]


def test_a_call_of_our_own_whose_answer_was_not_noted_is_over(provider: Provider, inside: UUID) -> None:
    perform(provider)
    left_behind("sending", holder=7)
    with running.during(running.Run(job_id=uuid7(), lease=1, worker=7)):
        assert perform(provider, look_up=provider.look_up).provider_ref == "ref-1"


def test_an_answer_is_kept_in_hand_until_the_database_takes_it(
    provider: Provider, inside: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, away = effects._write, iter([True, True])

    def written(*arguments: Any) -> bool:
        if next(away, False):
            raise OperationalError("the database restarts")
        return write(*arguments)

    monkeypatch.setattr(effects, "_write", written)
    monkeypatch.setattr(effects, "NOTE_PAUSE", 0)
    assert perform(provider).state == "sent"
    assert len(provider.keys) == 1


def test_the_database_refuses_a_call_under_an_outdated_lease(provider: Provider, inside: UUID) -> None:
    outdated = running.Run(job_id=uuid7(), lease=1, worker=1)
    with running.during(outdated), pytest.raises(effects.LeaseLost):
        perform(provider)
    assert provider.keys == []


def test_under_a_lease_that_holds_the_call_is_made(provider: Provider, trade: Trade, workspace: UUID, db: None) -> None:
    trade.job(handler=lambda work: perform(provider) and None)
    enqueue(workspace)
    work_off()
    assert len(provider.keys) == 1


def test_a_process_that_stood_still_before_the_call_does_not_call(
    provider: Provider, inside: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([0.0, effects.STALE_AFTER + 1])
    monkeypatch.setattr(effects, "monotonic", lambda: next(times))
    with pytest.raises(RetryAt):
        perform(provider)
    assert (provider.keys, state()) == ([], "failed")


@pytest.mark.parametrize("state", ["planned", "unknown", "nonsense"])
def test_an_intent_settles_as_sent_or_failed_only(state: str, inside: UUID) -> None:
    with pytest.raises(ValueError, match="sent or failed"):
        effects.settle("k", state=state)


def test_workspaces_have_intents_of_their_own() -> None:
    assert effects.provider_key(uuid7(), "k") != effects.provider_key(uuid7(), "k")
