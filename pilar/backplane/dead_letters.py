"""Work that has given up: found by its cause, mended, run again or discarded, one or many."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from pydantic import BaseModel, ValidationError

from pilar.backplane import audit, jobs
from pilar.backplane.models import AutopilotJob
from pilar.backplane.models.work import JobStatus
from pilar.backplane.tenancy import all_tenants, atomic, tenant
from pilar.kernel.problems import NotFound, Problem

MOST = 500
"""Jobs that one call changes; the next call takes the next ones."""
PACE = 10
"""Jobs a second that come back when many are run again: what broke once must not be run over at once."""


ALL_STUDIOS = "dead letters of one cause, of all studios"
Change = Callable[[list[UUID], int], list[UUID]]
"""Changes dead jobs of the current workspace, behind so many others, and returns those that were changed."""


@dataclass(frozen=True, slots=True)
class Dead:
    workspace_id: UUID
    public_id: UUID
    payload: dict[str, Any]


def matching(*, name: str = "", error: str = "", limit: int = MOST) -> list[UUID]:
    """Return the public ids of the current workspace's dead jobs of this type and with this text in their error, oldest
    first.
    """
    with atomic():
        rows = AutopilotJob.objects.filter(status=JobStatus.DEAD)
        if name:
            rows = rows.filter(type=name)
        if error:
            rows = rows.filter(error__icontains=error)
        return list(rows.order_by("id").values_list("public_id", flat=True)[: min(limit, MOST)])


def retry(public_ids: list[UUID], behind: int = 0) -> list[UUID]:
    """Give dead jobs of the current workspace a new set of attempts, PACE of them a second and `behind` so many others,
    and return those that were dead.
    """
    return jobs.each(public_ids, lambda public_id, place: jobs.retry(public_id, after=place / PACE), behind)


def discard(public_ids: list[UUID], behind: int = 0) -> list[UUID]:
    """Take dead jobs of the current workspace out for good and return those that were; they stay in the history."""
    return jobs.each(public_ids, lambda public_id, _place: jobs.discard(public_id), behind)


def mending(changes: dict[str, Any], *, actor: str) -> Change:
    """Return what runs many again as `retry` does, with these fields of their payloads set anew; a job whose payload
    would not fit its type is passed over and stays dead.
    """

    def mend_one(public_id: UUID, place: int) -> None:
        job = _found(public_id)
        _run_mended(job, job.payload | changes, actor=actor, after=place / PACE)

    return lambda public_ids, behind: jobs.each(public_ids, mend_one, behind)


def fits(name: str, payload: dict[str, Any]) -> bool:
    """Say whether a job of this type can be run with this payload."""
    try:
        _read(name, payload)
    except Problem:
        return False
    return True


def mend(public_id: UUID, payload: dict[str, Any], *, actor: str) -> None:
    """Run a dead job of the current workspace again with another payload.

    Raises Problem when it does not fit the type, NotFound, and Conflict when the job is not dead.
    """
    with atomic():
        _run_mended(_found(public_id), payload, actor=actor)


def _found(public_id: UUID) -> AutopilotJob:
    job = AutopilotJob.objects.filter(public_id=public_id).first()
    if job is None:
        raise NotFound
    return job


def _read(name: str, payload: dict[str, Any]) -> BaseModel:
    try:
        return jobs.payload_model(jobs.registered(name)).model_validate(payload)
    except ValidationError as error:
        wrong = {".".join(map(str, one["loc"])): one["msg"] for one in error.errors()}
        raise Problem(_("This payload does not fit the type."), code="validation_failed", fields=wrong) from error


def _run_mended(job: AutopilotJob, payload: dict[str, Any], *, actor: str, after: float = 0) -> None:
    jobs.retry(job.public_id, payload=_read(job.type, payload), after=after)
    audit.record(actor, "job.mended", "job", job.public_id, before={"payload": job.payload}, after={"payload": payload})


def of_cause(name: str, cause: str, changes: dict[str, Any] | None = None) -> list[Dead]:
    """Return up to MOST dead jobs of one type and with this beginning of their error, of all workspaces: those that
    `everywhere` would change. With `changes`, only those whose payload fits its type with them, so that those that do
    not fit never stand before the others.
    """
    with all_tenants(ALL_STUDIOS), atomic():
        rows = _of_cause(name, cause).order_by("workspace_id", "id")
        ordered = rows.values_list("workspace_id", "public_id", "payload").iterator(chunk_size=MOST)
        found = (Dead(*row) for row in ordered)
        if changes is not None:
            found = (one for one in found if fits(name, one.payload | changes))
        return list(islice(found, MOST))


def count(name: str, cause: str) -> int:
    """Count the dead jobs of one type and with this beginning of their error, of all workspaces."""
    with all_tenants(ALL_STUDIOS), atomic():
        return _of_cause(name, cause).count()


def _of_cause(name: str, cause: str) -> QuerySet[AutopilotJob]:
    return AutopilotJob.objects.filter(status=JobStatus.DEAD, type=name, error__startswith=cause)


def everywhere(
    change: Change, action: str, *, name: str, cause: str, actor: str, changes: dict[str, Any] | None = None
) -> int:
    """Change the dead jobs of one cause, of all workspaces, that `of_cause` names, and return how many were changed.
    Each workspace's trail says so.
    """
    by_workspace: dict[UUID, list[UUID]] = {}
    for job in of_cause(name, cause, changes):
        by_workspace.setdefault(job.workspace_id, []).append(job.public_id)
    done = 0
    for workspace_id, public_ids in by_workspace.items():
        with tenant(workspace_id), atomic():
            changed = change(public_ids, done)
            audit.record(actor, action, "job", "many", after={"count": len(changed)})
        done += len(changed)
    return done
