"""What we read out of WhatsApp's reports. Nothing that Meta may send makes it fail."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilar.providers.events import (
    WhatsAppAccount,
    WhatsAppInbound,
    WhatsAppPreference,
    WhatsAppStatus,
    WhatsAppTemplate,
)
from pilar.providers.whatsapp.webhook import Report, parse
from tests.providers.senders import entry, text_message

AT = datetime.fromtimestamp(1760000000, UTC)


def read(*entries: dict[str, Any]) -> list[Report]:
    return parse({"object": "whatsapp_business_account", "entry": list(entries)})


def inbound(message: dict[str, Any], *contacts: dict[str, Any]) -> WhatsAppInbound:
    (report,) = read(entry("w1", "p1", messages=[message], contacts=list(contacts)))
    assert isinstance(report.fact, WhatsAppInbound)
    return report.fact


def changed(field: str, value: dict[str, Any]) -> Report:
    (report,) = read({"id": "w1", "time": 1760000000, "changes": [{"field": field, "value": value}]})
    return report


def test_a_text_names_who_wrote_what_and_when() -> None:
    found = inbound(text_message(), {"wa_id": "4917012345678", "profile": {"name": "Anna"}, "user_id": "DE.1"})
    assert (found.sender, found.user_id, found.profile_name, found.text) == ("4917012345678", "DE.1", "Anna", "Hallo")
    assert (found.timestamp, found.phone_number_id, found.kind) == (AT, "p1", "text")


def test_a_member_without_a_phone_is_known_by_the_bsuid() -> None:
    message = {
        "from_user_id": "DE.1349",
        "id": "wamid.1",
        "timestamp": "1760000000",
        "type": "text",
        "text": {"body": "x"},
    }
    found = inbound(message, {"profile": {"username": "anna_k"}, "user_id": "DE.1349"})
    assert (found.sender, found.user_id, found.profile_name) == (None, "DE.1349", "anna_k")


@pytest.mark.parametrize(
    "contact", [{"wa_id": "4917099999999", "user_id": "DE.9"}, {"user_id": "DE.9"}, {"wa_id": "4917099999999"}]
)
def test_the_names_of_somebody_else_are_not_the_members(contact: dict[str, str]) -> None:
    found = inbound(text_message() | {"from_user_id": "DE.1"}, contact | {"profile": {"name": "Ben"}})
    assert (found.sender, found.user_id, found.profile_name) == ("4917012345678", "DE.1", "")


@pytest.mark.parametrize("timestamp", [None, "1760000000000", 1760000000.5, "yesterday"])
def test_what_has_no_time_that_we_can_read_is_as_old_as_its_report(timestamp: object) -> None:
    status = {"id": "wamid.0", "status": "failed", "timestamp": timestamp}
    message, failed = read(
        entry("w1", "p1", messages=[text_message(body="STOP") | {"timestamp": timestamp}], statuses=[status])
    )
    assert isinstance(message.fact, WhatsAppInbound)
    assert isinstance(failed.fact, WhatsAppStatus)
    assert (message.fact.text, message.fact.timestamp, failed.fact.timestamp) == ("STOP", AT, AT)


@pytest.mark.parametrize(
    ("kind", "part", "text", "payload"),
    [
        ("button", {"text": "Stop", "payload": "STOP_NUDGES"}, "Stop", "STOP_NUDGES"),
        ("interactive", {"type": "button_reply", "button_reply": {"id": "yes", "title": "Ja"}}, "Ja", "yes"),
        ("interactive", {"list_reply": {"id": "mo", "title": "Montag"}}, "Montag", "mo"),
        ("image", {"id": "m1", "caption": "Mein Bein"}, "Mein Bein", ""),
        ("reaction", {"emoji": "👍", "message_id": "wamid.0"}, "👍", ""),
        ("unsupported", None, "", ""),
        ("hologram", {"x": [1]}, "", ""),
    ],
)
def test_each_kind_of_message_gives_its_text_and_payload(kind: str, part: Any, text: str, payload: str) -> None:
    found = inbound({"from": "49170", "id": "wamid.1", "timestamp": "1760000000", "type": kind, kind: part})
    assert (found.kind, found.text, found.button_payload) == (kind, text, payload)


def test_a_change_of_number_names_the_old_and_the_new() -> None:
    system = {"type": "user_changed_number", "wa_id": "4917099999999", "body": "changed"}
    found = inbound({"from": "49170", "id": "wamid.1", "timestamp": "1760000000", "type": "system", "system": system})
    assert (found.sender, found.new_sender) == ("49170", "4917099999999")


def test_a_change_of_user_id_names_the_old_and_the_new() -> None:
    system = {"type": "user_changed_user_id", "previous_user_id": "DE.1", "user_id": "DE.2"}
    found = inbound(
        {"from_user_id": "DE.2", "id": "wamid.1", "timestamp": "1760000000", "type": "system", "system": system}
    )
    assert (found.previous_user_id, found.new_user_id) == ("DE.1", "DE.2")


def test_text_that_postgresql_cannot_hold_is_cleaned() -> None:
    assert inbound(text_message(body="a\x00b\ud83d")).text == "ab?"


def test_a_status_carries_our_mark_and_its_errors() -> None:
    status = {
        "id": "wamid.1",
        "status": "failed",
        "timestamp": "1760000000",
        "recipient_id": "49170",
        "biz_opaque_callback_data": "outbox-1",
        "errors": [{"code": 131047, "title": "Re-engagement", "error_data": {"details": "24 hours passed"}}],
    }
    (report,) = read(entry("w1", "p1", statuses=[status]))
    assert isinstance(report.fact, WhatsAppStatus)
    assert (report.key, report.fact.opaque) == ("wa-st:wamid.1:failed", "outbox-1")
    assert [(error.code, error.details) for error in report.fact.errors] == [(131047, "24 hours passed")]


def test_one_post_may_carry_several_tenants() -> None:
    first = entry("w1", "p1", messages=[text_message("wamid.1")])
    second = entry(
        "w2", "p2", messages=[text_message("wamid.2")], statuses=[{"id": "wamid.0", "status": "read", "timestamp": "1"}]
    )
    found = [(report.waba_id, report.phone_number_id, report.event) for report in read(first, second)]
    assert found == [
        ("w1", "p1", "whatsapp.inbound"),
        ("w2", "p2", "whatsapp.inbound"),
        ("w2", "p2", "whatsapp.status"),
    ]


def test_a_template_review_is_read() -> None:
    value = {
        "event": "REJECTED",
        "message_template_name": "nudge",
        "message_template_language": "de",
        "reason": "PROMOTIONAL",
        "message_template_id": 12,
    }
    fact = changed("message_template_status_update", value).fact
    assert isinstance(fact, WhatsAppTemplate)
    assert (fact.name, fact.event, fact.reason, fact.provider_id, fact.at) == (
        "nudge",
        "REJECTED",
        "PROMOTIONAL",
        "12",
        AT,
    )


def test_a_stop_at_meta_is_a_preference() -> None:
    rows = [{"wa_id": "49170", "value": "stop", "category": "marketing_messages", "timestamp": 1760000000}]
    fact = changed("user_preferences", {"user_preferences": rows}).fact
    assert isinstance(fact, WhatsAppPreference)
    assert (fact.sender, fact.value) == ("49170", "stop")


@pytest.mark.parametrize(
    "field", ["account_update", "phone_number_quality_update", "business_capability_update", "brand_new_field"]
)
def test_every_other_field_is_news_about_the_account(field: str) -> None:
    report = changed(field, {"event": "PARTNER_REMOVED"})
    assert isinstance(report.fact, WhatsAppAccount)
    assert (report.fact.field, report.fact.event, report.event) == (field, "PARTNER_REMOVED", "whatsapp.account")


def test_news_of_a_partner_are_about_the_account_they_name() -> None:
    news = {"event": "PARTNER_ADDED", "waba_info": {"waba_id": "w2", "owner_business_id": "b2"}}
    assert changed("account_update", news).waba_id == "w2"
    for broken in ("w2", {"waba_id": ["w2"]}, {}):
        assert changed("account_update", news | {"waba_info": broken}).waba_id == "w1"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["messages", "statuses", "contacts", "metadata", "text", "id", "timestamp", "type", "system", "from"]
            )
            | st.text(),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@given(
    json_values, st.sampled_from(["messages", "user_preferences", "message_template_status_update", "account_update"])
)
def test_nothing_makes_the_reading_fail(value: Any, field: str) -> None:
    parse({"entry": [{"id": "w1", "changes": [{"field": field, "value": value}]}]})
    parse({"entry": value})
