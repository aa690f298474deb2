"""The list of a workspace's jobs: what is not finished first, newest first, then what is finished, latest first."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.request import Request

from pilar.api.pagination import Keyset, page_size
from pilar.backplane.models import AutopilotJob, JobHistory
from pilar.backplane.models.work import JobStatus
from pilar.kernel.problems import Problem
from pilar.kernel.switchboard import LANES

LIVE = Keyset("-pk")
FINISHED = Keyset("-finished_at")
FINISHED_MARK = "f."
LIVE_STATES = frozenset({JobStatus.PENDING, JobStatus.RUNNING, JobStatus.DEAD})
WORDS = {status.word: status for status in JobStatus if status is not JobStatus.SUSPECT}


def listed(request: Request) -> tuple[list[dict[str, Any]], str | None]:
    """Return one page of jobs and the cursor of the next. Raises Problem for a wrong limit, cursor or status."""
    size, cursor = page_size(request), request.query_params.get("cursor", "")
    status = _status(request)
    found: list[dict[str, Any]] = []
    if not cursor.startswith(FINISHED_MARK) and status in (None, *LIVE_STATES):
        rows = _filtered(AutopilotJob.objects.all(), request, status)
        live, following = LIVE.page(rows, cursor, size)
        if following or status is not None:
            return [_shown(job) for job in live], following
        found, cursor = [_shown(job) for job in live], ""
    rows = _filtered(JobHistory.objects.all(), request, status)
    done, following = FINISHED.page(rows, cursor.removeprefix(FINISHED_MARK), size - len(found))
    return found + [_shown(job) for job in done], following and FINISHED_MARK + following


def _status(request: Request) -> JobStatus | None:
    given = request.query_params.get("status")
    if given is None:
        return None
    if given not in WORDS:
        fields = {"status": _("Choose one of: %(states)s.") % {"states": ", ".join(WORDS)}}
        raise Problem(_("There is no such status."), code="validation_failed", fields=fields)
    return WORDS[given]


def _filtered(rows: QuerySet[Any], request: Request, status: JobStatus | None) -> QuerySet[Any]:
    wanted: dict[str, Any] = (
        {} if status is None else {"status__in": [one for one in JobStatus if one.word == status.word]}
    )
    if "type" in request.query_params:
        wanted["type"] = request.query_params["type"].replace("\x00", "")
    return rows.filter(**wanted)


def shown(public_id: Any) -> dict[str, Any]:
    """Return one job of the current workspace, live or finished."""
    live = AutopilotJob.objects.filter(public_id=public_id).first()
    return _shown(live or JobHistory.objects.get(public_id=public_id))


def _shown(job: AutopilotJob | JobHistory) -> dict[str, Any]:
    is_live = isinstance(job, AutopilotJob)
    worker = job.locked_by if isinstance(job, AutopilotJob) else job.worker
    ended = None if isinstance(job, AutopilotJob) else job.finished_at
    started = job.locked_at if isinstance(job, AutopilotJob) else job.started_at
    return {
        "id": job.public_id,
        "workspace_id": job.workspace_id,
        "type": job.type,
        "payload": job.payload,
        "status": JobStatus(job.status).word,
        "lane": LANES[job.lane],
        "priority": job.priority,
        "attempts": job.attempts,
        "max_attempts": job.max_attempts,
        "idempotency_key": job.idempotency_key,
        "scheduled_at": job.scheduled_at if isinstance(job, AutopilotJob) else job.due_at,
        "started_at": started,
        "completed_at": ended,
        "locked_at": started if is_live and job.status == JobStatus.RUNNING else None,
        "locked_by": str(worker) if is_live and job.status == JobStatus.RUNNING else None,
        "result": None if isinstance(job, AutopilotJob) else job.result,
        "error": job.error,
        "correlation_id": job.correlation_id,
        "created_at": job.created_at,
        "updated_at": ended or started or job.created_at,
    }
