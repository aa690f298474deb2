"""Set-up from a chosen step on: that step and all that build on it run again, and what came before is kept.

For operators who have mended one step and let the studios it held up, or spoiled, go on from there: one or thousands.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils.translation import gettext as _

from pilar.backplane import audit, jobs
from pilar.backplane.tenancy import all_tenants, atomic, current
from pilar.kernel import switchboard
from pilar.kernel.clock import now as clock_now
from pilar.kernel.problems import Conflict, Problem
from pilar.kernel.switchboard import Outcome, Payload, Work
from provisioning import pipeline, report
from provisioning.models import ProvisioningJob, ProvisioningStep

JOB = "provisioning.from_step"
_FRESH: dict[str, Any] = {
    "status": ProvisioningStep.Status.PENDING, "attempts": 0, "started_at": None, "completed_at": None, "error": "",
    "error_class": "", "next_try_at": None, "reason": "", "action": "", "waiting_on": "", "waiting_code": "",
    "waiting_since": None, "waited_seconds": 0,
}  # fmt: skip


class FromStep(Payload):
    """Payload of the job `provisioning.from_step`."""

    step: str
    actor: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """Which checkpoints of the newest run are made anew and which are kept, each in the order of the pipeline."""

    again: list[ProvisioningStep]
    kept: list[ProvisioningStep]


@dataclass(frozen=True, slots=True)
class Difference:
    """A result that is another one than in the run before; None: it was not there."""

    step: str
    name: str
    before: Any
    after: Any


def following(step: str) -> list[str]:
    """Return the step and all that build on it, in order. Raises Problem for a name that is no step's."""
    pipeline.require_step(step)
    found = {step}
    for name in report.in_order():
        if not found.isdisjoint(switchboard.steps[name].needs):
            found.add(name)
    return [name for name in report.in_order() if name in found]


def plan(step: str) -> Plan:
    """Say what `start` would do in the current workspace. Raises Conflict before the first run, Problem for no step."""
    names = following(step)
    with atomic():
        run = _newest()
        rows = {row.name: row for row in run.steps.all()}
    ordered = [rows[name] for name in report.in_order() if name in rows]
    return Plan([row for row in ordered if row.name in names], [row for row in ordered if row.name not in names])


def start(step: str, *, actor: str, now: datetime) -> ProvisioningJob:
    """Run the current workspace's set-up from this step on: in the run that is open, else in a new one that takes over
    what came before.

    What exists at providers is found there, as in every run. Raises Conflict before the first run, Problem for no step.
    """
    names = following(step)
    with atomic():
        newest = _newest()
        run = pipeline.open_run() or _forked(newest, step, names, now=now)
        run.steps.filter(name__in=names).update(**_FRESH, round=F("round") + 1)
        audit.record(actor, "provisioning.run_from", "workspace", current(), after={"step": step, "again": names})
        pipeline.advance(run, now=now)
    return run


def _newest() -> ProvisioningJob:
    run = ProvisioningJob.objects.order_by("-started_at").first()
    if run is None:
        raise Conflict(_("The set-up has not begun yet."))
    return run


def _forked(newest: ProvisioningJob, step: str, names: list[str], *, now: datetime) -> ProvisioningJob:
    run, is_mine = pipeline.open_new(trigger=ProvisioningJob.Trigger.MANUAL, now=now, from_step=step)
    if is_mine:
        kept = newest.steps.exclude(name__in=names)
        ProvisioningStep.objects.bulk_create(
            [*(_kept(row, run) for row in kept), *(pipeline.checkpoint(run, name) for name in names)]
        )
    return run


def _kept(row: ProvisioningStep, run: ProvisioningJob) -> ProvisioningStep:
    """The checkpoint without its time, which belongs to the run that made it."""
    mine = pipeline.checkpoint(run, row.name)
    mine.status, mine.completed_at, mine.reason, mine.result = row.status, row.completed_at, row.reason, row.result
    return mine


def start_many(chosen: Iterable[tuple[UUID, str]], *, actor: str, key: str) -> int:
    """Have each of these workspaces run from the named step on, by a job of its own, and return how many are new.

    The same key again orders nothing.
    """
    reason = audit.reason()
    rows = [
        jobs.NewJob(studio, FromStep(step=step, actor=actor, reason=reason), f"{JOB}:{key}:{step}")
        for studio, step in chosen
    ]
    with all_tenants("an operator has the set-up of many studios go on from a step"):
        return jobs.enqueue_many(JOB, rows)


def run(work: Work[FromStep]) -> Outcome:
    """Job handler of `provisioning.from_step`. After a crash it does not open a second run."""
    step = work.payload.step
    try:
        with audit.because(work.payload.reason), atomic():
            opened = ProvisioningJob.objects.filter(correlation_id=work.correlation_id, from_step=step).first()
            found = opened or start(step, actor=work.payload.actor, now=clock_now())
    except Problem as problem:
        return {"refused": problem.detail}
    return {"run": str(found.pk)}


def differences(run: ProvisioningJob) -> list[Difference]:
    """Compare a run's results with those of the run before it, in the order of the pipeline. Inside a transaction."""
    earlier = ProvisioningJob.objects.filter(workspace_id=run.workspace_id, started_at__lt=run.started_at)
    before = earlier.order_by("-started_at").first()
    if before is None:
        return []
    old, new = (dict(each.steps.values_list("name", "result")) for each in (before, run))
    return [
        Difference(step, name, old[step].get(name), new[step].get(name))
        for step in report.in_order()
        if step in old and step in new
        for name in sorted(old[step].keys() | new[step].keys())
        if old[step].get(name) != new[step].get(name)
    ]
