"""Recorded WhatsApp webhooks, through the door to what they change: each once, in any order, and nothing unknown hurts."""

import json
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from pytest_django import Settings

from coach.leads import conversation_of
from coach.models import Consent, Conversation, Lead, LeadAlias, Message
from pilar.backplane.engine.inline import work_off
from pilar.backplane.models import AutopilotEvent, AutopilotJob
from pilar.backplane.tenancy import all_tenants, atomic, tenant
from pilar.providers.models import MessageTemplate
from pilar.providers.whatsapp import webhook as whatsapp
from tests.coach.factories import NOON, willing_lead
from tests.providers import senders
from tests.providers.recorded import recorded

pytestmark = pytest.mark.django_db

WABA, PHONE, ANNA = "102290129340398", "106540352242922", "+4915198765432"
MESSAGES, PEOPLE = recorded("whatsapp/messages"), recorded("whatsapp/people")
CORRECTIONS, STATUSES = recorded("whatsapp/corrections"), recorded("whatsapp/statuses")
ACCOUNT, PREFERENCES = recorded("whatsapp/account"), recorded("whatsapp/preferences")
CONVERSATIONS = recorded("whatsapp/conversations")
NEW_NUMBER, USER_ID = "+4915211111111", "DE.13491208655302741918"


@pytest.fixture(autouse=True)
def connected(settings: Settings, studio: UUID) -> UUID:
    settings.WHATSAPP_APP_SECRETS = ["app-secret"]
    senders.connect_whatsapp(studio, waba_id=WABA, phone_id=PHONE)
    return studio


def deliver(client: Client, *changes: dict[str, Any], time: int = 1763459999, waba: str = WABA) -> None:
    """Have Meta deliver these changes twice, and work off what follows at once; nothing may be left in trouble."""
    for _ in range(2):
        answer = senders.whatsapp_batch(client, {"id": waba, "time": time, "changes": list(changes)})
        assert answer.status_code == 200
        work_off(["webhooks", "events", "messages"])
        # In other words but to the same effect: a repeat in another batch.
        time += 1
    with all_tenants("a test looks for trouble"), atomic():
        assert not AutopilotJob.objects.exclude(error="").exists()


def wrapped(message: dict[str, Any], number: str = ANNA[1:]) -> dict[str, Any]:
    contact = {"profile": {"name": "Anna Muster"}, "wa_id": number}
    return {
        "field": "messages",
        "value": {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "493012345678", "phone_number_id": PHONE},
            "contacts": [contact],
            "messages": [message],
        },
    }


def facts(workspace_id: UUID, name: str) -> list[dict[str, Any]]:
    with tenant(workspace_id), atomic():
        return list(AutopilotEvent.objects.filter(type=name).order_by("id").values_list("payload", flat=True))


def asked(workspace_id: UUID) -> int:
    """How many messages of Anna's ask for an answer."""
    with tenant(workspace_id), atomic():
        return Conversation.objects.get().generation


READ = {
    "text": "Hallo, habt ihr morgen offen? 💪",
    "text_forwarded_reply": "Ja, das meine ich",
    "text_from_an_ad": "Mehr Infos bitte",
    "text_identity_check": "Neues Telefon",
    "quick_reply": "Mehr dazu",
    "button_reply": "Dienstag",
    "list_reply": "Yoga",
    "flow_reply": "Sent",
    "image": "Mein neuer Schuh",
    "video": "So richtig?",
    "document": "Mein Attest",
    "location": "Studio Mitte, Beispielweg 1, 10178 Berlin",
    "reaction": "👍",
    "order": "Bitte den Shake",
}
SILENT = {"reaction", "reaction_removed", "unsupported", "unknown", "request_welcome"}


def test_each_kind_of_message_is_kept_once_and_answered_only_where_something_was_said(
    client: Client, connected: UUID
) -> None:
    """All in one delivery, each by a member of their own."""
    numbers = {name: f"49151{place:08}" for place, name in enumerate(MESSAGES)}
    deliver(client, *[wrapped(MESSAGES[name] | {"from": number}, number) for name, number in numbers.items()])
    with tenant(connected), atomic():
        rows = Message.objects.filter(direction=Message.Direction.IN).select_related("lead", "conversation")
        found = {row.lead.phone[1:]: (row.kind, row.body, row.conversation.generation) for row in rows}
        assert rows.count() == len(MESSAGES)
    assert found == {
        numbers[name]: (one["type"], READ.get(name, ""), int(name not in SILENT)) for name, one in MESSAGES.items()
    }


def test_what_is_said_in_a_group_is_nobodys_chat_with_the_studio(client: Client, connected: UUID) -> None:
    deliver(client, PEOPLE["group"])
    with tenant(connected), atomic():
        assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("name", "phone", "user_id"),
    [
        ("username_without_phone", "", USER_ID),
        ("phone_and_user_id", ANNA, USER_ID),
        ("without_profile", ANNA, None),
        ("without_contacts", ANNA, None),
    ],
)
def test_whoever_writes_becomes_one_member(
    client: Client, connected: UUID, name: str, phone: str, user_id: str | None
) -> None:
    deliver(client, PEOPLE[name])
    with tenant(connected), atomic():
        assert (Lead.objects.get().phone or "") == phone
        found = LeadAlias.objects.filter(kind=LeadAlias.Kind.BSUID).values_list("value", flat=True).first()
        assert found == user_id


@pytest.mark.parametrize("name", ["number_changed", "number_changed_old_form"])
def test_a_new_number_is_the_same_member(client: Client, connected: UUID, name: str) -> None:
    deliver(client, PEOPLE["without_contacts"])
    deliver(client, PEOPLE[name])
    with tenant(connected), atomic():
        assert LeadAlias.objects.get(value=NEW_NUMBER).lead == Lead.objects.get()


def test_a_new_user_id_is_the_same_member(client: Client, connected: UUID) -> None:
    deliver(client, PEOPLE["username_without_phone"])
    deliver(client, PEOPLE["user_id_changed"])
    with tenant(connected), atomic():
        assert LeadAlias.objects.get(value="DE.999").lead == Lead.objects.get()


def test_a_new_security_code_changes_nothing(client: Client, connected: UUID) -> None:
    deliver(client, PEOPLE["without_contacts"])
    deliver(client, PEOPLE["identity_changed"])
    with tenant(connected), atomic():
        assert set(LeadAlias.objects.values_list("value", flat=True)) == {ANNA, ANNA[1:]}


class TestCorrections:
    @pytest.mark.parametrize("order", [("original", "edited"), ("edited", "original")])
    def test_an_edited_message_reads_as_it_was_edited_and_is_answered_once(
        self, client: Client, connected: UUID, order: tuple[str, str]
    ) -> None:
        for name in order:
            deliver(client, CORRECTIONS[name])
        with tenant(connected), atomic():
            assert Message.objects.get().body == "Kann ich morgen kommen?"
        assert asked(connected) == 1

    @pytest.mark.parametrize(
        "order", [("original", "taken_back"), ("taken_back", "original"), ("taken_back", "edited")]
    )
    def test_what_was_taken_back_is_not_kept(self, client: Client, connected: UUID, order: tuple[str, str]) -> None:
        for name in order:
            deliver(client, CORRECTIONS[name])
        with tenant(connected), atomic():
            message = Message.objects.get()
            assert (message.kind, message.body) == ("revoke", "")

    @pytest.mark.parametrize("order", [("original", "edited_to_stop"), ("edited_to_stop", "original")])
    def test_a_message_edited_to_a_stop_is_a_stop(
        self, client: Client, connected: UUID, order: tuple[str, str]
    ) -> None:
        for name in order:
            deliver(client, CORRECTIONS[name])
        with tenant(connected), atomic():
            assert Lead.objects.get().status == Lead.Status.OPTED_OUT

    def test_what_proves_a_consent_stays_as_it_was_given(self, client: Client, connected: UUID) -> None:
        deliver(client, CORRECTIONS["original"])
        with tenant(connected), atomic():
            proof = Message.objects.get()
            Consent.objects.create(lead=proof.lead, source="whatsapp", proof_message=proof)
        deliver(client, CORRECTIONS["taken_back"])
        with tenant(connected), atomic():
            assert Message.objects.get().body == "Kann ich morgen komen?"


def ours(connected: UUID, count: int = 1) -> list[Message]:
    """Messages of ours that are under way to Anna."""
    with tenant(connected), atomic():
        lead = willing_lead(phone=ANNA)
        same = {"conversation": conversation_of(lead), "lead": lead, "direction": Message.Direction.OUT}
        state = {"by": Message.By.AI, "state": Message.State.SENT, "at": NOON, "body": "Hallo"}
        return [Message.objects.create(**same, **state) for _ in range(count)]


def told_of(message: Message, name: str) -> dict[str, Any]:
    text = json.dumps(STATUSES[name]).replace('"MESSAGE"', f'"{message.pk}"').replace("HBgLours", str(message.pk))
    change: dict[str, Any] = json.loads(text)
    return change


def test_each_status_moves_our_message_and_no_other(client: Client, connected: UUID) -> None:
    messages = dict(zip(STATUSES, ours(connected, len(STATUSES)), strict=True))
    deliver(client, *[told_of(message, name) for name, message in messages.items()])
    told = {name: one["value"]["statuses"][0] for name, one in STATUSES.items()}
    codes = {name: (one.get("errors") or [{"code": ""}])[0]["code"] for name, one in told.items()}
    with tenant(connected), atomic():
        for message in messages.values():
            message.refresh_from_db()
    assert {name: (message.state, message.error_code) for name, message in messages.items()} == {
        name: ({"played": "read", "pondered": "sent"}.get(one["status"], one["status"]), str(codes[name]))
        for name, one in told.items()
    }


def test_statuses_in_the_wrong_order_end_with_the_furthest(client: Client, connected: UUID) -> None:
    (message,) = ours(connected)
    for name in ("read", "failed_undeliverable", "delivered", "sent_by_message"):
        deliver(client, told_of(message, name))
    with tenant(connected), atomic():
        message.refresh_from_db()
        assert (message.state, message.error_code) == ("read", "")


def template(connected: UUID) -> MessageTemplate:
    with tenant(connected), atomic():
        row, _ = MessageTemplate.objects.get_or_create(
            name="coach_nudge", language="de", defaults={"category": "UTILITY", "quality": "GREEN"}
        )
        return row


def test_each_report_about_the_account_is_told_to_its_studio(client: Client, connected: UUID) -> None:
    template(connected)
    deliver(client, *ACCOUNT.values())
    told = len(facts(connected, "whatsapp.template")) + len(facts(connected, "whatsapp.account"))
    # Delivered at another second it is other news.
    assert told == 2 * len(ACCOUNT)


def test_a_review_and_what_follows_it_are_mirrored(client: Client, connected: UUID) -> None:
    template(connected)
    for second, name in enumerate(("template_approved", "template_category", "template_quality", "template_paused")):
        deliver(client, ACCOUNT[name], time=1763460000 + 10 * second)
    found = template(connected)
    assert (found.status, found.category, found.quality, found.rejected_reason) == ("PAUSED", "MARKETING", "YELLOW", "")


def test_a_language_with_a_country_is_ours_in_metas_other_spelling(client: Client, connected: UUID) -> None:
    with tenant(connected), atomic():
        MessageTemplate.objects.create(name="coach_nudge", language="en_US", category="MARKETING")
    value = ACCOUNT["template_approved"]["value"] | {"message_template_language": "en-US"}
    deliver(client, ACCOUNT["template_approved"] | {"value": value})
    with tenant(connected), atomic():
        assert MessageTemplate.objects.get(language="en_US").status == "APPROVED"


def test_news_of_a_partners_customer_reach_the_customer(client: Client, connected: UUID) -> None:
    deliver(client, ACCOUNT["partner_added"], waba="2329417887457253")
    assert facts(connected, "whatsapp.account")[0]["event"] == "PARTNER_ADDED"


@pytest.mark.parametrize(("name", "stopped"), [("stop", True), ("resume", False)])
def test_a_stop_made_at_meta_holds(client: Client, connected: UUID, name: str, stopped: bool) -> None:
    with tenant(connected):
        lead = willing_lead(phone=ANNA)
    deliver(client, PREFERENCES[name])
    with tenant(connected), atomic():
        lead.refresh_from_db()
        assert (lead.status == Lead.Status.OPTED_OUT) is stopped


def test_what_others_said_and_whom_the_studio_knows_is_not_kept(client: Client, connected: UUID) -> None:
    deliver(client, *CONVERSATIONS.values())
    with all_tenants("a test looks"), atomic():
        assert not AutopilotEvent.objects.exists()


def test_the_signature_is_over_the_bytes_as_meta_escapes_them(client: Client, connected: UUID) -> None:
    change = json.dumps(wrapped(MESSAGES["text"]), ensure_ascii=True).replace("/", "\\/").replace(" ", "")
    body = (
        f'{{"object":"whatsapp_business_account","entry":[{{"id":"{WABA}","time":1,"changes":[{change}]}}]}}'.encode()
    )
    header = {"X-Hub-Signature-256": whatsapp.sign(body, "app-secret")}
    assert b"\\ud83d" in body
    assert senders.post(client, "/api/webhooks/whatsapp", body, header).status_code == 200
    tampered = body.replace(b"\\ud83d\\udcaa", "💪".encode())
    assert senders.post(client, "/api/webhooks/whatsapp", tampered, header).status_code == 403
