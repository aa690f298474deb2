"""From Meta's pop-up to a registered number with templates."""

import copy
from typing import Any

import pytest

from tests.sandbox.graph_client import APP, TEMPLATE, Studio, code_of, connect, exchange, online
from tests.sandbox.serving import HTTP, Sandbox, eventually


@pytest.fixture
def studio(sandbox: Sandbox) -> Studio:
    return online(sandbox)


def popup(sandbox: Sandbox, **more: Any) -> dict[str, str]:
    given = {"phone_number": "+49 30 1234567", "business_name": "Nord"} | more
    return dict(sandbox.post("/_meta/signup", **given))


def test_a_code_is_good_once(sandbox: Sandbox) -> None:
    code = popup(sandbox)["code"]
    assert exchange(sandbox, code).json()["token_type"] == "bearer"
    assert exchange(sandbox, code).json()["error"]["error_subcode"] == 36009


def test_a_code_expires_after_half_a_minute(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    code, clock = popup(sandbox)["code"], sandbox.world.clock
    monkeypatch.setattr(sandbox.world, "clock", lambda: clock() + 31)
    assert exchange(sandbox, code).json()["error"]["error_subcode"] == 36007


def test_a_wrong_app_secret_is_refused_and_leaves_the_code_unused(sandbox: Sandbox) -> None:
    code = popup(sandbox)["code"]
    assert code_of(exchange(sandbox, code, client_secret="wrong")) == 1
    assert exchange(sandbox, code).status_code == 200


def test_the_token_names_its_waba(sandbox: Sandbox) -> None:
    found = popup(sandbox)
    token = exchange(sandbox, found["code"]).json()["access_token"]
    app = {"access_token": f"{APP.whatsapp_app_id}|{APP.whatsapp_app_secret}", "input_token": token}
    data = HTTP.get(f"{sandbox.url}/v26.0/debug_token", params=app).json()["data"]
    assert data["is_valid"]
    assert data["granular_scopes"][0]["target_ids"] == [found["waba_id"]]


def test_the_popup_again_gives_the_same_ids_and_a_new_code(sandbox: Sandbox) -> None:
    first, second = popup(sandbox), popup(sandbox)
    assert first["code"] != second["code"]
    assert {key: first[key] for key in first if key != "code"} == {key: second[key] for key in second if key != "code"}


def test_a_number_of_another_business_is_refused(sandbox: Sandbox) -> None:
    popup(sandbox)
    body = {"phone_number": "+49301234567", "business_name": "Süd"}
    assert HTTP.post(f"{sandbox.url}/_meta/signup", json=body).status_code == 400


def test_the_popup_works_as_a_plain_form(sandbox: Sandbox) -> None:
    form = {"phone_number": "+49301234567", "business_name": "</script>", "payment_method": "true"}
    answer = HTTP.post(f"{sandbox.url}/_meta/signup", data=form)
    assert answer.status_code == 200
    assert list(sandbox.world.whatsapp.wabas)[0] in answer.text


def test_another_studios_waba_does_not_exist(sandbox: Sandbox, studio: Studio) -> None:
    other = connect(sandbox, "+494012345678", "Studio Süd")
    answer = studio.call("GET", f"{other.waba}/phone_numbers")
    assert (code_of(answer), answer.json()["error"]["error_subcode"]) == (100, 33)


def test_an_unknown_token_is_refused(studio: Studio) -> None:
    studio.token = "wrong"
    answer = studio.call("GET", studio.phone)
    assert (answer.status_code, code_of(answer)) == (401, 190)


def test_the_app_hears_of_the_finished_popup(sandbox: Sandbox, studio: Studio) -> None:
    told = eventually(lambda: studio.changes("account_update"))
    assert (told[0]["event"], told[0]["waba_info"]["waba_id"]) == ("PARTNER_ADDED", studio.waba)


def test_subscriptions_are_listed_and_taken_back(studio: Studio) -> None:
    listed = studio.call("GET", f"{studio.waba}/subscribed_apps").json()["data"]
    assert listed[0]["whatsapp_business_api_data"]["id"] == APP.whatsapp_app_id
    assert studio.call("DELETE", f"{studio.waba}/subscribed_apps").json() == {"success": True}
    assert studio.call("GET", f"{studio.waba}/subscribed_apps").json() == {"data": []}


def test_an_override_is_asked_first_and_then_gets_the_messages(sandbox: Sandbox, studio: Studio) -> None:
    override = {"override_callback_uri": f"{sandbox.product.url}/elsewhere", "verify_token": "secret"}
    assert studio.call("POST", f"{studio.waba}/subscribed_apps", override).status_code == 200
    studio.hears("Hallo")
    assert eventually(lambda: [one for one in sandbox.product.at("/elsewhere") if one.body])


def test_an_override_that_does_not_answer_is_refused(studio: Studio) -> None:
    override = {"override_callback_uri": "http://127.0.0.1:9/no", "verify_token": "secret"}
    assert code_of(studio.call("POST", f"{studio.waba}/subscribed_apps", override)) == 2200


def test_an_unregistered_number_says_so(sandbox: Sandbox) -> None:
    studio = connect(sandbox)
    fields = "status,platform_type,throughput,code_verification_status,health_status"
    found = studio.call("GET", studio.phone, fields=fields).json()
    assert (found["platform_type"], found["throughput"]["level"]) == ("NOT_APPLICABLE", "NOT_APPLICABLE")
    assert found["code_verification_status"] == "VERIFIED"


def test_a_registered_number_is_connected_and_healthy(studio: Studio) -> None:
    found = studio.call("GET", studio.phone, fields="status,platform_type,health_status").json()
    assert (found["status"], found["platform_type"]) == ("CONNECTED", "CLOUD_API")
    assert found["health_status"]["can_send_message"] == "AVAILABLE"


def test_an_unknown_field_is_refused(studio: Studio) -> None:
    assert code_of(studio.call("GET", studio.phone, fields="status,colour")) == 100


def test_a_missing_payment_method_shows_in_the_health(sandbox: Sandbox) -> None:
    found = popup(sandbox, payment_method=False)
    token = exchange(sandbox, found["code"]).json()["access_token"]
    studio = Studio(sandbox, token, found["waba_id"], found["phone_number_id"], "+49301234567")
    waba = studio.call("GET", studio.waba, fields="health_status").json()["health_status"]["entities"][0]
    assert (waba["can_send_message"], waba["errors"][0]["error_code"]) == ("LIMITED", 141006)


def test_the_pin_has_to_match_later(studio: Studio) -> None:
    assert code_of(studio.register("654321")) == 133005
    assert studio.register("123456").json() == {"success": True}


def test_five_wrong_pins_lock_the_number(studio: Studio) -> None:
    assert [code_of(studio.register("000000")) for _ in range(6)] == [133005] * 5 + [133008]


def test_the_eleventh_registration_is_refused(studio: Studio) -> None:
    answers = [studio.register() for _ in range(10)]
    assert [answer.status_code for answer in answers] == [200] * 9 + [400]
    assert code_of(answers[-1]) == 133016


def test_a_number_added_by_hand_is_verified_by_code(studio: Studio) -> None:
    made = studio.call(
        "POST",
        f"{studio.waba}/phone_numbers",
        {"cc": "49", "phone_number": "15799999999", "verified_name": "Nord"},
    ).json()
    studio.phone = made["id"]
    assert code_of(studio.register()) == 133006
    studio.call("POST", f"{studio.phone}/request_code", {"code_method": "SMS", "language": "de"}).raise_for_status()
    code = studio.inbox("+4915799999999")[0]["text"].rsplit(" ", 1)[1]
    assert code_of(studio.call("POST", f"{studio.phone}/verify_code", {"code": "1"})) == 136025
    assert studio.call("POST", f"{studio.phone}/verify_code", {"code": code}).status_code == 200
    assert studio.register().status_code == 200


def test_a_deregistered_number_cannot_send(studio: Studio) -> None:
    studio.call("POST", f"{studio.phone}/deregister").raise_for_status()
    assert code_of(studio.text()) == 133010


def test_a_template_is_pending_first_and_told_when_approved(sandbox: Sandbox, studio: Studio) -> None:
    studio.approve_template()
    told = eventually(lambda: studio.changes("message_template_status_update"))
    assert (told[0]["event"], told[0]["message_template_name"]) == ("APPROVED", "nudge")


def test_a_template_can_be_rejected(sandbox: Sandbox, studio: Studio) -> None:
    sandbox.post("/_control/reviews", delaySeconds=0, decision="rejected")
    studio.call("POST", f"{studio.waba}/message_templates", TEMPLATE).raise_for_status()
    assert studio.templates(fields="status,rejected_reason")[0]["rejected_reason"] == "INVALID_FORMAT"


def subcode(studio: Studio, template: dict[str, Any]) -> int:
    return int(studio.call("POST", f"{studio.waba}/message_templates", template).json()["error"]["error_subcode"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x" * 1025, 2388040),
        ("{{first_name}}, wie geht es dir heute so?", 2388299),
        ("Hallo und wie geht es dir heute {{first_name}}", 2388299),
        ("Hallo {{first_name}} ja", 2388293),
        ("Hallo {{First}}, wie geht es dir heute so?", 2388072),
        ("Hallo {{first_name}, wie geht es dir heute so?", 2388072),
    ],
)
def test_a_wrong_body_is_refused_with_its_subcode(studio: Studio, text: str, expected: int) -> None:
    template = copy.deepcopy(TEMPLATE)
    template["components"][0]["text"] = text
    assert subcode(studio, template) == expected


def test_a_variable_needs_an_example(studio: Studio) -> None:
    template = copy.deepcopy(TEMPLATE)
    del template["components"][0]["example"]
    assert subcode(studio, template) == 2388072


def test_a_footer_takes_no_variable(studio: Studio) -> None:
    template = copy.deepcopy(TEMPLATE)
    template["components"][1]["text"] = "Von {{name}}"
    assert subcode(studio, template) == 2388073


def test_an_unknown_key_of_a_template_is_refused(studio: Studio) -> None:
    answer = studio.call("POST", f"{studio.waba}/message_templates", TEMPLATE | {"colour": "red"})
    assert code_of(answer) == 100


def test_a_name_exists_once_and_is_blocked_after_deletion(studio: Studio) -> None:
    studio.call("POST", f"{studio.waba}/message_templates", TEMPLATE).raise_for_status()
    assert subcode(studio, TEMPLATE) == 2388024
    studio.call("DELETE", f"{studio.waba}/message_templates", name="nudge").raise_for_status()
    assert subcode(studio, TEMPLATE) == 2388023


def test_templates_are_found_by_name(studio: Studio) -> None:
    for name in ("nudge", "welcome"):
        studio.call("POST", f"{studio.waba}/message_templates", TEMPLATE | {"name": name}).raise_for_status()
    assert [one["name"] for one in studio.templates(name="welcome")] == ["welcome"]
    assert len(studio.templates()) == 2
