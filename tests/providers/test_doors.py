"""The doors webhooks come in by: what is accepted is stored with its job, all else changes nothing."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from django.db import OperationalError
from django.test import Client
from pytest_django import Settings

from pilar.backplane import receipts
from pilar.backplane.models import AutopilotJob, WebhookReceipt
from pilar.backplane.tenancy import PLATFORM, all_tenants, atomic
from pilar.kernel.ids import uuid7
from tests.factories import WorkspaceFactory
from tests.providers import senders

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _secrets(settings: Settings) -> None:
    settings.STRIPE_WEBHOOK_SECRETS, settings.STRIPE_CONNECT_WEBHOOK_SECRETS = ["whsec_one"], []
    settings.WHATSAPP_APP_SECRETS, settings.WHATSAPP_VERIFY_TOKENS = ["app-secret"], ["verify-me"]


def stored() -> list[tuple[str, UUID]]:
    """Return (job type, workspace) of all that was accepted, having checked that each receipt has one job."""
    with all_tenants("a test counts"), atomic():
        jobs = list(AutopilotJob.objects.values_list("type", "workspace_id"))
        assert WebhookReceipt.objects.count() == len(jobs)
        return jobs


class TestAccepting:
    def test_a_stripe_event_is_stored_with_its_job(self, client: Client) -> None:
        assert senders.stripe_event(client).status_code == 200
        assert stored() == [("webhooks.stripe", PLATFORM)]

    def test_a_repeat_answers_2xx_and_changes_nothing(self, client: Client) -> None:
        answers = [senders.stripe_event(client).status_code for _ in range(3)]
        assert (answers, len(stored())) == ([200, 200, 200], 1)

    def test_the_same_event_id_of_another_account_is_another_event(self, client: Client) -> None:
        senders.stripe_event(client)
        senders.stripe_event(client, account="acct_1")
        assert len(stored()) == 2

    def test_a_type_nobody_knows_is_stored(self, client: Client) -> None:
        assert senders.stripe_event(client, type="radar.something_new").status_code == 200
        assert len(stored()) == 1

    def test_a_whatsapp_batch_is_stored_once(self, client: Client) -> None:
        batch = senders.entry("w1", "p1", messages=[senders.text_message()])
        assert [senders.whatsapp_batch(client, batch).status_code for _ in range(2)] == [200, 200]
        assert stored() == [("webhooks.whatsapp", PLATFORM)]

    def test_a_twilio_report_is_stored_in_its_workspace_and_answered_in_twiml(
        self, client: Client, studio: UUID
    ) -> None:
        senders.connect_twilio(studio)
        answer = senders.twilio_report(client, "sms", studio, MessageSid="SM1", Body="Hi")
        assert (answer.status_code, answer["Content-Type"]) == (200, "text/xml")
        assert answer.content.endswith(b"<Response/>")
        assert stored() == [("webhooks.twilio", studio)]

    def test_a_call_hears_that_we_write_only(self, client: Client, studio: UUID) -> None:
        senders.connect_twilio(studio)
        client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
        answer = senders.twilio_report(client, "voice", studio, CallSid="CA1", CallStatus="ringing")
        assert b'<Say language="de-DE">Diese Nummer' in answer.content


class TestRefusing:
    def test_a_bad_stripe_signature(self, client: Client) -> None:
        answer = senders.stripe_event(client, secret="whsec_other")
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_signature")
        assert answer["Content-Type"] == "application/problem+json"
        assert stored() == []

    def test_no_secret_configured(self, client: Client, settings: Settings) -> None:
        settings.STRIPE_WEBHOOK_SECRETS = []
        answer = senders.stripe_event(client)
        assert (answer.status_code, answer.json()["code"]) == (503, "not_configured")
        assert "Retry-After" in answer.headers

    def test_malformed_json(self, client: Client) -> None:
        body = b'{"entry": ['
        header = {"X-Hub-Signature-256": senders.whatsapp.sign(body, "app-secret")}
        answer = senders.post(client, "/api/webhooks/whatsapp", body, header)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed")

    def test_more_than_four_megabytes(self, client: Client) -> None:
        answer = senders.post(client, "/api/webhooks/stripe", b" " * (4 * 1024 * 1024 + 1), {})
        assert answer.status_code == 413

    def test_whatsapps_largest_batch_is_not_too_large(self, client: Client) -> None:
        message = senders.text_message(body="x" * 3 * 1024 * 1024)
        assert senders.whatsapp_batch(client, senders.entry("w1", "p1", messages=[message])).status_code == 200

    @pytest.mark.parametrize("path", ["stripe", "twilio/sms/01900000-0000-7000-8000-00000000abcd"])
    def test_reading_a_door_that_only_takes(self, client: Client, path: str) -> None:
        answer = client.get(f"/api/webhooks/{path}")
        assert (answer.status_code, answer["Allow"]) == (405, "POST")


class TestTwilioWorkspaces:
    def test_another_workspaces_token_is_refused(self, client: Client, studio: UUID) -> None:
        senders.connect_twilio(studio)
        assert senders.twilio_report(client, "sms", studio, token="other").status_code == 403

    def test_a_report_about_another_account_is_refused(self, client: Client, studio: UUID) -> None:
        senders.connect_twilio(studio)
        answer = senders.twilio_report(client, "sms", studio, account="AC" + "b" * 32)
        assert (answer.status_code, stored()) == (403, [])

    def test_an_unknown_workspace_looks_like_a_bad_signature(self, client: Client, studio: UUID) -> None:
        senders.connect_twilio(studio)
        absent, foreign = (senders.twilio_report(client, "sms", one, token="x") for one in (uuid7(), studio))
        assert absent.status_code == foreign.status_code == 403
        assert absent.json()["detail"] == foreign.json()["detail"]

    def test_each_workspace_verifies_with_its_own_token(self, client: Client, studio: UUID) -> None:
        other = WorkspaceFactory().pk
        senders.connect_twilio(studio)
        senders.connect_twilio(other, account="AC" + "b" * 32, token="other-token")
        answer = senders.twilio_report(client, "status", other, account="AC" + "b" * 32, token="other-token", X="1")
        assert (answer.status_code, stored()) == (200, [("webhooks.twilio", other)])


class TestChallenge:
    def test_the_right_token_gets_its_challenge_back_as_plain_text(self, client: Client) -> None:
        query = {"hub.mode": "subscribe", "hub.verify_token": "verify-me", "hub.challenge": "<b>42</b>"}
        answer = client.get("/api/webhooks/whatsapp", query)
        assert (answer.status_code, answer.content, answer["Content-Type"]) == (200, b"<b>42</b>", "text/plain")

    @pytest.mark.parametrize(
        "query", [{}, {"hub.mode": "subscribe", "hub.verify_token": "wrong"}, {"hub.verify_token": "verify-me"}]
    )
    def test_anything_else_is_forbidden(self, client: Client, query: dict[str, str]) -> None:
        assert client.get("/api/webhooks/whatsapp", query).status_code == 403


@contextmanager
def postgresql_away(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def refuse(*_: object, **__: object) -> None:
        raise OperationalError("could not connect")

    with monkeypatch.context() as patch:
        patch.setattr(receipts, "store", refuse)
        yield


def test_what_cannot_be_stored_is_not_acked(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with postgresql_away(monkeypatch):
        answer = senders.stripe_event(client)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert json.loads(answer.content)["code"] == "unavailable"
    assert senders.stripe_event(client).status_code == 200
