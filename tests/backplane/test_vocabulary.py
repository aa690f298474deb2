"""The event types of the specification, each with a payload that is checked at the door."""

import pytest

from pilar.kernel import switchboard
from pilar.kernel.switchboard import Payload

SPECIFIED = (
    "coach.morning_nudge", "coach.missed_training_nudge", "coach.weekly_checkin", "coach.goal_progress_report",
    "coach.nutrition_reminder", "coach.motivation_message", "health.webhook_check", "health.queue_check",
    "health.rate_limit_check", "health.integration_check", "health.ai_provider_check", "provisioning.workspace_setup",
    "provisioning.twilio_retry", "provisioning.whatsapp_retry", "provisioning.webhook_recreate",
    "support.auto_reply_request", "support.escalation_needed", "support.incident_created",
)  # fmt: skip


@pytest.mark.parametrize("name", SPECIFIED)
def test_it_is_registered_with_a_payload_that_refuses_what_it_does_not_know(name: str) -> None:
    model = switchboard.events[name].payload
    assert issubclass(model, Payload)
    assert model.model_config["extra"] == "forbid"


@pytest.mark.parametrize("name", [name for name in SPECIFIED if not name.startswith("support.")])
def test_whoever_publishes_it_is_heard(name: str) -> None:
    assert switchboard.subscriptions[name]
