"""Recorded answers of Stripe, Twilio and WhatsApp, as our clients judge them: by the provider's own word before all."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from pytest_django import Settings

from pilar.kernel.errors import ContactFailure, ErrorClass, ProviderError
from pilar.providers.stripe import subscriptions
from pilar.providers.twilio import compliance, numbers, subaccounts
from pilar.providers.twilio.client import TwilioAccount
from pilar.providers.whatsapp import messages, phones, signup
from pilar.providers.whatsapp.client import Graph, Sender
from tests.providers.misbehaving import FarEnd, far_end
from tests.providers.recorded import recorded

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_studio")]


def read_from_stripe() -> Any:
    return subscriptions.retrieve("sub_x")


def read_from_twilio() -> Any:
    return numbers.fetch(TwilioAccount("AC" + "a" * 32, "token"), "PN" + "a" * 32)


def write_to_whatsapp() -> Any:
    return messages.send_text(to="4915198765432", body="Hallo", opaque="1", sender=Sender(Graph("token"), "1", "2"))


ASK: dict[str, Callable[[], Any]] = {
    "stripe": read_from_stripe,
    "twilio": read_from_twilio,
    "whatsapp": write_to_whatsapp,
}
ERRORS = [(provider, name) for provider in ASK for name in recorded(f"{provider}/errors")]


@pytest.fixture(autouse=True)
def _keys(settings: Settings) -> None:
    settings.STRIPE_SECRET_KEY = "sk_test_x"


@pytest.fixture(scope="module")
def far() -> Iterator[FarEnd]:
    with far_end() as end:
        yield end


def asked(settings: Settings, far: FarEnd, provider: str, status: int, body: Any) -> Any:
    far.says(status, body)
    setattr(settings, f"{provider.upper()}_API_BASE", far.url)
    return ASK[provider]()


@pytest.mark.parametrize(("provider", "name"), ERRORS)
def test_each_refusal_has_its_class(settings: Settings, far: FarEnd, provider: str, name: str) -> None:
    one = recorded(f"{provider}/errors")[name]
    with pytest.raises((ProviderError, ContactFailure)) as found:
        asked(settings, far, provider, one["status"], one["body"])
    error = found.value
    judged = error.outcome if isinstance(error, ContactFailure) else error.error_class
    assert judged.name == one["outcome"], error


@pytest.mark.parametrize("asked", ["inf", "1e400", "99999999999999999999", "Fri, 01 Jan 9999 00:00:00 GMT"])
def test_a_wait_beyond_all_measure_is_three_days(settings: Settings, far: FarEnd, asked: str) -> None:
    far.says(429, {"error": {"type": "invalid_request_error", "message": "Too many requests"}}, {"Retry-After": asked})
    settings.STRIPE_API_BASE = far.url
    with pytest.raises(ProviderError) as found:
        read_from_stripe()
    assert found.value.retry_after == timedelta(days=3).total_seconds()


def test_stripe_says_itself_what_may_be_tried_again(settings: Settings, far: FarEnd) -> None:
    body = {"error": {"type": "invalid_request_error", "message": "Another request is changing this object"}}
    far.says(400, body, {"Stripe-Should-Retry": "true"})
    settings.STRIPE_API_BASE = far.url
    with pytest.raises(ProviderError) as found:
        read_from_stripe()
    assert found.value.error_class is ErrorClass.TRANSIENT_NETWORK


@pytest.mark.parametrize("name", ["gateway page", "page with 200", "empty", "bare true"])
def test_a_message_may_have_been_sent_when_the_answer_cannot_be_read(
    settings: Settings, far: FarEnd, name: str
) -> None:
    one = recorded("whatsapp/errors")[name]
    with pytest.raises(ProviderError) as found:
        asked(settings, far, "whatsapp", one["status"], one["body"])
    assert found.value.ambiguous


@pytest.mark.parametrize("name", ["something went wrong", "service down", "busy number"])
def test_a_message_was_not_sent_when_meta_says_so(settings: Settings, far: FarEnd, name: str) -> None:
    one = recorded("whatsapp/errors")[name]
    with pytest.raises(ProviderError) as found:
        asked(settings, far, "whatsapp", one["status"], one["body"])
    assert not found.value.ambiguous


@pytest.mark.parametrize("name", recorded("whatsapp/answers"))
def test_a_message_is_sent_whatever_else_the_answer_says(settings: Settings, far: FarEnd, name: str) -> None:
    assert asked(settings, far, "whatsapp", 200, recorded("whatsapp/answers")[name]).id == "wamid.HBgLours"


HEALTHS: list[tuple[object, str, set[str]]] = [
    (None, "", set()),
    ({"can_send_message": None, "entities": None}, "", set()),
    ({"can_send_message": "AVAILABLE", "entities": [{"entity_type": "WABA", "errors": None}]}, "AVAILABLE", set()),
    ({"can_send_message": "BLOCKED", "entities": [{"errors": [{"error_code": 131042}]}]}, "BLOCKED", {"131042"}),
]


@pytest.mark.parametrize(("health", "can_send", "faults"), HEALTHS)
def test_a_numbers_health_is_read_with_whatever_is_missing(
    settings: Settings, far: FarEnd, health: object, can_send: str, faults: set[str]
) -> None:
    far.says(200, {"id": "1", "health_status": health})
    settings.WHATSAPP_API_BASE = far.url
    found = phones.fetch(Graph("token"), "1")
    assert (found.can_send, found.faults) == (can_send, faults)


def test_a_number_with_nulls_and_a_numeric_id_is_read(settings: Settings, far: FarEnd, in_studio: UUID) -> None:
    body = {
        "id": 106540352242922,
        "display_phone_number": "+49 30 12345678",
        "quality_rating": None,
        "throughput": None,
    }
    far.says(200, body)
    settings.WHATSAPP_API_BASE = far.url
    found = phones.fetch(Graph("token"), "106540352242922")
    assert (found.id, found.quality_rating, found.registered) == ("106540352242922", "", True)


@pytest.mark.parametrize(("minutes", "seconds"), [([7, 12], 12 * 60), ([0], 3600), ([None], 3600)])
def test_a_busy_account_is_asked_again_when_meta_says(
    settings: Settings, far: FarEnd, minutes: list[int | None], seconds: int
) -> None:
    rows = [{"type": "messaging", "call_count": 100, "estimated_time_to_regain_access": one} for one in minutes]
    usage = {"X-Business-Use-Case-Usage": json.dumps({"106540352242922": rows})}
    far.says(400, recorded("whatsapp/errors")["busy account"]["body"], usage)
    settings.WHATSAPP_API_BASE = far.url
    with pytest.raises(ProviderError) as found:
        write_to_whatsapp()
    assert found.value.retry_after == seconds


@pytest.mark.parametrize(
    "ask", [lambda: signup.register(Graph("token"), "1", "123456"), lambda: signup.subscribe(Graph("token"), "2")]
)
def test_what_did_not_succeed_is_not_passed_over(settings: Settings, far: FarEnd, ask: Callable[[], None]) -> None:
    far.says(200, {"success": False})
    settings.WHATSAPP_API_BASE = far.url
    with pytest.raises(ProviderError):
        ask()


def test_a_token_of_which_meta_says_only_what_is_wrong_is_not_valid(settings: Settings, far: FarEnd) -> None:
    far.says(200, {"data": {"error": {"code": 190, "message": "Malformed access token"}, "scopes": []}})
    settings.WHATSAPP_API_BASE, settings.WHATSAPP_APP_ID, settings.WHATSAPP_APP_SECRETS = far.url, "1", ["s"]
    assert not signup.inspect_token("token").is_valid


ACCOUNT = TwilioAccount("AC" + "a" * 32, "token")
READ_FROM_TWILIO: dict[str, Callable[[], Any]] = {
    "number": lambda: numbers.fetch(ACCOUNT, "PN" + "a" * 32).capabilities,
    "candidates": lambda: numbers.search(ACCOUNT, country="DE")[0].capabilities,
    "regulation": lambda: getattr(compliance.regulation(ACCOUNT, country="DE"), "requirements", None),
    "evaluation": lambda: dict.fromkeys(compliance.evaluate(ACCOUNT, "BU" + "a" * 32).failures()),
    "account": lambda: {} if subaccounts.fetch(ACCOUNT.sid).status == "active" else None,
}


@pytest.mark.parametrize("name", recorded("twilio/answers"))
def test_a_null_of_twilio_is_as_good_as_nothing(settings: Settings, far: FarEnd, name: str) -> None:
    far.says(200, recorded("twilio/answers")[name])
    settings.TWILIO_API_BASE, settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = far.url, ACCOUNT.sid, "token"
    assert READ_FROM_TWILIO[name]() == {}


def test_papers_approved_for_the_time_being_are_approved(settings: Settings, far: FarEnd) -> None:
    far.says(200, {"sid": "BU" + "a" * 32, "status": "provisionally-approved", "valid_until": "2027-01-01T00:00:00Z"})
    settings.TWILIO_API_BASE = far.url
    found = compliance.status(ACCOUNT, "BU" + "a" * 32)
    assert (found.approved, found.under_review) == (True, False)
