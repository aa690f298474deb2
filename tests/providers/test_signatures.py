"""Signatures, with the vectors of the providers and genuine ones made by their own libraries."""

import hmac
import json
import time
from hashlib import sha256

import pytest
import stripe
from django.utils.datastructures import MultiValueDict
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings
from twilio.request_validator import RequestValidator

from pilar.kernel.errors import NotConfigured
from pilar.providers.doors import BadSignature, Malformed
from pilar.providers.stripe import webhook as stripe_webhook
from pilar.providers.twilio import webhook as twilio_webhook
from pilar.providers.whatsapp import webhook as whatsapp_webhook

BODY = json.dumps(
    {
        "id": "evt_1",
        "object": "event",
        "type": "invoice.paid",
        "created": 1760000000,
        "data": {"object": {"id": "in_1"}},
    }
)


def signed(body: str = BODY, secret: str = "whsec_one", at: int | None = None) -> str:
    return stripe.WebhookSignature.generate_signature_header(body, secret, at)


@pytest.fixture(autouse=True)
def _secrets(settings: Settings) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_one", "whsec_two"]
    settings.STRIPE_CONNECT_WEBHOOK_SECRETS = ["whsec_connect"]
    settings.WHATSAPP_APP_SECRETS = ["old-secret", "new-secret"]


class TestStripe:
    @pytest.mark.parametrize("secret", ["whsec_one", "whsec_two", "whsec_connect"])
    def test_any_active_secret_is_accepted(self, secret: str) -> None:
        event = stripe_webhook.verify(BODY.encode(), signed(secret=secret))
        assert (event.id, event.type, event.object_id) == ("evt_1", "invoice.paid", "in_1")

    def test_any_of_several_signatures_may_fit(self) -> None:
        genuine = signed()
        header = genuine.replace(",v1=", ",v1=" + "0" * 64 + ",v1=") + ",v0=ffff"
        assert stripe_webhook.verify(BODY.encode(), header).id == "evt_1"

    @pytest.mark.parametrize("drift", [-301, 301])
    def test_a_timestamp_too_far_from_now_is_refused_in_both_directions(self, drift: int) -> None:
        with pytest.raises(BadSignature):
            stripe_webhook.verify(BODY.encode(), signed(at=int(time.time()) + drift))

    @pytest.mark.parametrize("drift", [-290, 290])
    def test_a_clock_within_five_minutes_is_accepted(self, drift: int) -> None:
        assert stripe_webhook.verify(BODY.encode(), signed(at=int(time.time()) + drift))

    def test_a_changed_body_is_refused(self) -> None:
        with pytest.raises(BadSignature):
            stripe_webhook.verify(BODY.encode() + b" ", signed())

    @pytest.mark.parametrize(
        "header",
        [
            "",
            "nonsense",
            "t=,v1=",
            "t=1",
            "v1=ab",
            "t=١٢٣,v1=ab",
            "t=1,t=2,v1=ab",
            "t=1e9,v1=é",
            "t=9" + "9" * 40 + ",v1=a",
        ],
    )
    def test_a_malformed_header_is_a_bad_signature(self, header: str) -> None:
        with pytest.raises(BadSignature):
            stripe_webhook.verify(BODY.encode(), header)

    def test_a_future_signature_scheme_alone_is_not_enough(self) -> None:
        with pytest.raises(BadSignature):
            stripe_webhook.verify(BODY.encode(), signed().replace("v1=", "v0="))

    @pytest.mark.parametrize(
        "body",
        [
            "[]",
            "{",
            '{"id": "evt_1"}',
            '{"id": [7], "type": "x", "created": 1}',
            '{"id": null, "type": "x", "created": 1}',
            '{"id":"a b","type":"x","created":1}',
        ],
    )
    def test_a_genuine_body_that_is_no_event_is_malformed(self, body: str) -> None:
        with pytest.raises(Malformed):
            stripe_webhook.verify(body.encode(), signed(body))

    def test_without_any_secret_nothing_is_accepted(self, settings: Settings) -> None:
        settings.STRIPE_WEBHOOK_SECRETS = settings.STRIPE_CONNECT_WEBHOOK_SECRETS = []
        with pytest.raises(NotConfigured):
            stripe_webhook.verify(BODY.encode(), signed(secret=""))


class TestTwilio:
    URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
    PARAMS = {
        "CallSid": ["CA1234567890ABCDE"],
        "Caller": ["+14158675309"],
        "Digits": ["1234"],
        "From": ["+14158675309"],
        "To": ["+18005551212"],
    }
    GENUINE = "RSOYDt4T1cUTdK1PDd93/VVr8B8="

    def test_twilios_own_vector_is_accepted(self) -> None:
        twilio_webhook.verify(self.URL, self.PARAMS, self.GENUINE, "12345")

    def test_retry_settings_in_the_fragment_are_not_signed(self) -> None:
        twilio_webhook.verify(self.URL + "#rc=3&rp=all", self.PARAMS, self.GENUINE, "12345")

    @pytest.mark.parametrize("header", ["", "é", GENUINE.lower(), GENUINE[:-1]])
    def test_another_signature_is_refused(self, header: str) -> None:
        with pytest.raises(BadSignature):
            twilio_webhook.verify(self.URL, self.PARAMS, header, "12345")

    def test_another_accounts_token_is_refused(self) -> None:
        with pytest.raises(BadSignature):
            twilio_webhook.verify(self.URL, self.PARAMS, self.GENUINE, "54321")

    def test_a_json_body_is_held_to_its_hash(self) -> None:
        body = b'{"a": 1}'
        url = f"{self.URL}&bodySHA256={sha256(body).hexdigest()}"
        header = twilio_webhook.sign(url, {}, "12345")
        twilio_webhook.verify(url, {}, header, "12345", body=body)
        with pytest.raises(BadSignature):
            twilio_webhook.verify(url, {}, header, "12345", body=body + b" ")

    @given(st.dictionaries(st.text(min_size=1), st.lists(st.text(), min_size=1, max_size=3), max_size=5))
    def test_we_sign_as_the_sdk_does(self, params: dict[str, list[str]]) -> None:
        theirs = RequestValidator("12345").compute_signature(self.URL, MultiValueDict(params))
        assert twilio_webhook.sign(self.URL, params, "12345") == theirs

    @pytest.mark.parametrize("body", [b"\xff\xfe=1", b"no equals sign"])
    def test_a_body_that_is_no_form_is_malformed(self, body: bytes) -> None:
        with pytest.raises(Malformed):
            twilio_webhook.parse(body)


class TestWhatsApp:
    @pytest.mark.parametrize("secret", ["old-secret", "new-secret"])
    def test_both_secrets_are_accepted_while_they_are_rotated(self, secret: str) -> None:
        whatsapp_webhook.verify(b"{}", whatsapp_webhook.sign(b"{}", secret))

    @given(
        st.recursive(
            st.text() | st.integers() | st.booleans(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
        )
    )
    def test_the_bytes_count_not_their_meaning(self, content: object) -> None:
        escaped = json.dumps(content, ensure_ascii=True).replace("/", "\\/").encode()
        header = "sha256=" + hmac.new(b"new-secret", escaped, sha256).hexdigest()
        whatsapp_webhook.verify(escaped, header)
        with pytest.raises(BadSignature):
            whatsapp_webhook.verify(escaped + b"\n", header)

    @pytest.mark.parametrize("header", ["", "sha256=", "sha1=abc", "é", "sha256=" + "0" * 64])
    def test_another_signature_is_refused(self, header: str) -> None:
        with pytest.raises(BadSignature):
            whatsapp_webhook.verify(b"{}", header)

    def test_without_a_secret_nothing_is_accepted(self, settings: Settings) -> None:
        settings.WHATSAPP_APP_SECRETS = []
        with pytest.raises(NotConfigured):
            whatsapp_webhook.verify(b"{}", whatsapp_webhook.sign(b"{}", ""))
