"""Letters that wait in the queue or have left it, opened for a test."""

from pilar.backplane.models import AutopilotJob, JobHistory
from pilar.backplane.tenancy import atomic
from pilar.providers.email import outbox
from pilar.providers.email.outbox import Letter, SealedLetter


def letters() -> list[Letter]:
    """Every letter of the current scope, oldest first."""
    with atomic():
        rows = [*JobHistory.objects.filter(type=outbox.JOB), *AutopilotJob.objects.filter(type=outbox.JOB)]
        rows.sort(key=lambda row: row.pk)
        return [outbox.unsealed(SealedLetter.model_validate(row.payload)) for row in rows]
