"""What a person sees of a run: the same facts for the live page, the API and the admin."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from pilar.backplane.tenancy import atomic
from pilar.kernel import switchboard
from provisioning.models import ProvisioningJob, ProvisioningStep

_SHOWN_AS = {
    "pending": "pending",
    "in_progress": "working",
    "retrying": "working",
    "failed": "failed",
    "completed": "done",
    "skipped": "skipped",
}
_RUN_SHOWN_AS = {"running": "running", "waiting": "waiting", "failed": "failed", "succeeded": "ready"}


@dataclass(frozen=True, slots=True)
class StepReport:
    """`seconds` is our own time, `waited_seconds` the studio's or a review's (checklist K-08)."""

    key: str
    state: str
    weight: int
    attempts: int
    started_at: datetime | None
    completed_at: datetime | None
    seconds: float | None
    waited_seconds: float
    reason: str
    waiting_for: str
    waiting_code: str
    since: datetime | None
    next_try_at: datetime | None
    action_url: str
    action_text: str
    error_class: str
    error: str
    result: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunReport:
    id: UUID
    status: str
    trigger: str
    from_step: str
    progress: int
    started_at: datetime
    finished_at: datetime | None
    our_seconds: float
    correlation_id: UUID
    steps: list[StepReport]


def latest() -> RunReport | None:
    """Return the newest run of the current workspace, or None before the first."""
    with atomic():
        run = ProvisioningJob.objects.order_by("-started_at").first()
        return describe(run) if run else None


def history(limit: int = 10) -> list[RunReport]:
    """Return the newest runs, newest first."""
    with atomic():
        runs = list(ProvisioningJob.objects.prefetch_related("steps").order_by("-started_at")[:limit])
        return [describe(run) for run in runs]


def describe(run: ProvisioningJob) -> RunReport:
    """Put a run into words and numbers. Inside a transaction."""
    rows = list(run.steps.all())
    order = {name: place for place, name in enumerate(in_order())}
    rows.sort(key=lambda row: order.get(row.name, len(order)))
    steps = [_step(row) for row in rows if row.name in switchboard.steps]
    return RunReport(
        id=run.pk,
        status=_RUN_SHOWN_AS[run.status],
        trigger=run.trigger,
        from_step=run.from_step,
        progress=progress(rows),
        started_at=run.started_at,
        finished_at=run.finished_at,
        our_seconds=round(sum(step.seconds or 0 for step in steps), 3),
        correlation_id=run.correlation_id,
        steps=steps,
    )


def progress(rows: list[ProvisioningStep]) -> int:
    """Return 0-100: the weight of the green steps over all weights."""
    weights = {name: step.weight for name, step in switchboard.steps.items()}
    total = sum(weights.values())
    done = sum(weights.get(row.name, 0) for row in rows if row.status in ProvisioningStep.GREEN)
    return round(100 * done / total) if total else 0


def in_order() -> list[str]:
    """Return the step names so that every step stands behind what it needs, and short ways come first."""
    depth: dict[str, int] = {}

    def depth_of(name: str) -> int:
        if name not in depth:
            depth[name] = 1 + max((depth_of(need) for need in switchboard.steps[name].needs), default=0)
        return depth[name]

    return sorted(switchboard.steps, key=depth_of)


def _step(row: ProvisioningStep) -> StepReport:
    step = switchboard.steps[row.name]
    waits = row.status == ProvisioningStep.Status.WAITING
    url, text = _action(row)
    return StepReport(
        key=row.name,
        state=state(row),
        weight=step.weight,
        attempts=row.attempts,
        started_at=row.started_at,
        completed_at=row.completed_at,
        seconds=_own_seconds(row),
        waited_seconds=round(row.waited_seconds, 3),
        reason=row.reason,
        waiting_for=_waiting_for(row) if waits else "",
        waiting_code=row.waiting_code if waits else "",
        since=row.waiting_since,
        next_try_at=row.next_try_at,
        action_url=url,
        action_text=text,
        error_class=row.error_class,
        error=row.error,
        result=shown_result(row),
    )


def state(row: ProvisioningStep) -> str:
    """Return the word that people see of a checkpoint's status."""
    return _SHOWN_AS.get(row.status, "") or f"awaiting_{row.waiting_on}"


def shown_result(row: ProvisioningStep) -> dict[str, Any]:
    """Return a checkpoint's result without the defaults, which have a route and a page of their own."""
    return {key: value for key, value in row.result.items() if key != "defaults"}


def _own_seconds(row: ProvisioningStep) -> float | None:
    if row.started_at is None or row.completed_at is None:
        return None
    return round(max(0.0, (row.completed_at - row.started_at).total_seconds() - row.waited_seconds), 3)


def _waiting_for(row: ProvisioningStep) -> str:
    if row.waiting_on == "customer":
        return "customer"
    return "twilio" if row.name.startswith("twilio") else "meta"


def _action(row: ProvisioningStep) -> tuple[str, str]:
    if not row.action or row.status != ProvisioningStep.Status.WAITING:
        return "", ""
    try:
        return reverse(row.action), _ACTION_TEXTS.get(row.action, lambda: _("Do it now"))()
    except NoReverseMatch:
        return "", ""


_ACTION_TEXTS = {
    "workspaces:onboarding": lambda: _("Complete the studio's data"),
    "workspaces:onboarding_studio": lambda: _("Complete the studio's data"),
    "workspaces:onboarding_address": lambda: _("Complete the studio's data"),
    "workspaces:papers": lambda: _("Upload the papers"),
    "provisioning:whatsapp": lambda: _("Connect WhatsApp"),
    "workspaces:billing": lambda: _("Check the payment"),
}
