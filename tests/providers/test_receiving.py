"""From a stored webhook to facts in the right workspace, once."""

from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from pytest_django import Settings

from pilar.backplane.engine.inline import work_off
from pilar.backplane.models import AutopilotEvent, WebhookReceipt
from pilar.backplane.tenancy import PLATFORM, all_tenants, atomic, tenant
from pilar.kernel import clock
from pilar.providers.models import MessageTemplate
from tests.factories import WorkspaceFactory
from tests.providers import senders
from tests.providers.senders import entry, text_message

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _secrets(settings: Settings) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_one"]
    settings.WHATSAPP_APP_SECRETS = ["app-secret"]


@pytest.fixture
def whatsapp_studio(studio: UUID) -> UUID:
    senders.connect_whatsapp(studio, waba_id="w1", phone_id="p1")
    return studio


def facts(workspace_id: UUID) -> list[tuple[str, dict[str, Any]]]:
    """Run the webhooks' jobs and return what they published in one workspace."""
    work_off(["webhooks"])
    with tenant(workspace_id), atomic():
        return list(AutopilotEvent.objects.order_by("id").values_list("type", "payload"))


def test_a_stripe_event_becomes_a_fact_of_the_platform(client: Client) -> None:
    senders.stripe_event(client)
    ((name, payload),) = facts(PLATFORM)
    assert (name, payload["type"], payload["object_id"]) == ("stripe.event", "invoice.paid", "in_1")


def test_what_postgresql_cannot_hold_does_not_lose_the_event(client: Client) -> None:
    senders.stripe_event(client, data={"object": {"id": "in_1", "name": "a\x00b\ud800", "n": float("inf")}})
    ((_, payload),) = facts(PLATFORM)
    assert payload["object"] == {"id": "in_1", "name": "ab?", "n": None}


def test_a_message_becomes_a_fact_of_the_studio_that_owns_the_number(client: Client, whatsapp_studio: UUID) -> None:
    senders.whatsapp_batch(client, entry("w1", "p1", messages=[text_message()]))
    ((name, payload),) = facts(whatsapp_studio)
    assert (name, payload["text"], payload["sender"]) == ("whatsapp.inbound", "Hallo", "4917012345678")


def test_one_post_for_two_studios_tells_each_its_own(client: Client, whatsapp_studio: UUID) -> None:
    other = WorkspaceFactory().pk
    senders.connect_whatsapp(other, waba_id="w2", phone_id="p2")
    batches = [entry(f"w{n}", f"p{n}", messages=[text_message(f"wamid.{n}", body=f"an {n}")]) for n in (1, 2)]
    senders.whatsapp_batch(client, *batches)
    assert [payload["text"] for _, payload in facts(whatsapp_studio)] == ["an 1"]
    assert [payload["text"] for _, payload in facts(other)] == ["an 2"]


def test_the_number_decides_not_the_account_that_is_claimed(client: Client, whatsapp_studio: UUID) -> None:
    senders.whatsapp_batch(client, entry("w-foreign", "p1", messages=[text_message()]))
    assert len(facts(whatsapp_studio)) == 1


def test_the_same_message_in_another_batch_happens_once(client: Client, whatsapp_studio: UUID) -> None:
    senders.whatsapp_batch(client, entry("w1", "p1", messages=[text_message()]))
    senders.whatsapp_batch(client, entry("w1", "p1", messages=[text_message(), text_message("wamid.2")]))
    assert len(facts(whatsapp_studio)) == 2


def test_a_report_that_overtakes_the_sign_up_finds_its_studio_later(client: Client, studio: UUID) -> None:
    senders.whatsapp_batch(client, entry("w9", "p9", messages=[text_message()]))
    assert facts(studio) == []
    senders.connect_whatsapp(studio, waba_id="w9", phone_id="p9")
    work_off(["webhooks"], until=clock.now() + senders.SOON)
    assert len(facts(studio)) == 1


def test_a_number_nobody_owns_is_given_up_in_the_end(client: Client) -> None:
    senders.whatsapp_batch(client, entry("w9", "p9", messages=[text_message()]))
    with atomic():
        WebhookReceipt.objects.update(received_at=clock.now() - senders.SOON * 10)
    work_off(["webhooks"])
    with atomic():
        assert WebhookReceipt.objects.get().error == "unknown account"


def test_a_template_review_is_mirrored_and_older_news_is_ignored(client: Client, whatsapp_studio: UUID) -> None:
    with tenant(whatsapp_studio), atomic():
        MessageTemplate.objects.create(name="nudge", language="de", category="MARKETING")
    for event, time in (("APPROVED", 1760000100), ("PENDING", 1760000000)):
        value = {"event": event, "message_template_name": "nudge", "message_template_language": "de"}
        change = {"field": "message_template_status_update", "value": value}
        senders.whatsapp_batch(client, {"id": "w1", "time": time, "changes": [change]})
    assert len(facts(whatsapp_studio)) == 2
    with tenant(whatsapp_studio), atomic():
        assert MessageTemplate.objects.get().status == "APPROVED"


@pytest.mark.parametrize(
    ("kind", "params", "name"),
    [
        ("sms", {"MessageSid": "SM1", "From": "+49170", "To": "+4930", "Body": "Hi"}, "twilio.sms"),
        ("status", {"MessageSid": "SM1", "MessageStatus": "delivered"}, "twilio.status"),
        ("status", {"BundleSid": "BU1", "Status": "twilio-rejected", "FailureReason": "name"}, "twilio.bundle"),
        ("voice", {"CallSid": "CA1", "CallStatus": "ringing", "From": "+49170", "To": "+4930"}, "twilio.call"),
    ],
)
def test_each_twilio_report_is_told(client: Client, studio: UUID, kind: str, params: dict[str, str], name: str) -> None:
    senders.connect_twilio(studio)
    senders.twilio_report(client, kind, studio, **params)
    assert [event for event, _ in facts(studio)] == [name]


def test_a_report_that_means_nothing_to_us_is_kept_and_settled(client: Client, studio: UUID) -> None:
    senders.connect_twilio(studio)
    senders.twilio_report(client, "status", studio, SomethingNew="1")
    assert facts(studio) == []
    with all_tenants("a test looks"), atomic():
        assert WebhookReceipt.objects.get().processed_at is not None
