"""From a provider's own words to our classes (providers.md sections 2.5, 3.8 and 6)."""

import json
from datetime import timedelta
from email.utils import format_datetime

import httpx
import pytest
from twilio.base.exceptions import TwilioRestException

from pilar.kernel import clock
from pilar.kernel.errors import ContactFailure, ContactOutcome, ErrorClass, ProviderError
from pilar.providers.classification import by_status, retry_after
from pilar.providers.transport import Answer
from pilar.providers.twilio import errors as twilio
from pilar.providers.whatsapp import errors as whatsapp


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (408, ErrorClass.TRANSIENT_NETWORK),
        (425, ErrorClass.TRANSIENT_NETWORK),
        (503, ErrorClass.TRANSIENT_NETWORK),
        (429, ErrorClass.RATE_LIMITED),
        (401, ErrorClass.THIRD_PARTY_AUTH_FAILED),
        (403, ErrorClass.THIRD_PARTY_AUTH_FAILED),
        (418, ErrorClass.CONFIGURATION_ERROR),
    ],
)
def test_an_unknown_error_is_judged_by_its_status(status: int, kind: ErrorClass) -> None:
    assert by_status(status) is kind


@pytest.mark.parametrize(("value", "seconds"), [("7", 7), ("0.5", 0.5), ("-3", 0), ("soon", None), ("", None)])
def test_a_wait_in_seconds_is_read(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}) == seconds


def test_a_wait_given_as_a_date_is_read() -> None:
    at = format_datetime(clock.now() + timedelta(seconds=60), usegmt=False)
    assert 55 < (retry_after({"Retry-After": at}) or 0) <= 60


def of_twilio(code: int, status: int = 400, *, provisioning: bool = False) -> ProviderError | ContactFailure:
    return twilio.classified(TwilioRestException(status, "/x", "no", code), {}, provisioning=provisioning)


def of_meta(error: dict[str, object], status: int = 400) -> ProviderError | ContactFailure:
    answer = Answer(status, httpx.Headers(), b"")
    return whatsapp.refused(answer, json.loads(json.dumps({"error": error})))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (20003, ErrorClass.THIRD_PARTY_AUTH_FAILED),
        (20429, ErrorClass.RATE_LIMITED),
        (20500, ErrorClass.TRANSIENT_NETWORK),
        (20404, ErrorClass.CONFIGURATION_ERROR),
        (30002, ErrorClass.INTEGRATION_OFFLINE),
        (21422, ErrorClass.PROVISIONING_ERROR),
        (21649, ErrorClass.PROVISIONING_ERROR),
        (63018, ErrorClass.RATE_LIMITED),
        (11200, ErrorClass.CONFIGURATION_ERROR),
    ],
)
def test_twilios_code_counts_before_its_status(code: int, kind: ErrorClass) -> None:
    found = of_twilio(code, status=404)
    assert isinstance(found, ProviderError)
    assert (found.error_class, found.code) == (kind, str(code))


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (21610, ContactOutcome.OPTED_OUT),
        (21211, ContactOutcome.UNREACHABLE),
        (63024, ContactOutcome.UNREACHABLE),
        (63016, ContactOutcome.WINDOW_CLOSED),
    ],
)
def test_twilios_word_about_one_contact_is_no_error(code: int, outcome: ContactOutcome) -> None:
    found = of_twilio(code)
    assert isinstance(found, ContactFailure)
    assert found.outcome is outcome


@pytest.mark.parametrize(
    ("provisioning", "kind"), [(True, ErrorClass.PROVISIONING_ERROR), (False, ErrorClass.CONFIGURATION_ERROR)]
)
def test_an_unknown_refusal_asks_for_other_input_only_while_setting_up(provisioning: bool, kind: ErrorClass) -> None:
    found = of_twilio(29999, provisioning=provisioning)
    assert isinstance(found, ProviderError)
    assert found.error_class is kind


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (0, ErrorClass.THIRD_PARTY_AUTH_FAILED),
        (190, ErrorClass.THIRD_PARTY_AUTH_FAILED),
        (200, ErrorClass.THIRD_PARTY_AUTH_FAILED),
        (299, ErrorClass.THIRD_PARTY_AUTH_FAILED),
        (131000, ErrorClass.TRANSIENT_NETWORK),
        (131057, ErrorClass.TRANSIENT_NETWORK),
        (80007, ErrorClass.RATE_LIMITED),
        (131048, ErrorClass.RATE_LIMITED),
        (368, ErrorClass.INTEGRATION_OFFLINE),
        (133010, ErrorClass.INTEGRATION_OFFLINE),
        (133005, ErrorClass.PROVISIONING_ERROR),
        (131042, ErrorClass.CONFIGURATION_ERROR),
        (132016, ErrorClass.CONFIGURATION_ERROR),
    ],
)
def test_metas_code_counts_before_its_status(code: int, kind: ErrorClass) -> None:
    found = of_meta({"code": code, "message": "no"}, status=418)
    assert isinstance(found, ProviderError)
    assert found.error_class is kind


def test_metas_hint_that_it_passes_is_believed_for_a_code_we_do_not_know() -> None:
    found = of_meta({"code": 999999, "is_transient": True})
    assert isinstance(found, ProviderError)
    assert found.error_class is ErrorClass.TRANSIENT_NETWORK


def test_metas_trace_id_and_details_are_kept() -> None:
    found = of_meta({"code": 100, "message": "bad", "error_data": {"details": "wrong name"}, "fbtrace_id": "Abc"})
    assert str(found) == "wrong name (Abc)"


@pytest.mark.parametrize("body", [{"error": "text"}, {"error": {"code": "131047"}}, {"error": {"code": None}}])
def test_an_error_in_another_shape_is_judged_by_its_status(body: dict[str, object]) -> None:
    found = whatsapp.refused(Answer(401, httpx.Headers(), b""), body)
    assert isinstance(found, ProviderError)
    assert found.error_class is ErrorClass.THIRD_PARTY_AUTH_FAILED
