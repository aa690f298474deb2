"""The rows behind the numbers of the work: what runs, waits, was done today or gave up, in words for the studio."""

from datetime import datetime, time
from typing import Any

from django.db.models import QuerySet

from pilar.api.pagination import Keyset
from pilar.backplane import tenants
from pilar.backplane.models import AutopilotJob, JobHistory
from pilar.backplane.models.work import JobStatus
from pilar.dashboard import happenings

ORDERS = {
    "running": Keyset("locked_at"),
    "waiting": Keyset("scheduled_at"),
    "done": Keyset("-finished_at"),
    "dead": Keyset("-scheduled_at"),
}
"""The states that have rows, and how each is read."""


def rows(state: str, now: datetime) -> QuerySet[Any]:
    """Return the work in one of the states of `ORDERS`; what is planned for later does not wait yet."""
    live = AutopilotJob.objects.all()
    match state:
        case "running":
            return live.filter(status=JobStatus.RUNNING)
        case "waiting":
            return live.filter(status=JobStatus.PENDING, scheduled_at__lte=now)
        case "dead":
            return live.filter(status=JobStatus.DEAD)
    zone = tenants.zone()
    today = datetime.combine(now.astimezone(zone).date(), time(), tzinfo=zone)
    return JobHistory.objects.filter(finished_at__gte=today, status=JobStatus.SUCCEEDED)


def line(job: AutopilotJob | JobHistory) -> dict[str, Any]:
    """One row of the page: words, when, how often it was tried, and the way to its story."""
    at = job.finished_at if isinstance(job, JobHistory) else job.locked_at or job.scheduled_at
    return {"text": happenings.work_said(job.type), "at": at, "attempts": job.attempts, "story": job.correlation_id}
