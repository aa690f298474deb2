"""What a plan allows, told to the engine that counts it."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from pilar.backplane import budgets, jobs, tenants
from pilar.backplane.jobs import NewJob
from pilar.backplane.tenancy import all_tenants, atomic
from pilar.kernel.switchboard import Empty, Payload, Work
from workspaces.models import Plan, Workspace

WEIGHT = {"PRO": 2}
"""A larger studio gets more turns in the queue; the starving of a smaller one is excluded by the queue itself."""


@dataclass(frozen=True, slots=True)
class Limits:
    leads: int
    messages_per_day: int
    tokens_per_day: int
    seats: int


def of(plan: Plan) -> Limits:
    """Return the limits of a plan."""
    return Limits(plan.leads, plan.messages_per_day, plan.tokens_per_day, plan.seats)


def larger_plans() -> str:
    """Return the address of the page on which a studio that outgrew its plan chooses a larger one."""
    return f"{reverse('workspaces:billing')}#plans"


def apply(workspace: Workspace) -> None:
    """Tell the engine a workspace's time zone, share and daily budgets. Runs in the workspace's scope."""
    tenants.put(workspace.pk, timezone=workspace.timezone, weight=WEIGHT.get(workspace.plan.code, 1))
    allowed = of(workspace.plan)
    budgets.allow("messages", daily=allowed.messages_per_day, policy="queue")
    budgets.allow("tokens", daily=allowed.tokens_per_day, policy="degrade")


CHANGED, APPLY = "workspaces.plan_changed", "workspaces.apply_plan"


class ChangedPlan(Payload):
    plan: str


def apply_everywhere(plan: Plan, *, now: datetime) -> None:
    """Order that every studio of a plan gets its new limits. Runs in the platform's scope, with the change."""
    jobs.enqueue(CHANGED, ChangedPlan(plan=plan.code), key=f"plan:{plan.code}:{now.isoformat()}")


def order_everywhere(work: Work[ChangedPlan]) -> dict[str, int]:
    """Job handler: one job for each studio that has the plan."""
    with all_tenants("every studio of a plan gets its new limits"):
        studios = Workspace.objects.filter(plan_id=work.payload.plan).values_list("pk", flat=True)
        rows = [NewJob(studio, Empty(), f"limits:{work.id}") for studio in studios.iterator()]
        return {"ordered": jobs.enqueue_many(APPLY, rows)}


def apply_own(work: Work[Empty]) -> None:
    """Job handler: by what the studio's plan is now."""
    with atomic():
        apply(Workspace.objects.select_related("plan").get(pk=work.workspace_id))
