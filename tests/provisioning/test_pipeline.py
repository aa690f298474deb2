"""From paid to ready: the real steps through the real SDKs against the simulated providers."""

from datetime import UTC, datetime, timedelta

import pytest

from coach import template_texts, template_upkeep
from pilar.backplane.tenancy import atomic, tenant
from pilar.providers.models import MessageTemplate
from provisioning import resuming
from tests.provisioning.conftest import Building

ONE_OF_EACH = {"subaccounts": 1, "numbers": 1, "bundles": 1, "wabas": 1}


def test_a_studio_that_gives_papers_and_clicks_at_meta_becomes_ready(paid: Building) -> None:
    paid.finish()
    assert paid.run.status == "ready", [
        (s.key, s.state, s.reason, s.error) for s in paid.run.steps if s.state != "done"
    ]
    assert paid.run.progress == 100
    assert paid.made() == ONE_OF_EACH


def test_steps_that_need_no_papers_go_on_while_the_studio_is_asked_for_them(paid: Building) -> None:
    paid.work()
    states = paid.states()
    assert states["twilio_address_bundle"] == "awaiting_customer"
    assert {states[name] for name in ("default_ai_agent", "training_logic", "calendar_integration")} == {"done"}
    assert states["twilio_number"] == "pending"


def test_a_waiting_step_says_for_whom_and_where_to_act(paid: Building) -> None:
    paid.work()
    step = paid.step("twilio_address_bundle")
    assert (step.waiting_for, step.waiting_code, step.action_url) == ("customer", "studio_data", "/onboarding")
    assert step.reason


def test_a_completed_form_without_papers_asks_for_the_papers(paid: Building) -> None:
    paid.tell()
    paid.work()
    assert paid.step("twilio_address_bundle").waiting_code == "papers"


@pytest.mark.parametrize(
    ("fact", "page"), [("website", "/onboarding/studio"), ("register_number", "/onboarding/address")]
)
def test_a_fact_that_the_rule_wants_is_named_and_asked_for_where_it_is_given(
    paid: Building, fact: str, page: str
) -> None:
    paid.tell(**{fact: ""})
    paid.work()
    step = paid.step("twilio_address_bundle")
    assert (step.waiting_code, step.action_url) == ("studio_data", page)
    assert step.action_text == "Angaben zum Studio vervollständigen"


def test_rejected_papers_are_asked_for_again_with_the_reason(paid: Building) -> None:
    paid.sandbox.post("/_control/reviews", delaySeconds=0, decision="rejected")
    paid.tell()
    paid.upload()
    paid.work(ahead=timedelta(minutes=2))
    assert paid.step("twilio_address_bundle").waiting_code == "papers_rejected"
    assert paid.made()["numbers"] == 0


def test_corrected_papers_are_handed_in_again(paid: Building) -> None:
    paid.sandbox.post("/_control/reviews", delaySeconds=0, decision="rejected")
    paid.tell()
    paid.upload()
    paid.work(ahead=timedelta(minutes=2))
    paid.sandbox.post("/_control/reviews", delaySeconds=0, decision="approved")
    paid.tell(legal_name="Eisenwerk Fitness GmbH")
    paid.work(ahead=timedelta(minutes=2))
    assert paid.step("twilio_number").state == "done"
    assert paid.made()["bundles"] == 1


def test_a_second_run_finds_everything_and_makes_nothing(paid: Building) -> None:
    paid.finish()
    paid.again()
    paid.work(ahead=timedelta(minutes=2))
    assert paid.run.trigger == "manual"
    assert paid.run.status == "ready"
    assert paid.made() == ONE_OF_EACH
    with tenant(paid.workspace_id):
        resuming.start("twilio_subaccount", actor="operator:1", now=datetime.now(UTC))
    paid.work(ahead=timedelta(minutes=2))
    assert (paid.run.from_step, paid.run.status) == ("twilio_subaccount", "ready")
    assert paid.made() == ONE_OF_EACH


@pytest.mark.parametrize("code", [21421, 21422])
def test_a_number_that_is_not_to_be_had_is_replaced_by_the_next_candidate(paid: Building, code: int) -> None:
    paid.sandbox.fault("twilio", "status", operation="incoming_phone_numbers.create", status=400, code=code, count=1)
    paid.finish()
    assert paid.run.status == "ready"
    assert paid.made()["numbers"] == 1


def test_answers_lost_after_twilio_acted_give_no_second_one_of_anything(paid: Building) -> None:
    for operation in ("accounts.create", "incoming_phone_numbers.create", "bundles.create", "keys.create"):
        paid.sandbox.fault("twilio", "lost-answer", operation=operation, count=1)
    paid.finish()
    assert paid.run.status == "ready"
    assert paid.made() == ONE_OF_EACH


@pytest.mark.parametrize(
    "kind", ["status", *(pytest.param(kind, marks=pytest.mark.drill) for kind in ("reset", "garbage"))]
)
def test_providers_that_fail_for_a_while_hold_set_up_up_but_do_not_end_it(paid: Building, kind: str) -> None:
    for provider in ("twilio", "stripe"):
        paid.sandbox.fault(provider, kind, status=500, count=4)
    paid.finish(after_click=lambda: paid.sandbox.fault("whatsapp", kind, status=500, count=4))
    assert paid.run.status == "ready"
    assert paid.made() == ONE_OF_EACH


def test_a_step_goes_on_by_itself_when_its_credentials_are_right_again(paid: Building) -> None:
    paid.sandbox.fault("twilio", "status", operation="accounts.create", status=401, code=20003, count=3)
    paid.finish()
    assert paid.run.status == "ready"
    assert paid.made() == ONE_OF_EACH


def test_wrong_credentials_stop_the_step_and_say_so(paid: Building) -> None:
    paid.sandbox.fault("twilio", "status", operation="accounts.create", status=401, code=20003, count=50)
    paid.work()
    step = paid.step("twilio_subaccount")
    assert (step.state, step.error_class) == ("failed", "THIRD_PARTY_AUTH_FAILED")
    assert paid.run.status == "failed"


def test_a_new_wording_reaches_a_finished_studio_and_meta_by_itself(
    paid: Building, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid.finish()
    monkeypatch.setitem(template_texts.VERSIONS, "fr", 3)
    template_upkeep.order_renewals(now=datetime.now(UTC))
    paid.work(ahead=timedelta(seconds=5))
    with tenant(paid.workspace_id), atomic():
        handed_in = MessageTemplate.objects.filter(language="fr", name__endswith="_v3").exclude(provider_id="")
        assert handed_in.count() == len(template_texts.TEXTS)
    assert paid.run.status == "ready"
