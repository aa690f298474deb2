"""The simulated Twilio, asked through Twilio's own SDK."""

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator

from pilar.sandbox.twilio.callbacks import signature
from tests.sandbox import twilio_client as twilio
from tests.sandbox.serving import HTTP, Sandbox, eventually


@pytest.fixture
def studio(sandbox: Sandbox) -> twilio.Client:
    return twilio.subaccount(sandbox)


def code_of(refused: pytest.ExceptionInfo[TwilioRestException]) -> int:
    return int(refused.value.code)


def test_a_friendly_name_may_be_used_twice_and_both_are_found(sandbox: Sandbox) -> None:
    main = twilio.client(sandbox).api.v2010
    made = [main.accounts.create(friendly_name="pilar-7").sid for _ in range(2)]
    assert [one.sid for one in main.accounts.list(friendly_name="pilar-7")] == made[::-1]


def test_an_unknown_token_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(TwilioRestException) as refused:
        twilio.client(sandbox, password="wrong").new_keys.create()
    assert (refused.value.status, code_of(refused)) == (401, 20003)


def test_a_standard_key_is_barred_from_accounts_and_keys(sandbox: Sandbox, studio: twilio.Client) -> None:
    key = studio.new_keys.create(friendly_name="pilar")
    with_key = twilio.client(sandbox, key.sid, key.secret, studio.account_sid)
    assert with_key.incoming_phone_numbers.list() == []
    for barred in (with_key.api.v2010.accounts(studio.account_sid).fetch, with_key.new_keys.create):
        with pytest.raises(TwilioRestException) as refused:
            barred()
        assert code_of(refused) == 20003


def test_the_secret_of_a_key_is_shown_once(studio: twilio.Client) -> None:
    made = studio.new_keys.create(friendly_name="pilar")
    assert made.secret
    assert [one.sid for one in studio.keys.list()] == [made.sid]
    assert not hasattr(studio.keys(made.sid).fetch(), "secret")


def test_a_suspended_account_cannot_work_and_can_be_resumed(sandbox: Sandbox, studio: twilio.Client) -> None:
    main = twilio.client(sandbox).api.v2010.accounts(studio.account_sid)
    main.update(status="suspended")
    with pytest.raises(TwilioRestException) as refused:
        twilio.address(studio)
    assert code_of(refused) == 20005
    main.update(status="active")
    assert studio.incoming_phone_numbers.list() == []


def test_a_closed_account_stays_closed_and_loses_its_numbers(sandbox: Sandbox, studio: twilio.Client) -> None:
    number = twilio.buy_in_berlin(studio)
    main = twilio.client(sandbox).api.v2010.accounts(studio.account_sid)
    main.update(status="closed")
    assert number.phone_number not in sandbox.world.twilio.numbers
    with pytest.raises(TwilioRestException) as refused:
        main.update(status="active")
    assert code_of(refused) == 21479


def test_another_studios_number_does_not_exist(sandbox: Sandbox, studio: twilio.Client) -> None:
    number = twilio.buy_in_berlin(studio)
    with pytest.raises(TwilioRestException) as refused:
        twilio.subaccount(sandbox, "pilar-2").incoming_phone_numbers(number.sid).fetch()
    assert (refused.value.status, code_of(refused)) == (404, 20404)


@pytest.mark.parametrize("country", ["DE", "AT", "CH", "US", "GB", "ES", "FR", "IT"])
def test_each_country_offers_local_numbers(studio: twilio.Client, country: str) -> None:
    found = studio.available_phone_numbers(country).local.list(limit=3)
    assert len({one.phone_number for one in found}) == 3
    assert {one.iso_country for one in found} == {country}


def test_a_search_keeps_to_the_prefix(studio: twilio.Client) -> None:
    found = studio.available_phone_numbers("DE").local.list(contains="+4989", limit=5)
    assert [one.locality for one in found] == ["München"] * 5
    assert all(one.phone_number.startswith("+4989") for one in found)


def test_a_german_number_needs_an_approved_bundle(studio: twilio.Client) -> None:
    found = studio.available_phone_numbers("DE").local.list(in_locality="Berlin", limit=1)[0]
    place = twilio.address(studio)
    draft = twilio.bundle(studio, place)
    with pytest.raises(TwilioRestException) as refused:
        studio.incoming_phone_numbers.create(phone_number=found.phone_number, address_sid=place, bundle_sid=draft.sid)
    assert code_of(refused) == 21649


def test_a_german_number_needs_an_address(studio: twilio.Client) -> None:
    found = studio.available_phone_numbers("DE").local.list(in_locality="Berlin", limit=1)[0]
    bundle = twilio.approved_bundle(studio, twilio.address(studio))
    with pytest.raises(TwilioRestException) as refused:
        studio.incoming_phone_numbers.create(phone_number=found.phone_number, bundle_sid=bundle)
    assert code_of(refused) == 21631


def test_the_address_has_to_lie_where_the_prefix_does(studio: twilio.Client) -> None:
    found = studio.available_phone_numbers("DE").local.list(in_locality="Hamburg", limit=1)[0]
    place = twilio.address(studio)
    bundle = twilio.approved_bundle(studio, place)
    with pytest.raises(TwilioRestException) as refused:
        studio.incoming_phone_numbers.create(phone_number=found.phone_number, address_sid=place, bundle_sid=bundle)
    assert code_of(refused) == 21615


def test_an_american_number_needs_no_papers_and_is_sold_once(studio: twilio.Client) -> None:
    found = studio.available_phone_numbers("US").local.list(limit=1)[0]
    studio.incoming_phone_numbers.create(phone_number=found.phone_number)
    with pytest.raises(TwilioRestException) as refused:
        studio.incoming_phone_numbers.create(phone_number=found.phone_number)
    assert code_of(refused) == 21422
    assert len(studio.incoming_phone_numbers.list()) == 1


def test_a_number_can_be_snatched_away(studio: twilio.Client) -> None:
    found = studio.available_phone_numbers("US").local.list(contains="0422", limit=1)[0]
    with pytest.raises(TwilioRestException) as refused:
        studio.incoming_phone_numbers.create(phone_number=found.phone_number)
    assert code_of(refused) == 21422


def test_a_fault_may_name_twilios_own_code(sandbox: Sandbox, studio: twilio.Client) -> None:
    sandbox.fault("twilio", "incoming_phone_numbers.create", status=400, code=21422)
    with pytest.raises(TwilioRestException) as refused:
        studio.incoming_phone_numbers.create(phone_number="+12125550000")
    assert code_of(refused) == 21422


def test_too_many_requests_say_so(sandbox: Sandbox, studio: twilio.Client) -> None:
    sandbox.fault("twilio", "*", status=429, retryAfter=2)
    with pytest.raises(TwilioRestException) as refused:
        twilio.address(studio)
    assert (refused.value.status, code_of(refused)) == (429, 20429)


def test_a_bought_number_keeps_its_webhooks_and_can_be_repaired(sandbox: Sandbox, studio: twilio.Client) -> None:
    number = twilio.buy_in_berlin(studio, friendly_name="pilar-1", voice_url=f"{sandbox.product.url}/voice")
    assert studio.incoming_phone_numbers.list(phone_number=number.phone_number)[0].sid == number.sid
    assert number.voice_url == f"{sandbox.product.url}/voice"
    changed = studio.incoming_phone_numbers(number.sid).update(sms_url="https://pilar.example/sms")
    assert (changed.sms_url, changed.voice_url) == ("https://pilar.example/sms", number.voice_url)


def test_a_bad_webhook_url_is_refused(studio: twilio.Client) -> None:
    found = studio.available_phone_numbers("US").local.list(limit=1)[0]
    with pytest.raises(TwilioRestException) as refused:
        studio.incoming_phone_numbers.create(phone_number=found.phone_number, voice_url="pilar")
    assert code_of(refused) == 21402


def test_a_released_number_is_gone(studio: twilio.Client) -> None:
    found = studio.available_phone_numbers("US").local.list(limit=1)[0]
    number = studio.incoming_phone_numbers.create(phone_number=found.phone_number)
    assert number.delete()
    assert studio.incoming_phone_numbers.list() == []


def test_lists_come_in_pages(sandbox: Sandbox) -> None:
    main = twilio.client(sandbox).api.v2010
    for index in range(5):
        main.accounts.create(friendly_name=f"pilar-{index}")
    assert len(main.accounts.list(page_size=2)) == 6


def test_the_newer_hosts_page_by_absolute_links(studio: twilio.Client) -> None:
    rules = studio.numbers.v2.regulatory_compliance
    for index in range(5):
        rules.end_users.create(friendly_name=f"n{index}", type="business", attributes={})
    assert len(rules.end_users.list(page_size=2)) == 5


def test_the_german_rule_names_fields_and_proofs(studio: twilio.Client) -> None:
    rule = studio.numbers.v2.regulatory_compliance.regulations.list(iso_country="DE", number_type="local")[0]
    assert rule.friendly_name == "Germany: Local - Business"
    assert "business_website" in rule.requirements["end_user"][0]["fields"]
    assert len(rule.requirements["supporting_document"][0]) == 3


def test_an_incomplete_bundle_is_told_what_lacks(studio: twilio.Client) -> None:
    rules = studio.numbers.v2.regulatory_compliance
    without_site = {key: value for key, value in twilio.BUSINESS.items() if key != "business_website"}
    draft = twilio.bundle(studio, twilio.address(studio), business=without_site)
    found = rules.bundles(draft.sid).evaluations.create()
    assert found.status == "noncompliant"
    assert [one["object_field"] for one in found.results[0]["invalid"]] == ["business_website"]
    with pytest.raises(TwilioRestException) as refused:
        rules.bundles(draft.sid).update(status="pending-review")
    assert code_of(refused) == 22215


def test_a_document_has_to_say_the_same_as_the_end_user(studio: twilio.Client) -> None:
    other_name = twilio.BUSINESS | {"business_name": "Studio Süd GmbH"}
    draft = twilio.bundle(studio, twilio.address(studio), business=other_name)
    found = studio.numbers.v2.regulatory_compliance.bundles(draft.sid).evaluations.create()
    wrong = [field for result in found.results for field in result["invalid"]]
    assert [(one["object_field"], one["error_code"]) for one in wrong] == [("business_name", 22217)]


def test_the_review_is_told_by_a_signed_callback(sandbox: Sandbox, studio: twilio.Client) -> None:
    callback = f"{sandbox.product.url}/bundle"
    bundle = twilio.approved_bundle(studio, twilio.address(studio), status_callback=callback)
    last = eventually(lambda: [one for one in sandbox.product.at("/bundle") if one.form["Status"] == "twilio-approved"])
    assert last[0].form["BundleSid"] == bundle
    signed = last[0].headers["x-twilio-signature"]
    assert RequestValidator(studio.auth[1]).validate(callback, last[0].form, signed)
    assert not RequestValidator(twilio.MAIN.twilio_auth_token).validate(callback, last[0].form, signed)


def test_reviewers_can_say_no_and_the_studio_tries_again(sandbox: Sandbox, studio: twilio.Client) -> None:
    rules, draft = studio.numbers.v2.regulatory_compliance, twilio.bundle(studio, twilio.address(studio))
    sandbox.post("/_control/reviews", delaySeconds=0, decision="rejected")
    rules.bundles(draft.sid).update(status="pending-review")
    assert rules.bundles(draft.sid).fetch().status == "twilio-rejected"
    sandbox.post("/_control/reviews", delaySeconds=0, decision="approved")
    rules.bundles(draft.sid).update(status="draft")
    rules.bundles(draft.sid).update(status="pending-review")
    assert rules.bundles(draft.sid).fetch().status == "twilio-approved"


def test_a_waiting_review_ends_when_the_reviewers_hurry(sandbox: Sandbox, studio: twilio.Client) -> None:
    sandbox.post("/_control/reviews", delaySeconds=3600)
    rules, draft = studio.numbers.v2.regulatory_compliance, twilio.bundle(studio, twilio.address(studio))
    rules.bundles(draft.sid).update(status="pending-review")
    assert rules.bundles(draft.sid).fetch().status == "pending-review"
    sandbox.post("/_control/reviews", delaySeconds=0)
    assert rules.bundles(draft.sid).fetch().status == "twilio-approved"


def test_a_bundle_can_be_cloned_to_a_subaccount(sandbox: Sandbox, studio: twilio.Client) -> None:
    main = twilio.client(sandbox)
    place = twilio.address(main)
    made = main.numbers.v2.bundle_clone(twilio.approved_bundle(main, place)).create(
        target_account_sid=studio.account_sid
    )
    found = studio.available_phone_numbers("DE").local.list(in_locality="Berlin", limit=1)[0]
    bought = studio.incoming_phone_numbers.create(
        phone_number=found.phone_number, address_sid=place, bundle_sid=made.bundle_sid
    )
    assert bought.bundle_sid == made.bundle_sid


def test_a_document_comes_with_its_file(sandbox: Sandbox, studio: twilio.Client) -> None:
    answer = HTTP.post(
        f"{sandbox.url}/v2/RegulatoryCompliance/SupportingDocuments",
        headers={"X-Twilio-Host": "numbers-upload.twilio.com"},
        auth=studio.auth,
        data={"FriendlyName": "HRB", "Type": "trade_license", "Attributes": '{"business_name": "Nord"}'},
        files={"File": ("hrb.pdf", b"%PDF-1.4", "application/pdf")},
    )
    assert (answer.status_code, answer.json()["mime_type"]) == (201, "application/pdf")


@pytest.mark.parametrize("wrong", [{"postal_code": "1011"}, {"street": "Postfach 12"}, {"street": "Torstraße"}])
def test_an_address_that_does_not_validate_is_refused(studio: twilio.Client, wrong: dict[str, str]) -> None:
    with pytest.raises(TwilioRestException) as refused:
        twilio.address(studio, **wrong)
    assert code_of(refused) == 21628


@pytest.fixture
def american(sandbox: Sandbox, studio: twilio.Client) -> str:
    found = studio.available_phone_numbers("US").local.list(limit=1)[0]
    url = f"{sandbox.product.url}/sms"
    return str(studio.incoming_phone_numbers.create(phone_number=found.phone_number, sms_url=url).phone_number)


def test_an_sms_lands_on_the_phone_and_its_status_comes_back(
    sandbox: Sandbox, studio: twilio.Client, american: str
) -> None:
    callback = f"{sandbox.product.url}/status"
    studio.messages.create(to="+4915712345678", from_=american, body="Hallo", status_callback=callback)
    phone = HTTP.get(f"{sandbox.url}/_control/phone/+4915712345678").json()
    assert [(one["text"], one["channel"]) for one in phone["messages"]] == [("Hallo", "sms")]
    eventually(lambda: {one.form["MessageStatus"] for one in sandbox.product.at("/status")} == {"sent", "delivered"})


def test_an_sms_from_a_phone_comes_signed_by_the_subaccount(
    sandbox: Sandbox, studio: twilio.Client, american: str
) -> None:
    sandbox.post("/_control/phone/+4915712345678/send", to=american, text="Grüße")
    got = eventually(lambda: sandbox.product.at("/sms"))[0]
    assert got.form["Body"] == "Grüße"
    validator = RequestValidator(studio.auth[1])
    assert validator.validate(f"{sandbox.product.url}/sms", got.form, got.headers["x-twilio-signature"])


def test_who_wrote_stop_gets_no_sms_any_more(sandbox: Sandbox, studio: twilio.Client, american: str) -> None:
    sandbox.post("/_control/phone/+4915712345678/send", to=american, text="STOP")
    with pytest.raises(TwilioRestException) as refused:
        studio.messages.create(to="+4915712345678", from_=american, body="Hallo")
    assert code_of(refused) == 21610


def test_the_signature_is_twilios_own_example() -> None:
    parameters = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    signed = signature("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", list(parameters.items()))
    assert signed == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_metas_call_is_recorded_as_the_voice_url_says(sandbox: Sandbox, studio: twilio.Client) -> None:
    sandbox.product.answers["/voice"] = '<Response><Record transcribe="true" transcribeCallback="heard"/></Response>'
    number = twilio.buy_in_berlin(studio, voice_url=f"{sandbox.product.url}/voice")
    sandbox.post("/_meta/signup", phone_number=number.phone_number, business_name="Nord")
    heard = eventually(lambda: sandbox.product.at("/heard"))[0].form["TranscriptionText"]
    assert len([sign for sign in heard if sign.isdigit()]) == 6
