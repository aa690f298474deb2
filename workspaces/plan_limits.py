"""What a plan allows, told to the engine that counts it."""

from dataclasses import dataclass

from django.urls import reverse

from pilar.backplane import budgets, tenants
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
