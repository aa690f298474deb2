"""What starts a run, what wakes one that waits, and the safety net under both."""

from datetime import timedelta
from typing import Any

from pilar.backplane import jobs
from pilar.backplane.tenancy import all_tenants, atomic
from pilar.kernel.clock import now as clock_now
from pilar.kernel.switchboard import Empty, Happened, Outcome, Work
from provisioning import pipeline
from provisioning.models import ProvisioningJob, ProvisioningStep

STALE_AFTER = timedelta(minutes=10)
"""A working step untouched for so long has lost its job (specification: the runner looks every 10 minutes)."""


def begin(event: Happened[Any]) -> None:
    """Event handler: somebody paid, finished onboarding, or asked for set-up (specification: three trigger points)."""
    trigger = getattr(event.payload, "trigger", ProvisioningJob.Trigger.ONBOARDING)
    pipeline.start(trigger=trigger, now=clock_now(), again=trigger == ProvisioningJob.Trigger.MANUAL)
    pipeline.wake(now=clock_now())


def look_again(_event: Happened[Any]) -> None:
    """Event handler: something that a waiting step may wait for has moved."""
    pipeline.wake(now=clock_now())


def take_connection(_event: Happened[Any]) -> None:
    """Event handler: the studio has connected WhatsApp, for the first time or again; another number is set up anew."""
    pipeline.start(trigger=ProvisioningJob.Trigger.ONBOARDING, now=clock_now(), again=True)
    pipeline.wake(now=clock_now())


def sweep(work: Work[Empty]) -> Outcome:
    """Job handler, for the platform: have every studio with an open run checked."""
    return {"ordered": order_checks(slot=str(work.id))}


def order_checks(*, slot: str) -> int:
    """Order one check for each studio whose set-up is open; the same slot again orders nothing. Returns how many."""
    with all_tenants("find the studios whose set-up is not finished"), atomic():
        open_runs = ProvisioningJob.objects.filter(status__in=ProvisioningJob.OPEN)
        key = f"provisioning.check:{slot}"
        rows = [jobs.NewJob(studio, Empty(), key) for studio in open_runs.values_list("workspace_id", flat=True)]
        return jobs.enqueue_many("provisioning.check", rows)


def check(_work: Work[Empty]) -> Outcome:
    """Job handler: go on with the open run, and order steps again whose job got lost."""
    now = clock_now()
    with atomic():
        run = ProvisioningJob.objects.filter(status__in=ProvisioningJob.OPEN).select_for_update().first()
        if run is None:
            return {"open": False}
        stale = run.steps.select_for_update().filter(status=ProvisioningStep.Status.IN_PROGRESS)
        for row in stale:
            if (row.next_try_at or row.started_at or now) < now - STALE_AFTER:
                pipeline.order(row, now=now)
        pipeline.advance(run, now=now)
    return {"open": True}
