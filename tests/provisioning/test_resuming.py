"""A set-up that goes on from a chosen step: what runs again, what is kept, and that nothing is made twice."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from pilar.backplane import correlation
from pilar.backplane.engine import work_off
from pilar.backplane.models import AuditLog
from pilar.backplane.tenancy import all_tenants, atomic, tenant
from pilar.kernel import switchboard
from pilar.kernel.ids import uuid7
from pilar.kernel.problems import Conflict, Problem
from pilar.kernel.steps import Done, Step, StepContext, StepOutcome
from pilar.kernel.switchboard import Work
from pilar.ui.words import word
from provisioning import pipeline, resuming
from provisioning.models import ProvisioningJob, ProvisioningStep
from tests.factories import WorkspaceFactory

pytestmark = pytest.mark.django_db


class Trail:
    """A pipeline of an account, a number and mail upon it, and an end upon both. Notes what ran."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.version = 1

    def step(self, name: str, *needs: str) -> Step:
        def run(_context: StepContext) -> StepOutcome:
            self.ran.append(name)
            return Done({"version": self.version})

        return Step(name, 25, needs, run)


@pytest.fixture
def trail(monkeypatch: pytest.MonkeyPatch) -> Trail:
    made = Trail()
    steps = (
        made.step("twilio_subaccount"),
        made.step("twilio_number", "twilio_subaccount"),
        made.step("email_credentials", "twilio_subaccount"),
        made.step("activation", "twilio_number", "email_credentials"),
    )
    monkeypatch.setattr(switchboard, "steps", {step.name: step for step in steps})
    return made


@pytest.fixture
def found_studio(trail: Trail) -> Callable[[], UUID]:
    """Make a studio whose set-up is complete."""

    def make() -> UUID:
        studio: UUID = WorkspaceFactory().pk
        with tenant(studio):
            pipeline.start(trigger="stripe", now=datetime.now(UTC))
        work_off()
        trail.ran.clear()
        return studio

    return make


@pytest.fixture
def ready(found_studio: Callable[[], UUID]) -> UUID:
    return found_studio()


def resume(studio: UUID, step: str) -> None:
    with tenant(studio):
        resuming.start(step, actor="operator:1", now=datetime.now(UTC))


def checkpoints(studio: UUID) -> dict[str, tuple[str, Any]]:
    """Status and version of each step of the newest run."""
    with tenant(studio), atomic():
        run = ProvisioningJob.objects.order_by("-started_at").first()
        assert run is not None
        return {row.name: (row.status, row.result.get("version")) for row in run.steps.all()}


def test_the_step_and_all_that_build_on_it_run_again_and_the_rest_is_kept(ready: UUID, trail: Trail) -> None:
    trail.version = 2
    resume(ready, "twilio_number")
    work_off()
    assert trail.ran == ["twilio_number", "activation"]
    assert checkpoints(ready) == {
        "twilio_subaccount": ("completed", 1),
        "email_credentials": ("completed", 1),
        "twilio_number": ("completed", 2),
        "activation": ("completed", 2),
    }


def test_the_run_before_keeps_its_results_and_both_can_be_compared(ready: UUID, trail: Trail) -> None:
    trail.version = 2
    resume(ready, "twilio_number")
    work_off()
    with tenant(ready), atomic():
        before, after = ProvisioningJob.objects.order_by("started_at")
        found = [(one.step, one.name, one.before, one.after) for one in resuming.differences(after)]
        assert resuming.differences(before) == []
    assert (before.from_step, after.from_step) == ("", "twilio_number")
    assert found == [("twilio_number", "version", 1, 2), ("activation", "version", 1, 2)]


def test_beforehand_it_is_said_what_would_happen_and_nothing_does(ready: UUID, trail: Trail) -> None:
    with tenant(ready):
        plan = resuming.plan("email_credentials")
    work_off()
    assert ([row.name for row in plan.again], [row.name for row in plan.kept]) == (
        ["email_credentials", "activation"],
        ["twilio_subaccount", "twilio_number"],
    )
    assert trail.ran == []


def test_an_open_run_goes_back_to_the_step_and_what_was_ordered_before_may_not_write(trail: Trail) -> None:
    studio: UUID = WorkspaceFactory().pk
    with tenant(studio):
        pipeline.start(trigger="stripe", now=datetime.now(UTC))
    resume(studio, "twilio_subaccount")
    work_off()
    assert sorted(trail.ran) == ["activation", "email_credentials", "twilio_number", "twilio_subaccount"]
    with tenant(studio), atomic():
        assert ProvisioningJob.objects.get().status == "succeeded"


def test_a_job_that_is_done_twice_opens_one_run(ready: UUID) -> None:
    order = Work(uuid7(), ready, resuming.JOB, resuming.FromStep(step="activation", actor="operator:1"), 1, uuid7())
    told = []
    for _ in range(2):
        with tenant(ready), correlation.use(order.correlation_id):
            told.append(resuming.run(order))
        work_off()
    assert told[0] == told[1]
    with tenant(ready), atomic():
        assert ProvisioningJob.objects.count() == 2


def test_who_did_it_is_noted(ready: UUID) -> None:
    resume(ready, "activation")
    with tenant(ready), atomic():
        entry = AuditLog.objects.get(action="provisioning.run_from")
    assert (entry.actor, entry.after) == ("operator:1", {"step": "activation", "again": ["activation"]})


def test_a_studio_without_a_set_up_and_a_step_that_is_none_are_refused(trail: Trail, ready: UUID) -> None:
    with pytest.raises(Conflict):
        resume(WorkspaceFactory().pk, "activation")
    with pytest.raises(Problem):
        resume(ready, "explode")


class TestAdmin:
    address = "admin:provisioning_provisioningstep_changelist"

    @pytest.fixture
    def choose(self, client: Client, found_studio: Callable[[], UUID]) -> Callable[..., Any]:
        """Choose the step `twilio_number` of three studios and send the action."""
        user: Any = get_user_model()
        client.force_login(user.objects.create_superuser(email="admin@example.com", password="x" * 12))
        studios = [found_studio() for _ in range(3)]
        with all_tenants("a test looks at everything"), atomic():
            rows = ProvisioningStep.objects.filter(workspace_id__in=studios, name="twilio_number")
            chosen = [str(pk) for pk in rows.values_list("pk", flat=True)]

        def send(**more: str) -> Any:
            return client.post(reverse(self.address), {"action": "run_from_here", "_selected_action": chosen, **more})

        return send

    def test_it_tells_before_what_runs_again_and_what_is_kept(self, choose: Callable[..., Any], trail: Trail) -> None:
        told = choose().context_data
        work_off()
        assert told["facts"][0].startswith("3")
        assert [word("setup", step) in told["facts"][1] for step in ("twilio_number", "email_credentials")] == [
            True,
            False,
        ]
        assert (len(told["things"]), trail.ran) == (3, [])

    def test_all_of_them_go_on_from_there_once(self, choose: Callable[..., Any], trail: Trail) -> None:
        key = dict(choose().context_data["carried"])["key"]
        for _ in range(2):
            choose(confirmed="yes", reason="ticket 4711", key=key)
        work_off()
        assert sorted(trail.ran) == ["activation"] * 3 + ["twilio_number"] * 3
        with all_tenants("a test looks at everything"), atomic():
            entries = AuditLog.objects.filter(action="provisioning.run_from")
            assert [entry.after["reason"] for entry in entries] == ["ticket 4711"] * 3
