"""Twilio's adapter, through its SDK, against the sandbox."""

from uuid import UUID

import pytest
from pytest_django import Settings

from pilar.kernel.errors import ErrorClass, NotConfigured, ProviderError
from pilar.providers.twilio import client, compliance, numbers, subaccounts
from pilar.providers.twilio.client import TwilioAccount
from pilar.providers.twilio.compliance import Bundle, File, PostalAddress
from tests.providers.conftest import Sandbox

pytestmark = pytest.mark.django_db

NAME, REGISTER = "Studio Eins GmbH", "HRB 12345"
BERLIN = PostalAddress(NAME, "Torstraße 1", "10119", "Berlin", "DE")
END_USER = {
    "business_name": NAME,
    "business_registration_number": REGISTER,
    "business_website": "https://studio.test",
    "first_name": "Eva",
    "last_name": "Muster",
    "email": "eva@studio.test",
}


@pytest.fixture
def account(sandbox: Sandbox, in_studio: UUID) -> TwilioAccount:
    return subaccounts.find_or_create(in_studio).account


def bundle_of(account: TwilioAccount, address_sid: str) -> Bundle:
    rules = compliance.regulation(account, country="DE")
    assert rules
    bundle = compliance.create_bundle(
        account, friendly_name="papers", email="eva@studio.test", regulation_sid=rules.sid
    )
    proof = {"business_name": NAME, "business_registration_number": REGISTER, "address_sids": [address_sid]}
    file = File("register.pdf", b"%PDF-1.4 register", "application/pdf")
    document = compliance.create_document(
        account, friendly_name="register", kind="commercial_registrar_excerpt", attributes=proof, file=file
    )
    end_user = compliance.create_end_user(account, friendly_name="business", attributes=END_USER)
    for thing in (end_user, document):
        compliance.assign(account, bundle.sid, thing.sid)
    return bundle


def webhooks() -> numbers.Webhooks:
    return numbers.webhooks_for(UUID(int=1))


def buy_american(account: TwilioAccount) -> numbers.Number:
    (candidate,) = numbers.search(account, country="US", limit=1)
    return numbers.buy(account, phone_number=candidate.phone_number, friendly_name="pilar-1", webhooks=webhooks())


def refused(run: object) -> ProviderError:
    with pytest.raises(ProviderError) as found:
        run()  # type: ignore[operator]
    return found.value


def test_a_workspace_gets_one_subaccount_however_often_it_asks(sandbox: Sandbox, in_studio: UUID) -> None:
    assert subaccounts.find(in_studio) is None
    first, second = (subaccounts.find_or_create(in_studio) for _ in range(2))
    assert first == second
    assert first.friendly_name == f"pilar-{in_studio}"


def test_after_a_crash_that_made_two_the_first_one_counts(sandbox: Sandbox, in_studio: UUID) -> None:
    first, _second = subaccounts.create(in_studio), subaccounts.create(in_studio)
    assert subaccounts.find(in_studio) == first


def test_a_closed_subaccount_is_not_found(sandbox: Sandbox, in_studio: UUID) -> None:
    made = subaccounts.create(in_studio)
    subaccounts.set_status(made.sid, "closed")
    assert subaccounts.find(in_studio) is None


def test_a_key_is_made_found_by_name_and_deleted(account: TwilioAccount) -> None:
    made = subaccounts.create_key(account, "pilar")
    assert made.secret
    assert subaccounts.find_keys(account, "pilar") == [made.sid]
    subaccounts.delete_key(account, made.sid)
    assert subaccounts.find_keys(account, "pilar") == []


def test_a_german_number_from_papers_to_purchase(sandbox: Sandbox, account: TwilioAccount) -> None:
    sandbox.post("/_control/reviews", delaySeconds=0, decision="approved")
    address = compliance.create_address(account, friendly_name="address", at=BERLIN)
    bundle = bundle_of(account, address.sid)
    assert compliance.evaluate(account, bundle.sid).failures() == []
    compliance.submit(account, bundle.sid)
    assert compliance.status(account, bundle.sid).approved
    (candidate,) = numbers.search(account, country="DE", locality="Berlin", limit=1)
    bought = numbers.buy(
        account,
        phone_number=candidate.phone_number,
        friendly_name="pilar-1",
        webhooks=webhooks(),
        address_sid=address.sid,
        bundle_sid=bundle.sid,
    )
    assert numbers.find(account, friendly_name="pilar-1") == [numbers.fetch(account, bought.sid)]
    assert webhooks().fit(bought)


def test_papers_are_found_by_their_names(account: TwilioAccount) -> None:
    address = compliance.create_address(account, friendly_name="address", at=BERLIN)
    bundle = bundle_of(account, address.sid)
    found = compliance.find_bundle(account, "papers")
    assert found is not None
    assert found.sid == bundle.sid
    for find, name in (
        (compliance.find_end_user, "business"),
        (compliance.find_document, "register"),
        (compliance.find_address, "address"),
    ):
        paper = find(account, name)
        assert paper is not None
        assert find(account, "other") is None
        assert paper.sid in {address.sid, *compliance.items(account, bundle.sid)}


def test_an_evaluation_tells_what_is_missing(account: TwilioAccount) -> None:
    rules = compliance.regulation(account, country="DE")
    assert rules
    bundle = compliance.create_bundle(account, friendly_name="empty", email="a@b.de", regulation_sid=rules.sid)
    evaluation = compliance.evaluate(account, bundle.sid)
    assert not evaluation.compliant
    assert all(evaluation.failures())


def test_an_address_that_cannot_be_is_for_the_studio_to_mend(account: TwilioAccount) -> None:
    nowhere = PostalAddress(NAME, "Postfach 12", "10119", "Berlin", "DE")
    found = refused(lambda: compliance.create_address(account, friendly_name="x", at=nowhere))
    assert (found.code, found.error_class, found.ambiguous) == ("21628", ErrorClass.PROVISIONING_ERROR, False)


def test_a_file_of_the_wrong_kind_is_refused_like_any_call(account: TwilioAccount) -> None:
    file = File("x.exe", b"MZ", "application/octet-stream")
    found = refused(
        lambda: compliance.create_document(account, friendly_name="x", kind="trade_license", attributes={}, file=file)
    )
    assert (found.code, found.error_class) == ("20001", ErrorClass.PROVISIONING_ERROR)


def test_a_german_number_without_papers_says_so(account: TwilioAccount) -> None:
    (candidate,) = numbers.search(account, country="DE", limit=1)
    found = refused(
        lambda: numbers.buy(account, phone_number=candidate.phone_number, friendly_name="x", webhooks=webhooks())
    )
    assert found.error_class is ErrorClass.PROVISIONING_ERROR


def test_a_purchase_whose_answer_was_lost_is_found_before_it_is_repeated(
    sandbox: Sandbox, account: TwilioAccount
) -> None:
    sandbox.fault("twilio", "lost-answer", operation="incoming_phone_numbers.create", count=1)
    assert refused(lambda: buy_american(account)).ambiguous
    assert len(numbers.find(account, friendly_name="pilar-1")) == 1


def test_webhooks_that_were_changed_are_repaired(account: TwilioAccount) -> None:
    bought = buy_american(account)
    other = numbers.webhooks_for(UUID(int=2))
    assert not other.fit(bought)
    assert other.fit(numbers.set_webhooks(account, bought.sid, other))


def test_a_released_number_is_gone(account: TwilioAccount) -> None:
    bought = buy_american(account)
    numbers.release(account, bought.sid)
    assert refused(lambda: numbers.fetch(account, bought.sid)).code == "20404"


def test_a_suspended_account_is_offline(account: TwilioAccount) -> None:
    subaccounts.set_status(account.sid, "suspended")
    found = refused(lambda: numbers.find(account))
    assert (found.code, found.error_class) == ("20005", ErrorClass.INTEGRATION_OFFLINE)


def test_a_wrong_token_is_an_auth_failure(account: TwilioAccount) -> None:
    found = refused(lambda: numbers.find(TwilioAccount(account.sid, "wrong")))
    assert found.error_class is ErrorClass.THIRD_PARTY_AUTH_FAILED


def test_too_many_requests_say_when_to_come_back(sandbox: Sandbox, account: TwilioAccount) -> None:
    sandbox.fault("twilio", "status", status=429, retryAfter=7)
    found = refused(lambda: numbers.find(account))
    assert (found.error_class, found.retry_after) == (ErrorClass.RATE_LIMITED, 7)


@pytest.mark.parametrize("kind", ["garbage", "reset"])
def test_an_answer_that_is_none_leaves_a_purchase_open(sandbox: Sandbox, account: TwilioAccount, kind: str) -> None:
    sandbox.fault("twilio", kind, operation="incoming_phone_numbers.create")
    found = refused(lambda: buy_american(account))
    assert (found.error_class, found.ambiguous) == (ErrorClass.TRANSIENT_NETWORK, True)


def test_without_a_base_the_real_hosts_are_meant(settings: Settings) -> None:
    settings.TWILIO_API_BASE = ""
    assert client.address("https://numbers.twilio.com/v2/x?a=1") == ("https://numbers.twilio.com/v2/x?a=1", {})


def test_with_a_base_the_original_host_is_told(settings: Settings) -> None:
    settings.TWILIO_API_BASE = "http://127.0.0.1:8001"
    url, headers = client.address("https://numbers.twilio.com/v2/x?a=1")
    assert (url, headers) == ("http://127.0.0.1:8001/v2/x?a=1", {"X-Twilio-Host": "numbers.twilio.com"})


def test_without_a_main_account_nothing_is_called(in_studio: UUID, settings: Settings) -> None:
    settings.TWILIO_ACCOUNT_SID = ""
    with pytest.raises(NotConfigured):
        subaccounts.find(in_studio)


def test_a_studio_without_a_subaccount_is_not_configured(in_studio: UUID) -> None:
    with pytest.raises(NotConfigured):
        client.own_account()
