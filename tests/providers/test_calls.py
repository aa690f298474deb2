"""The one wrapped call: judged, counted, logged, and never inside a transaction."""

from collections.abc import Callable
from uuid import UUID

import pytest

from pilar.backplane import budgets, effects
from pilar.backplane.models import AutopilotEvent
from pilar.backplane.tenancy import PLATFORM, atomic, tenant
from pilar.kernel import clock
from pilar.kernel.errors import CircuitOpen, ContactFailure, ContactOutcome, ErrorClass, NotConfigured, ProviderError
from pilar.providers import calls, connections
from pilar.providers.models import Connection, ProviderCall
from pilar.providers.transport import TransportError

pytestmark = pytest.mark.django_db


def raising(error: Exception) -> Callable[[], None]:
    def run() -> None:
        raise error

    return run


def problem(kind: ErrorClass, *, ambiguous: bool = False, status: int | None = 500) -> ProviderError:
    return ProviderError("no", provider="stripe", error_class=kind, code="x", status=status, ambiguous=ambiguous)


def attempt(error: Exception, **options: bool) -> Exception:
    with pytest.raises((ProviderError, ContactFailure)) as found:
        calls.call("stripe", "test", raising(error), **options)
    return found.value


def logged() -> list[tuple[str, str]]:
    with atomic():
        return list(ProviderCall.objects.order_by("at").values_list("operation", "outcome"))


def api_calls_used() -> int:
    return next(one.daily_used for one in budgets.status(clock.now()) if one.resource == "api_calls")


def test_an_answer_is_returned_and_logged(in_studio: UUID) -> None:
    assert calls.call("stripe", "prices.retrieve", lambda: 42) == 42
    assert logged() == [("prices.retrieve", "ok")]
    assert api_calls_used() == 1


def test_without_a_studio_the_call_is_the_platforms(db: None) -> None:
    calls.call("stripe", "prices.retrieve", lambda: 42)
    with tenant(PLATFORM):
        assert logged() == [("prices.retrieve", "ok")]


def test_the_log_tells_no_secret(in_studio: UUID) -> None:
    attempt(
        ProviderError(
            "bad key sk_live_abcdef123456 for a@b.de", provider="stripe", error_class=ErrorClass.CONFIGURATION_ERROR
        )
    )
    with atomic():
        message = ProviderCall.objects.get().message
    assert "sk_live" not in message
    assert "a@b.de" not in message


def test_a_cut_connection_is_ambiguous_a_refused_one_is_not(in_studio: UUID) -> None:
    cut = attempt(TransportError("cut", sent=True))
    never_left = attempt(TransportError("refused", sent=False))
    assert isinstance(cut, ProviderError)
    assert isinstance(never_left, ProviderError)
    assert (cut.ambiguous, never_left.ambiguous) == (True, False)
    assert {cut.error_class, never_left.error_class} == {ErrorClass.TRANSIENT_NETWORK}


def test_an_answer_nobody_understands_is_the_providers_failure(in_studio: UUID) -> None:
    found = attempt(KeyError("id"))
    assert isinstance(found, ProviderError)
    assert (found.error_class, found.ambiguous) == (ErrorClass.TRANSIENT_NETWORK, True)


def test_five_failures_stop_further_calls(in_studio: UUID) -> None:
    for _ in range(5):
        attempt(problem(ErrorClass.TRANSIENT_NETWORK))
    with pytest.raises(CircuitOpen):
        calls.call("stripe", "test", lambda: pytest.fail("it was called"))


@pytest.mark.parametrize(
    "kind", [ErrorClass.RATE_LIMITED, ErrorClass.CONFIGURATION_ERROR, ErrorClass.PROVISIONING_ERROR]
)
def test_what_says_nothing_about_the_integration_never_stops_it(in_studio: UUID, kind: ErrorClass) -> None:
    for _ in range(6):
        attempt(problem(kind, status=400))
    assert calls.call("stripe", "test", lambda: 1) == 1


def test_outcomes_of_single_contacts_never_stop_it(in_studio: UUID) -> None:
    for _ in range(6):
        attempt(ContactFailure(ContactOutcome.UNREACHABLE, provider="stripe", code="1", message="gone"))
    assert logged() == [("test", "UNREACHABLE")] * 6
    assert calls.call("stripe", "test", lambda: 1) == 1


def test_missing_keys_are_no_failure(in_studio: UUID) -> None:
    for _ in range(6):
        attempt(NotConfigured("stripe", "no key"))
    assert calls.call("stripe", "test", lambda: 1) == 1


def test_a_call_that_never_left_costs_nothing(in_studio: UUID) -> None:
    attempt(TransportError("refused", sent=False))
    assert api_calls_used() == 0
    attempt(TransportError("cut", sent=True))
    assert api_calls_used() == 1


def test_a_used_up_budget_stops_the_call_before_it_is_made(in_studio: UUID) -> None:
    budgets.set_limits("api_calls", daily=1)
    calls.call("stripe", "test", lambda: 1)
    with pytest.raises(budgets.Exceeded):
        calls.call("stripe", "test", lambda: pytest.fail("it was called"))


def test_a_wrong_credential_raises_one_incident_however_often(in_studio: UUID) -> None:
    for _ in range(3):
        attempt(problem(ErrorClass.THIRD_PARTY_AUTH_FAILED, status=401))
    with atomic():
        (event,) = AutopilotEvent.objects.filter(type="provider.failed")
    assert event.payload["error_class"] == "THIRD_PARTY_AUTH_FAILED"


def test_a_wrong_credential_disconnects_and_a_good_answer_connects_again(in_studio: UUID) -> None:
    connections.put("stripe", identifiers={"account": "acct_1"})
    attempt(problem(ErrorClass.THIRD_PARTY_AUTH_FAILED, status=401))
    assert connection().status == Connection.Status.DISCONNECTED
    calls.call("stripe", "test", lambda: 1)
    assert (connection().status, connection().last_error) == (Connection.Status.CONNECTED, "")


def test_a_connection_being_set_up_keeps_its_status(in_studio: UUID) -> None:
    connections.put("stripe", status="pending")
    attempt(problem(ErrorClass.THIRD_PARTY_AUTH_FAILED, status=401))
    calls.call("stripe", "test", lambda: 1)
    assert connection().status == Connection.Status.PENDING


def connection() -> Connection:
    found = connections.get("stripe")
    assert found is not None
    return found


def test_a_read_is_tried_again_at_once_a_write_is_not(in_studio: UUID) -> None:
    tries: list[int] = []

    def flaky() -> int:
        tries.append(1)
        if len(tries) < 3:
            raise TransportError("cut", sent=True)
        return len(tries)

    assert calls.call("stripe", "test", flaky, read=True) == 3
    tries.clear()
    with pytest.raises(ProviderError):
        calls.call("stripe", "test", flaky)


def test_a_call_inside_a_transaction_is_a_programming_error(in_studio: UUID) -> None:
    with pytest.raises(RuntimeError, match="durable"), atomic():
        calls.call("stripe", "test", lambda: pytest.fail("it was called"))


def test_an_ambiguous_send_stays_unknown_and_is_not_repeated(in_studio: UUID) -> None:
    def send(_key: str) -> effects.EffectResult:
        calls.call("whatsapp", "messages.send", raising(TransportError("cut", sent=True)))
        raise AssertionError("unreachable")

    for _ in range(2):
        with pytest.raises(effects.Unknown):
            effects.perform(key="reply:1", provider="whatsapp", operation="messages.send", call=send)
    assert logged() == [("messages.send", "TRANSIENT_NETWORK")]
