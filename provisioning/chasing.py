"""Reminds a studio of the one thing its set-up waits for, on day 1, 3 and 7, then leaves it alone (checklist T-16)."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils import translation

from pilar.backplane import jobs
from pilar.backplane.tenancy import atomic
from pilar.kernel.switchboard import Outcome, Payload, Work
from pilar.providers.email import outbox
from provisioning import report
from provisioning.models import ProvisioningStep
from workspaces import directory

DAYS = (1, 3, 7)


class Reminder(Payload):
    """Payload of the job `provisioning.remind`."""

    step_id: UUID
    waiting_code: str
    day: int
    since: datetime | None = None


def plan_reminders(row: ProvisioningStep, *, code: str, now: datetime) -> None:
    """Plan the reminders for a step that begins to wait for the studio now. Inside the transaction that says so.

    A step that waits for the same again later is reminded of anew, and no more of the time before.
    """
    for day in DAYS:
        payload = Reminder(step_id=row.pk, waiting_code=code, day=day, since=now)
        key = f"remind:{row.pk}:{code}:{day}:{now.isoformat()}"
        jobs.enqueue("provisioning.remind", payload, key=key, at=now + timedelta(days=day))


def remind(work: Work[Reminder]) -> Outcome:
    """Job handler: write to the owner unless the step has gone on."""
    order = work.payload
    with atomic():
        row = ProvisioningStep.objects.filter(
            pk=order.step_id, status=ProvisioningStep.Status.WAITING, waiting_code=order.waiting_code
        ).first()
        if row is None or (order.since and row.waiting_since != order.since):
            return {"sent": False}
        owner = directory.owner(work.workspace_id)
        if owner is None:
            return {"sent": False}
        workspace = directory.get(work.workspace_id)
        with translation.override(workspace.language):
            shown = next(step for step in report.describe(row.job).steps if step.key == row.name)
        items = [{"text": shown.reason, "url": settings.PUBLIC_BASE_URL + (shown.action_url or "/setup")}]
        outbox.send(
            to=owner.email,
            template="waiting_for_you",
            context={"studio": workspace.name, "items": items, "url": f"{settings.PUBLIC_BASE_URL}/setup"},
            language=workspace.language,
            key=f"remind:{work.id}",
        )
    return {"sent": True}
