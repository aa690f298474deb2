"""Work that has given up: found by its cause, mended, run again or discarded, one or many."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from pydantic import ValidationError

from pilar.backplane import audit, jobs
from pilar.backplane.models import AutopilotJob
from pilar.backplane.models.work import JobStatus
from pilar.backplane.tenancy import all_tenants, atomic, savepoint, tenant
from pilar.kernel.problems import Conflict, NotFound, Problem

MOST = 500
"""Jobs that one call changes; the next call takes the next ones."""
PACE = 10
"""Jobs a second that come back when many are run again: what broke once must not be run over at once."""


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


def retry(public_ids: list[UUID]) -> list[UUID]:
    """Give dead jobs of the current workspace a new set of attempts, PACE of them a second, and return those that were
    dead.
    """
    places = {public_id: place for place, public_id in enumerate(public_ids)}
    return _each(public_ids, lambda public_id: jobs.retry(public_id, after=places[public_id] / PACE))


def discard(public_ids: list[UUID]) -> list[UUID]:
    """Take dead jobs of the current workspace out for good and return those that were; they stay in the history."""
    return _each(public_ids, jobs.discard)


def mend(public_id: UUID, payload: dict[str, Any], *, actor: str) -> None:
    """Run a dead job of the current workspace again with another payload.

    Raises Problem when it does not fit the type, NotFound, and Conflict when the job is not dead.
    """
    with atomic():
        job = AutopilotJob.objects.filter(public_id=public_id).first()
        if job is None:
            raise NotFound
        try:
            mended = jobs.payload_model(jobs.registered(job.type)).model_validate(payload)
        except ValidationError as error:
            wrong = {".".join(map(str, one["loc"])): one["msg"] for one in error.errors()}
            raise Problem(_("This payload does not fit the type."), code="validation_failed", fields=wrong) from error
        jobs.retry(public_id, payload=mended)
        audit.record(actor, "job.mended", "job", public_id, before={"payload": job.payload}, after={"payload": payload})


def everywhere(change: Callable[[list[UUID]], list[UUID]], action: str, *, name: str, cause: str, actor: str) -> int:
    """Change up to MOST dead jobs of one type and with this beginning of their error, of all workspaces, and return how
    many were. Each workspace's trail says so.
    """
    with all_tenants("dead letters of one cause, of all studios"), atomic():
        rows = AutopilotJob.objects.filter(status=JobStatus.DEAD, type=name, error__startswith=cause)
        found = list(rows.order_by("workspace_id", "id").values_list("workspace_id", "public_id")[:MOST])
    return sum(
        _in_workspace(workspace_id, [one for owner, one in found if owner == workspace_id], change, action, actor)
        for workspace_id in dict.fromkeys(owner for owner, _one in found)
    )


def _in_workspace(
    workspace_id: UUID, public_ids: list[UUID], change: Callable[[list[UUID]], list[UUID]], action: str, actor: str
) -> int:
    with tenant(workspace_id), atomic():
        changed = change(public_ids)
        audit.record(actor, action, "job", "many", after={"count": len(changed)})
    return len(changed)


def _each(public_ids: list[UUID], change: Callable[[UUID], None]) -> list[UUID]:
    changed = []
    with atomic():
        for public_id in public_ids:
            try:
                with savepoint():
                    change(public_id)
            except (NotFound, Conflict):
                continue
            changed.append(public_id)
    return changed
