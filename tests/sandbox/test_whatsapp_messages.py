"""Messages out and in, their rules, their statuses and their signatures."""

import hashlib
import hmac
import json
from typing import Any

import pytest

from tests.sandbox.graph_client import APP, MEMBER, Studio, code_of, connect, online
from tests.sandbox.serving import Sandbox, eventually


@pytest.fixture
def studio(sandbox: Sandbox) -> Studio:
    return online(sandbox)


@pytest.fixture
def open_window(studio: Studio) -> Studio:
    studio.hears("Hallo")
    return studio


def test_nothing_is_sent_before_registration(sandbox: Sandbox) -> None:
    assert code_of(connect(sandbox).text()) == 133010


def test_a_text_lands_on_the_phone(open_window: Studio) -> None:
    answer = open_window.text("Grüß dich").json()
    assert answer["contacts"] == [{"input": MEMBER.lstrip("+"), "wa_id": MEMBER.lstrip("+")}]
    assert [(one["id"], one["text"]) for one in open_window.inbox()] == [(answer["messages"][0]["id"], "Grüß dich")]


def test_statuses_echo_our_data_and_the_price(open_window: Studio) -> None:
    sent = open_window.text(biz_opaque_callback_data="effect-1").json()["messages"][0]["id"]
    told = eventually(lambda: len(open_window.statuses()) == 3 and open_window.statuses())
    assert [one["status"] for one in told] == ["sent", "delivered", "read"]
    assert {(one["id"], one["biz_opaque_callback_data"]) for one in told} == {(sent, "effect-1")}
    assert told[0]["pricing"]["category"] == "service"


def test_read_may_come_before_delivered(open_window: Studio) -> None:
    open_window.sandbox.fault("whatsapp", "webhooks.statuses.delivered", kind="slow", latencyMs=700)
    open_window.text()
    told = eventually(lambda: len(open_window.statuses()) == 3 and open_window.statuses())
    assert [one["status"] for one in told] == ["sent", "read", "delivered"]


def test_a_status_may_come_twice(open_window: Studio) -> None:
    open_window.sandbox.fault("whatsapp", "webhooks.statuses.sent", kind="duplicate")
    open_window.text()
    eventually(lambda: [one["status"] for one in open_window.statuses()].count("sent") == 2)


def test_a_webhook_is_signed_over_its_escaped_bytes(sandbox: Sandbox, studio: Studio) -> None:
    studio.hears("Grüße/Küsse")
    got = eventually(lambda: [one for one in sandbox.product.at("/api/webhooks/whatsapp") if b"wamid" in one.body])[0]
    expected = hmac.new(APP.whatsapp_app_secret.encode(), got.body, hashlib.sha256).hexdigest()
    assert got.headers["x-hub-signature-256"] == f"sha256={expected}"
    assert b"Gr\\u00fc\\u00dfe\\/K\\u00fcsse" in got.body


def test_outside_the_window_the_message_fails_afterwards(studio: Studio) -> None:
    assert studio.text().status_code == 200
    told = eventually(studio.statuses)
    assert (told[0]["status"], told[0]["errors"][0]["code"]) == ("failed", 131047)
    assert studio.inbox() == []


def test_the_window_closes_after_a_day(open_window: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = open_window.sandbox.world.clock
    monkeypatch.setattr(open_window.sandbox.world, "clock", lambda: clock() + 24 * 3600 + 1)
    open_window.text()
    assert eventually(open_window.statuses)[0]["errors"][0]["code"] == 131047


def test_an_approved_template_needs_no_window(studio: Studio) -> None:
    studio.approve_template()
    answer = studio.template().json()
    assert answer["messages"][0]["message_status"] == "accepted"
    shown = studio.inbox()[0]
    assert shown["text"] == "Hallo Anna, heute schon trainiert? Wir freuen uns auf dich.\nStudio Nord"
    assert (shown["template"], shown["language"], shown["buttons"]) == ("nudge", "de", ["Ja", "Stopp"])


def test_an_unapproved_template_does_not_exist(sandbox: Sandbox, studio: Studio) -> None:
    assert code_of(studio.template("unknown")) == 132001


@pytest.mark.parametrize(
    ("values", "expected"), [({}, 132000), ({"wrong": "Anna"}, 100), ({"first_name": "a\nb"}, 132018)]
)
def test_parameters_have_to_fit(studio: Studio, values: dict[str, str], expected: int) -> None:
    studio.approve_template()
    assert code_of(studio.template(values=values)) == expected


@pytest.mark.parametrize(("status", "expected"), [("PAUSED", 132015), ("DISABLED", 132016)])
def test_a_template_can_be_paused_and_disabled(studio: Studio, status: str, expected: int) -> None:
    studio.approve_template()
    studio.sandbox.post(f"/_meta/wabas/{studio.waba}", template={"name": "nudge", "status": status})
    assert code_of(studio.template()) == expected
    eventually(lambda: [one for one in studio.changes("message_template_status_update") if one["event"] == status])


def test_a_template_needs_a_payment_method(studio: Studio) -> None:
    studio.approve_template()
    studio.sandbox.post(f"/_meta/wabas/{studio.waba}", payment_method=False)
    studio.template()
    assert eventually(studio.statuses)[0]["errors"][0]["code"] == 131042


BUTTONS = {"buttons": [{"type": "reply", "reply": {"id": "yes", "title": "Ja gern"}}]}


def test_a_pressed_button_comes_back_with_its_id_and_message(open_window: Studio) -> None:
    interactive = {"type": "button", "body": {"text": "Kommst du?"}, "action": BUTTONS}
    sent = open_window.send(type="interactive", interactive=interactive).json()["messages"][0]["id"]
    open_window.hears("Ja gern", button="yes")
    got = eventually(lambda: [one for one in open_window.messages() if one["type"] == "interactive"])[0]
    assert got["interactive"]["button_reply"] == {"id": "yes", "title": "Ja gern"}
    assert got["context"]["id"] == sent


def test_a_templates_quick_reply_comes_as_a_button(studio: Studio) -> None:
    studio.approve_template()
    studio.template()
    studio.hears("Stopp", button="Stopp")
    assert eventually(studio.messages)[0]["button"] == {"payload": "Stopp", "text": "Stopp"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"type": "text", "text": {"body": "x" * 4097}}, 100),
        ({"type": "text", "text": {"body": "x", "colour": "red"}}, 100),
        ({"type": "text", "text": {"body": 7}}, 131009),
        ({"type": "text"}, 131008),
        ({"type": "poll", "poll": {}}, 131051),
        ({"type": "text", "text": {"body": "x"}, "priority": 1}, 100),
        (
            {
                "type": "interactive",
                "interactive": {"type": "button", "body": {"text": "x"}, "action": {"buttons": []}},
            },
            131009,
        ),
        ({"type": "text", "text": {"body": "x"}, "biz_opaque_callback_data": "x" * 513}, 131009),
    ],
)
def test_a_malformed_message_is_refused(open_window: Studio, content: dict[str, Any], expected: int) -> None:
    assert code_of(open_window.send(**content)) == expected


def test_the_sender_cannot_be_the_recipient(studio: Studio) -> None:
    assert code_of(studio.text(to=studio.number)) == 131021


def test_one_person_gets_forty_five_at_once(open_window: Studio) -> None:
    answers = [open_window.text() for _ in range(46)]
    assert [answer.status_code for answer in answers] == [200] * 45 + [400]
    assert code_of(answers[-1]) == 131056
    assert open_window.text(to="+4915711111111").status_code == 200


def test_a_message_can_fail_after_it_was_accepted(open_window: Studio) -> None:
    open_window.sandbox.fault("whatsapp", "messages.send", status=200, code=131026)
    assert open_window.text().status_code == 200
    assert eventually(open_window.statuses)[0]["errors"][0]["code"] == 131026


def test_a_lost_answer_still_delivers_the_message(open_window: Studio) -> None:
    open_window.sandbox.fault("whatsapp", "messages.send", kind="lost-answer")
    with pytest.raises(Exception, match=r"disconnected|reset|EOF"):
        open_window.text("Einmal", biz_opaque_callback_data="effect-9")
    assert [one["text"] for one in open_window.inbox()] == ["Einmal"]
    assert eventually(open_window.statuses)[0]["biz_opaque_callback_data"] == "effect-9"


def test_a_received_message_can_be_marked_read(studio: Studio) -> None:
    receipt = {"messaging_product": "whatsapp", "status": "read", "message_id": studio.hears()}
    receipt["typing_indicator"] = {"type": "text"}  # type: ignore[assignment]
    assert studio.call("POST", f"{studio.phone}/messages", receipt).json() == {"success": True}
    assert code_of(studio.call("POST", f"{studio.phone}/messages", receipt | {"message_id": "wamid.x"})) == 100


def test_without_a_subscription_nothing_is_told(studio: Studio) -> None:
    studio.sandbox.post(f"/_meta/wabas/{studio.waba}", subscribed=False)
    studio.hears("Hört mich jemand?")
    studio.sandbox.post(f"/_meta/wabas/{studio.waba}", subscribed=True)
    studio.hears("Und jetzt?")
    assert [one["text"]["body"] for one in eventually(studio.messages)] == ["Und jetzt?"]


def test_a_member_with_a_hidden_number_is_answered_by_user_id(studio: Studio) -> None:
    studio.sandbox.post(f"/_meta/members/{MEMBER}", username="anna.nord", hides_number=True)
    studio.hears("Hallo")
    got = eventually(studio.messages)[0]
    assert "from" not in got
    answer = studio.call(
        "POST",
        f"{studio.phone}/messages",
        {"messaging_product": "whatsapp", "recipient": got["from_user_id"], "type": "text", "text": {"body": "Hi"}},
    )
    assert answer.json()["contacts"] == [{"input": got["from_user_id"], "user_id": got["from_user_id"]}]
    assert [one["text"] for one in studio.inbox()] == ["Hi"]


def test_another_business_sees_another_user_id(sandbox: Sandbox, open_window: Studio) -> None:
    other = online(sandbox, "+494012345678", "Studio Süd")
    other.hears("Hallo")
    eventually(lambda: len(open_window.messages()) == 2)
    assert len({one["from_user_id"] for one in open_window.messages()}) == 2


def test_a_member_can_stop_marketing_in_whatsapp_itself(studio: Studio) -> None:
    studio.approve_template()
    studio.sandbox.post(f"/_meta/members/{MEMBER}", to=studio.number, marketing="stop")
    told = eventually(lambda: studio.changes("user_preferences"))[0]["user_preferences"][0]
    assert (told["value"], told["wa_id"]) == ("stop", MEMBER.lstrip("+"))
    studio.template()
    assert eventually(studio.statuses)[0]["errors"][0]["code"] == 131050


def test_a_change_of_number_is_announced(open_window: Studio) -> None:
    open_window.sandbox.post(f"/_meta/members/{MEMBER}", to=open_window.number, new_number="+4915788888888")
    got = eventually(lambda: [one for one in open_window.messages() if one["type"] == "system"])[0]
    assert (got["system"]["type"], got["system"]["wa_id"]) == ("user_changed_number", "4915788888888")


def test_several_studios_may_share_one_webhook(sandbox: Sandbox, studio: Studio) -> None:
    other = online(sandbox, "+494012345678", "Studio Süd")
    for _ in range(20):
        studio.hears("Hallo")
        other.hears("Hallo")
    eventually(lambda: len(studio.messages()) == 40)
    got = [
        json.loads(one.body)["entry"] for one in sandbox.product.at("/api/webhooks/whatsapp") if b"wamid" in one.body
    ]
    assert sum(len(entries) for entries in got) == 40


def test_a_number_on_no_network_cannot_be_written_to(studio: Studio) -> None:
    studio.number = "+4930999"
    with pytest.raises(Exception, match="404"):
        studio.hears()
