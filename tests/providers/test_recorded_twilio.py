"""Recorded Twilio reports through the door, signed by Twilio's own library."""

import json
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings
from twilio.request_validator import RequestValidator

from coach.models import CallLog
from pilar.backplane.engine.inline import work_off
from pilar.backplane.models import AutopilotEvent, AutopilotJob, WebhookReceipt
from pilar.backplane.tenancy import all_tenants, atomic, tenant
from tests.providers import senders
from tests.providers.recorded import recorded

pytestmark = pytest.mark.django_db
REPORTS = recorded("twilio/reports")
TYPE = "application/x-www-form-urlencoded; charset=UTF-8"


@pytest.fixture(autouse=True)
def connected(studio: UUID, settings: Settings) -> UUID:
    settings.PUBLIC_BASE_URL = "https://pilar.example"
    senders.connect_twilio(studio)
    return studio


def report(client: Client, workspace_id: UUID, name: str, *, base: str = "https://pilar.example") -> HttpResponse:
    found, query = REPORTS[name], "?from=twilio&x=a%20b"
    path = f"/api/webhooks/twilio/{found['kind']}/{workspace_id}{query}"
    signature = RequestValidator("sub-token").compute_signature(base + path, found["form"])
    body = urlencode(found["form"]).encode()
    return senders.post(client, path, body, {"X-Twilio-Signature": signature}, content_type=TYPE)


def facts(workspace_id: UUID) -> list[tuple[str, dict[str, Any]]]:
    work_off(["webhooks", "events"])
    with all_tenants("a test looks for trouble"), atomic():
        assert not AutopilotJob.objects.exclude(error="").exists()
        assert not WebhookReceipt.objects.filter(processed_at=None).exists()
    with tenant(workspace_id), atomic():
        return list(AutopilotEvent.objects.order_by("id").values_list("type", "payload"))


@pytest.mark.parametrize("name", REPORTS)
def test_each_report_is_told_once_or_left_alone(client: Client, connected: UUID, name: str) -> None:
    assert [report(client, connected, name).status_code for _ in range(2)] == [200, 200]
    wanted = REPORTS[name]["event"]
    assert [kind for kind, _ in facts(connected)] == ([wanted] if wanted else [])


def test_the_words_of_an_sms_arrive_as_they_were_written(client: Client, connected: UUID) -> None:
    report(client, connected, "sms")
    ((_, fact),) = facts(connected)
    assert fact["body"] == "Grüße & 50 % Rabatt? 💪\nZeile 2 +1"


@pytest.mark.parametrize("order", [("call", "call_completed"), ("call_completed", "call")])
def test_a_call_that_has_ended_does_not_ring_again(client: Client, connected: UUID, order: tuple[str, str]) -> None:
    for name in (*order, "recording"):
        report(client, connected, name)
        facts(connected)
    with tenant(connected), atomic():
        assert CallLog.objects.get().status == "completed"


@pytest.mark.parametrize("base", ["https://pilar.example", "https://pilar.example:443"])
@pytest.mark.parametrize("ours", ["https://pilar.example", "https://pilar.example:443"])
def test_the_usual_port_may_be_signed_or_not(
    client: Client, connected: UUID, settings: Settings, base: str, ours: str
) -> None:
    settings.PUBLIC_BASE_URL = ours
    assert report(client, connected, "call", base=base).status_code == 200


@pytest.mark.parametrize("base", ["http://pilar.example", "https://pilar.example:8443", "https://evil.example"])
def test_another_address_is_a_bad_signature(client: Client, connected: UUID, base: str) -> None:
    assert report(client, connected, "call", base=base).status_code == 403


def test_json_is_checked_by_its_hash_and_kept_without_harm(client: Client, connected: UUID) -> None:
    body = json.dumps([{"specversion": "1.0", "type": "com.twilio.messaging.message.delivered", "data": {}}]).encode()
    path = f"/api/webhooks/twilio/status/{connected}?bodySHA256={sha256(body).hexdigest()}"
    header = {"X-Twilio-Signature": RequestValidator("sub-token").compute_signature(f"https://pilar.example{path}", {})}
    assert senders.post(client, path, body, header).status_code == 200
    assert senders.post(client, path, body + b" ", header).status_code == 403
    assert facts(connected) == []
