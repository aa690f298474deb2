"""A suspended studio is built no further, and goes on where it stood when it has paid."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.provisioning.conftest import Building
from workspaces import directory


@pytest.fixture
def suspended(paid: Building) -> Building:
    """A studio that gave its papers and stopped paying before anything was made for it."""
    paid.tell()
    paid.upload()
    directory.suspend(workspace_id=paid.workspace_id, reason="test", actor="test", now=datetime.now(UTC))
    return paid


def test_nothing_is_made_for_a_suspended_studio(suspended: Building) -> None:
    suspended.work()
    assert suspended.states()["twilio_subaccount"] == "pending"
    assert suspended.made()["numbers"] == 0
    assert suspended.run.status == "waiting"


def test_its_steps_say_that_they_wait_for_the_payment(suspended: Building) -> None:
    suspended.work()
    step = suspended.step("customer_validation")
    assert (step.state, step.waiting_code, step.action_url) == (
        "awaiting_customer",
        "payment",
        "/dashboard/settings/billing",
    )


def test_the_set_up_goes_on_after_the_payment(suspended: Building) -> None:
    suspended.work()
    directory.resume(workspace_id=suspended.workspace_id, actor="test", now=datetime.now(UTC))
    suspended.work(ahead=timedelta(minutes=2))
    assert suspended.step("twilio_number").state == "done"


def test_a_step_that_waited_for_a_review_waits_for_the_payment_too(paid: Building) -> None:
    paid.work()
    directory.suspend(workspace_id=paid.workspace_id, reason="test", actor="test", now=datetime.now(UTC))
    paid.tell()
    paid.work(ahead=timedelta(minutes=2))
    assert paid.step("twilio_address_bundle").waiting_code == "payment"
