"""The engine of the pipeline: which step may run, what its outcome means, and what the studio sees of it.

Remaining work is derived from the checkpoints, never kept apart: after a crash at any line the step's job runs again, finds
what it made, and goes on (reliability P3). Independent steps run side by side.
"""

import random
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from pilar.backplane import activity, correlation, events, jobs
from pilar.backplane.tenancy import atomic, current
from pilar.kernel import switchboard
from pilar.kernel.clock import now as clock_now
from pilar.kernel.errors import ErrorClass, ProviderError
from pilar.kernel.problems import Problem
from pilar.kernel.steps import Done, Skipped, Step, StepContext, StepOutcome, Waiting, WaitsFor, wait_for_customer
from pilar.kernel.switchboard import Empty, Outcome, Payload, Reschedule, RetryAt, Work
from provisioning import chasing
from provisioning.models import ProvisioningJob, ProvisioningStep
from workspaces import directory

log = structlog.get_logger()

QUICK_TRIES = 3
"""After so many failures in a row the page says that we keep trying instead of "working" (specification: max 3 retries)."""
LONGEST_PAUSE = timedelta(minutes=5)
REFUSED_PAUSE = timedelta(seconds=20)
"""Between two tries of a step whose credentials were refused: shown as failed, it goes on when they are set right."""
SUSPENDED_CHECK = timedelta(hours=6)


class StepOrder(Payload):
    """Payload of the job `provisioning.step`."""

    step_id: UUID
    round: int


class StepFailed(Payload):
    """Payload of `provisioning.step_failed`."""

    step: str
    error_class: str


def start(*, trigger: str, now: datetime, again: bool = False) -> ProvisioningJob:
    """Open a run for the current workspace, or go on with the one that is open.

    A finished run is opened anew only with `again`: its steps then find what they made before and touch nothing else.
    """
    with atomic():
        run = open_run()
        if run is None:
            last = ProvisioningJob.objects.order_by("-started_at").first()
            if last and not again:
                return last
            run = _open(trigger=trigger, now=now)
        advance(run, now=now)
    return run


def _open(*, trigger: str, now: datetime) -> ProvisioningJob:
    run, is_mine = open_new(trigger=trigger, now=now)
    if is_mine:
        ProvisioningStep.objects.bulk_create([checkpoint(run, name) for name in switchboard.steps])
    return run


def open_new(*, trigger: str, now: datetime, from_step: str = "") -> tuple[ProvisioningJob, bool]:
    """Open a run without checkpoints, unless somebody else opens one at this moment: return the run, and whether it is
    ours to fill. Inside a transaction.
    """
    mine = ProvisioningJob(
        workspace_id=current(),
        trigger=trigger,
        from_step=from_step,
        started_at=now,
        correlation_id=correlation.current(),
        status="running",
    )
    ProvisioningJob.objects.bulk_create([mine], ignore_conflicts=True)
    run = ProvisioningJob.objects.get(status__in=ProvisioningJob.OPEN)
    if run.pk == mine.pk:
        activity.log("provisioning.started", gettext_noop("Set-up has begun."), {"trigger": trigger})
    return run, run.pk == mine.pk


def checkpoint(run: ProvisioningJob, name: str) -> ProvisioningStep:
    """Return the checkpoint of a step that has not begun, not yet stored."""
    return ProvisioningStep(job=run, name=name, workspace_id=run.workspace_id)


def advance(run: ProvisioningJob, *, now: datetime) -> None:
    """Order every step whose needs are met, and bring the run's state in line with its steps. Inside a transaction."""
    run = _locked(run.pk)
    rows = {row.name: row for row in run.steps.select_for_update()}
    _adopt_new_steps(run, rows)
    green = {name for name, row in rows.items() if row.status in ProvisioningStep.GREEN}
    for name, row in rows.items():
        step = switchboard.steps.get(name)
        if step and row.status == ProvisioningStep.Status.PENDING and green.issuperset(step.needs):
            order(row, now=now)
    _settle(run, list(rows.values()), now=now)


def _locked(run_id: UUID) -> ProvisioningJob:
    """Lock a run. Whoever writes its steps does this first: one order of locks, no deadlock."""
    return ProvisioningJob.objects.select_for_update().get(pk=run_id)


def _adopt_new_steps(run: ProvisioningJob, rows: dict[str, ProvisioningStep]) -> None:
    """A deploy may have added a step while this run was open."""
    for name in switchboard.steps.keys() - rows.keys():
        rows[name] = ProvisioningStep.objects.create(job=run, name=name)


def order(row: ProvisioningStep, *, now: datetime) -> None:
    """Have the step run (again). Orders of earlier rounds lose their right to write."""
    row.round += 1
    row.status = ProvisioningStep.Status.IN_PROGRESS
    row.started_at = row.started_at or now
    row.save(update_fields=["round", "status", "started_at"])
    jobs.enqueue("provisioning.step", StepOrder(step_id=row.pk, round=row.round), key=_key(row))


def _key(row: ProvisioningStep) -> str:
    return f"provisioning:{row.pk}:{row.round}"


def _settle(run: ProvisioningJob, rows: list[ProvisioningStep], *, now: datetime) -> None:
    states = {row.status for row in rows if not _is_optional(row)}
    optional = {row.status for row in rows if _is_optional(row)}
    status = ProvisioningJob.Status.RUNNING
    if states | optional <= set(ProvisioningStep.GREEN):
        status = ProvisioningJob.Status.SUCCEEDED
    elif ProvisioningStep.Status.FAILED in states:
        status = ProvisioningJob.Status.FAILED
    elif ProvisioningStep.Status.IN_PROGRESS not in states and states & {"waiting", "retrying"}:
        status = ProvisioningJob.Status.WAITING
    if status == run.status:
        return
    run.status = status
    if status == ProvisioningJob.Status.SUCCEEDED:
        run.finished_at = now
        events.publish("provisioning.completed", Empty(), key=f"provisioning.completed:{run.pk}")
        activity.log("provisioning.completed", gettext_noop("Set-up is complete."), {})
    run.save(update_fields=["status", "finished_at"])


def _is_optional(row: ProvisioningStep) -> bool:
    step = switchboard.steps.get(row.name)
    return step is None or step.optional


def run_step(work: Work[StepOrder]) -> Outcome:
    """Job handler of `provisioning.step`: run one step and write its checkpoint."""
    with atomic():
        row = (
            ProvisioningStep.objects.select_related("job", "workspace")
            .filter(pk=work.payload.step_id, round=work.payload.round)
            .exclude(status__in=ProvisioningStep.GREEN)
            .first()
        )
        if row is None:
            return {"outdated": True}
        context = _context(row, work)
        suspended = directory.is_suspended(row.workspace_id)
    if suspended:
        return _record(row, _until_paid(clock_now()), now=clock_now())
    step = switchboard.steps[row.name]
    try:
        with translation.override(row.workspace.language):  # what a step says is stored, for the studio to read
            outcome = step.missing() or step.run(context)
    except RetryAt as busy:
        return Reschedule(clock_now() + timedelta(seconds=busy.after), str(busy))
    except ProviderError as error:
        return _provider_failed(row, step, error, now=clock_now())
    except Exception as error:  # a defect of ours: shown on the page, retried and buried by the queue
        _note_failure(row, ErrorClass.PROVISIONING_ERROR, str(error) or type(error).__name__, now=clock_now())
        raise
    return _record(row, outcome, now=clock_now())


def _until_paid(now: datetime) -> Waiting:
    """What a suspended studio's steps say: nothing is made or bought for it. Its resumption wakes them."""
    reason = _("The studio is suspended. The set-up goes on when its subscription is paid again.")
    return wait_for_customer("payment", reason, now=now, action="workspaces:billing", look_again=SUSPENDED_CHECK)


def _context(row: ProvisioningStep, work: Work[StepOrder]) -> StepContext:
    needs = _all_needs(row.name)
    results = dict(row.job.steps.filter(name__in=needs).values_list("name", "result"))
    return StepContext(
        workspace_id=row.workspace_id,
        pipeline_id=row.job_id,
        attempt=row.attempts + 1,
        correlation_id=work.correlation_id,
        results=results,
    )


def _all_needs(name: str) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        step = switchboard.steps.get(waiting.pop())
        for need in step.needs if step else ():
            if need not in found:
                found.add(need)
                waiting.append(need)
    return found


def _record(row: ProvisioningStep, outcome: StepOutcome, *, now: datetime) -> Outcome:
    changes: dict[str, object] = {"attempts": 0, "error": "", "error_class": "", "next_try_at": None}
    if row.waiting_since and not (isinstance(outcome, Waiting) and outcome.code == row.waiting_code):
        waited = row.waited_seconds + (now - row.waiting_since).total_seconds()
        changes |= {"waited_seconds": waited, "waiting_since": None}
    match outcome:
        case Done(result):
            changes |= {"status": "completed", "result": result, "completed_at": now, "reason": "", "waiting_code": ""}
        case Skipped(reason):
            changes |= {"status": "skipped", "reason": reason, "completed_at": now, "waiting_code": ""}
        case Waiting():
            changes |= {
                "status": "waiting",
                "waiting_on": outcome.on,
                "waiting_code": outcome.code,
                "waiting_since": changes.get("waiting_since", row.waiting_since) or now,
                "reason": outcome.reason,
                "action": outcome.action,
                "next_try_at": outcome.check_at,
            }
    with atomic():
        if _write(row, changes):
            _tell(row, outcome, now=now)
            advance(row.job, now=now)
    if isinstance(outcome, Waiting):
        return Reschedule(outcome.check_at, outcome.code)
    return None


def _tell(row: ProvisioningStep, outcome: StepOutcome, *, now: datetime) -> None:
    """Write the studio's activity once per change, and begin to chase who has to act."""
    if isinstance(outcome, Waiting):
        if row.waiting_code == outcome.code:
            return
        if outcome.on == WaitsFor.CUSTOMER:
            chasing.plan_reminders(row, code=outcome.code, now=now)
    facts = {"step": row.name, "outcome": type(outcome).__name__.lower()}
    activity.log("provisioning.step", gettext_noop("Set-up step %(step)s: %(outcome)s."), facts, subject=row)


def _write(row: ProvisioningStep, changes: dict[str, object]) -> bool:
    """Write the checkpoint unless another round has taken over or it is green already."""
    _locked(row.job_id)
    mine = ProvisioningStep.objects.filter(pk=row.pk, round=row.round).exclude(status__in=ProvisioningStep.GREEN)
    return bool(mine.update(**changes))


def _provider_failed(row: ProvisioningStep, step: Step, error: ProviderError, *, now: datetime) -> Outcome:
    if error.retryable or error.ambiguous:
        pause = _pause(row.attempts + 1, error.retry_after)
        status = "retrying" if row.attempts + 1 >= QUICK_TRIES else "in_progress"
        with atomic():
            reason = _("%(provider)s does not answer as it should. We keep trying by ourselves.")
            changes = {
                "status": status,
                "attempts": F("attempts") + 1,
                "error_class": error.error_class,
                "error": error.message,
                "reason": reason % {"provider": error.provider.capitalize()} if status == "retrying" else "",
                "next_try_at": now + pause,
            }
            if _write(row, changes):
                advance(row.job, now=now)
        return Reschedule(now + pause, error.error_class)
    if error.passes:
        pause = max(REFUSED_PAUSE, _pause(row.attempts + 1, error.retry_after))
        _note_failure(row, error.error_class, error.message, now=now, next_try_at=now + pause)
        return Reschedule(now + pause, error.error_class)
    _note_failure(row, error.error_class, error.message, now=now)
    return {"failed": error.error_class, "code": error.code}


def _pause(attempt: int, retry_after: float | None) -> timedelta:
    """Exponential backoff with full jitter; a provider's own hint wins (specification: retry with backoff)."""
    if retry_after is not None:
        return timedelta(seconds=max(1.0, retry_after))
    ceiling = min(LONGEST_PAUSE.total_seconds(), 2.0 ** min(attempt, 10))
    return timedelta(seconds=max(0.5, random.uniform(0, ceiling)))


def _note_failure(
    row: ProvisioningStep,
    error_class: ErrorClass,
    message: str,
    *,
    now: datetime,
    next_try_at: datetime | None = None,
) -> None:
    with atomic():
        changes = {
            "status": "failed",
            "attempts": F("attempts") + 1,
            "error_class": error_class,
            "error": message[:2000],
            "next_try_at": next_try_at,
        }
        if _write(row, changes):
            event = StepFailed(step=row.name, error_class=error_class)
            events.publish("provisioning.step_failed", event, key=f"step-failed:{row.pk}:{row.round}")
            advance(row.job, now=now)


def wake(*, now: datetime) -> int:
    """Have every step of the open run that is not green look again now, or after its present look. Returns how many."""
    with atomic():
        run = open_run()
        if run is None:
            return 0
        woken = list(run.steps.exclude(status__in=[*ProvisioningStep.GREEN, ProvisioningStep.Status.PENDING]))
        for row in woken:
            jobs.wake("provisioning.step", _key(row), now)
    return len(woken)


def open_run() -> ProvisioningJob | None:
    """Return the open run of the current workspace, locked, or None. Inside a transaction."""
    return ProvisioningJob.objects.filter(status__in=ProvisioningJob.OPEN).select_for_update().first()


ORDERED_AGAIN = (ProvisioningStep.Status.FAILED, ProvisioningStep.Status.WAITING, ProvisioningStep.Status.RETRYING)
"""What a person may order by name. A pending step waits for another; one at work is at it."""


def require_step(name: str) -> None:
    """Raise Problem for a name that is no step's."""
    if name not in switchboard.steps:
        fields = {"step": _("There is no step of this name.")}
        raise Problem(_("This step cannot be ordered."), code="unknown_step", fields=fields)


def retry(*, now: datetime, step: str | None = None) -> int:
    """Order the failed steps of the open run again, or the named one, whatever it waits for. Returns how many.

    Raises Problem for a name that is no step's.
    """
    if step is not None:
        require_step(step)
    with atomic():
        run = open_run()
        if run is None:
            return 0
        found = run.steps.filter(name=step, status__in=ORDERED_AGAIN) if step else run.steps.filter(status="failed")
        ordered = list(found)
        for row in ordered:
            order(row, now=now)
        advance(run, now=now)
    return len(ordered)
