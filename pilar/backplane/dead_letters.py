"""Work that has given up, of the current workspace: found by its cause, run again or discarded, one or many."""

from collections.abc import Callable
from uuid import UUID

from pilar.backplane import jobs
from pilar.backplane.models import AutopilotJob
from pilar.backplane.models.work import JobStatus
from pilar.backplane.tenancy import atomic
from pilar.kernel.problems import Conflict, NotFound

MOST = 500
"""Jobs that one call changes; the next call takes the next ones."""


def matching(*, name: str = "", error: str = "", limit: int = MOST) -> list[UUID]:
    """Return the public ids of dead jobs of this type and with this text in their error, oldest first."""
    with atomic():
        rows = AutopilotJob.objects.filter(status=JobStatus.DEAD)
        if name:
            rows = rows.filter(type=name)
        if error:
            rows = rows.filter(error__icontains=error)
        return list(rows.order_by("id").values_list("public_id", flat=True)[: min(limit, MOST)])


def retry(public_ids: list[UUID]) -> list[UUID]:
    """Give dead jobs a new set of attempts and return those that were. They pass through their workspace's turns like
    all work, so many at once hold up nobody.
    """
    return _each(public_ids, jobs.retry)


def discard(public_ids: list[UUID]) -> list[UUID]:
    """Take dead jobs out for good and return those that were; they stay in the history."""
    return _each(public_ids, jobs.discard)


def _each(public_ids: list[UUID], change: Callable[[UUID], None]) -> list[UUID]:
    changed = []
    with atomic():
        for public_id in public_ids:
            try:
                change(public_id)
            except (NotFound, Conflict):
                continue
            changed.append(public_id)
    return changed
