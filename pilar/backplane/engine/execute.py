"""Runs one handler and says what became of it. Knows no SQL and no threads."""

import json
import logging
import random
from datetime import timedelta
from uuid import UUID

from pydantic import BaseModel, ValidationError

from pilar.backplane import correlation, running
from pilar.backplane.engine.results import Claimed, Done, Hold, NotDone, Result
from pilar.backplane.tenancy import tenant
from pilar.kernel import clock, switchboard
from pilar.kernel.errors import DATABASE_AWAY, CircuitOpen, ErrorClass, ProviderError
from pilar.kernel.masking import mask_text
from pilar.kernel.switchboard import Happened, JobType, Outcome, Permanent, Reschedule, RetryAt, Work

logger = logging.getLogger(__name__)

RETRY_CAP = 600.0
"""Seconds: the longest wait between two attempts."""
DEFERRAL_CAP = 300.0
LONGEST_LOOK_AWAY = 300.0
"""Seconds at most before a job looks whether a pause of calls is over: somebody may have ended it early."""
REFUSED_WAIT = 20.0
"""Seconds at least between two tries with credentials that were refused: somebody has to set them right first."""
LONGEST_HOLD = 3600.0
"""Seconds that one answer of a provider can hold back the other jobs of its workspace."""
GIVE_UP_AFTER = timedelta(hours=24)
"""A job that is put off (a provider is away) is given up when it is this late (reliability P6: an overall deadline)."""


def execute(row: Claimed, *, worker: int) -> Result:
    """Run the job's handler in its workspace's scope and return what to write. Never raises an Exception."""
    job_type = switchboard.jobs.get(row.type)
    if job_type is None:
        return _deferred(row, 30.0, f"No handler of this release is called {row.type}")
    run = running.Run(row.public_id, row.lease, worker)
    with tenant(row.workspace_id), correlation.use(row.correlation_id, row.public_id), running.during(run):
        try:
            return _succeeded(row, job_type.handler(_input(row, job_type)))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a handler may raise anything; each has its consequence
            return _failed(row, error)


def _input(row: Claimed, job_type: JobType) -> Work[BaseModel] | Happened[BaseModel]:
    if not job_type.is_subscription:
        payload = job_type.payload.model_validate_json(row.payload)
        return Work(row.public_id, row.workspace_id, row.type, payload, row.attempts, row.correlation_id, row.event_id)
    name = row.type.rpartition(":")[2]
    payload = switchboard.events[name].payload.model_validate_json(row.payload)
    event_id: UUID = row.event_id or row.public_id
    occurred_at = row.occurred_at or row.due_at
    return Happened(event_id, row.workspace_id, name, payload, occurred_at, row.correlation_id, row.attempts)


def _succeeded(row: Claimed, outcome: Outcome) -> Result:
    if isinstance(outcome, Reschedule):
        return NotDone(row.id, row.lease, counted=False, at=outcome.at)
    return Done(row.id, row.lease, None if outcome is None else json.dumps(outcome, default=str))


def _failed(row: Claimed, error: Exception | SystemExit) -> Result:
    text = mask_text(f"{type(error).__name__}: {error}")[:2000]
    if isinstance(error, ProviderError) and error.passes:
        return _deferred(row, _wait_for_provider(row, error), text, hold=_hold(row, error))
    if isinstance(error, DATABASE_AWAY):
        return _deferred(row, _jittered(2.0**row.deferrals, 30.0), text)
    if isinstance(error, RetryAt) and not error.counts:
        return _deferred(row, error.after, text)
    _log(row, error, text)
    is_final = isinstance(error, Permanent | ProviderError | ValidationError)
    if is_final or row.is_last_attempt:
        return NotDone(row.id, row.lease, is_dead=True, outcome="dead", error=text)
    wait = error.after if isinstance(error, RetryAt) else _jittered(2.0**row.attempts, RETRY_CAP)
    return NotDone(row.id, row.lease, delay=wait, outcome="retry", error=text)


def timed_out(row: Claimed, job_type: JobType) -> NotDone:
    """What to write of a run that took longer than its type allows."""
    text = f"It took longer than {job_type.timeout}"
    if row.is_last_attempt:
        return NotDone(row.id, row.lease, is_dead=True, outcome="timeout", error=text)
    wait = _jittered(2.0**row.attempts, RETRY_CAP)
    return NotDone(row.id, row.lease, delay=wait, outcome="timeout", error=text)


def _wait_for_provider(row: Claimed, error: ProviderError) -> float:
    if isinstance(error, CircuitOpen):
        return min(error.retry_after or REFUSED_WAIT, LONGEST_LOOK_AWAY)
    if error.retry_after is not None:
        return error.retry_after
    wait = _jittered(2.0**row.deferrals, DEFERRAL_CAP)
    return wait if error.retryable else max(REFUSED_WAIT, wait)


def _hold(row: Claimed, error: ProviderError) -> Hold | None:
    """A provider that says when to come back says it to the whole workspace (reliability P6)."""
    if error.error_class is not ErrorClass.RATE_LIMITED or not error.retry_after:
        return None
    return Hold(error.provider, row.workspace_id, min(error.retry_after, LONGEST_HOLD))


def _deferred(row: Claimed, wait: float, text: str, *, hold: Hold | None = None) -> NotDone:
    """Something we depend on is away: that is no attempt of the job's, until it is too late for it."""
    if clock.now() - row.due_at > GIVE_UP_AFTER:
        return NotDone(row.id, row.lease, is_dead=True, outcome="dead", error=text)
    return NotDone(row.id, row.lease, counted=False, deferred=1, delay=wait, outcome="deferred", error=text, hold=hold)


def _jittered(seconds: float, cap: float) -> float:
    """Full jitter: anything up to the exponential wait, so that retries of one moment spread out."""
    return random.uniform(0, min(cap, seconds))


def _log(row: Claimed, error: BaseException, text: str) -> None:
    expected = isinstance(error, Permanent | RetryAt | ProviderError)
    logger.log(
        logging.WARNING if expected else logging.ERROR,
        "job %s failed: %s",
        row.type,
        text,
        extra={"job": str(row.public_id), "workspace": str(row.workspace_id), "attempt": row.attempts},
        exc_info=None if expected else error,
    )
