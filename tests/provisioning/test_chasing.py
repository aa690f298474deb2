"""A studio is reminded of what its set-up waits for: on day 1, 3 and 7 of each time that it waits."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from pilar.backplane.models import AutopilotJob
from pilar.backplane.tenancy import atomic
from pilar.kernel.ids import uuid7
from pilar.kernel.switchboard import Work
from provisioning import chasing
from provisioning.chasing import Reminder
from provisioning.models import ProvisioningJob, ProvisioningStep
from tests.mail import letters
from tests.workspaces.factories import MembershipFactory

pytestmark = pytest.mark.django_db
BEGUN = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
CODE = "papers_rejected"


@pytest.fixture
def step(in_studio: UUID) -> ProvisioningStep:
    MembershipFactory(workspace_id=in_studio)
    run = ProvisioningJob(workspace_id=in_studio, trigger="onboarding", status="waiting", correlation_id=uuid7())
    run.started_at = BEGUN
    run.save()
    return ProvisioningStep.objects.create(job=run, name="twilio_address_bundle")


def wait(step: ProvisioningStep, *, since: datetime) -> list[Reminder]:
    """Let the step begin to wait; return what was planned for it."""
    step.status, step.waiting_code, step.waiting_since = "waiting", CODE, since
    with atomic():
        step.save()
        before = set(AutopilotJob.objects.values_list("pk", flat=True))
        chasing.plan_reminders(step, code=CODE, now=since)
        made = AutopilotJob.objects.filter(type="provisioning.remind").exclude(pk__in=before).order_by("due_at")
        return [Reminder.model_validate(job.payload) for job in made]


def remind(step: ProvisioningStep, reminder: Reminder) -> object:
    return chasing.remind(Work(uuid7(), step.workspace_id, "provisioning.remind", reminder, 1, uuid7()))


def test_who_has_to_act_is_reminded_three_times(step: ProvisioningStep) -> None:
    assert [remind(step, one) for one in wait(step, since=BEGUN)] == [{"sent": True}] * 3
    assert len(letters()) == 3


def test_who_has_to_act_a_second_time_is_reminded_anew_and_of_that_alone(step: ProvisioningStep) -> None:
    first, second = wait(step, since=BEGUN), wait(step, since=BEGUN + timedelta(days=20))
    assert [remind(step, one) for one in first] == [{"sent": False}] * 3
    assert [remind(step, one) for one in second] == [{"sent": True}] * 3
