"""What a studio allows itself in a day and an hour, within what its plan allows, and what happens to work beyond it."""

from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _

from pilar.backplane import budgets
from pilar.backplane.models import Budget
from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel import money
from pilar.kernel.problems import NotFound, Problem
from workspaces import plan_limits
from workspaces.models import Workspace

EURO = "euro"


def of_plan(workspace: Workspace) -> dict[str, int]:
    """Return the daily allowance of each resource that the plan limits."""
    allowed = plan_limits.of(workspace.plan)
    return {"messages": allowed.messages_per_day, "tokens": allowed.tokens_per_day}


def change(
    *, workspace_id: UUID, resource: str, daily: int | None, hourly: int | None, policy: str, actor: str
) -> None:
    """Let the studio use at most so much of a resource in a day and an hour (None: what the plan allows), and set what
    happens to work beyond its limits.

    Raises NotFound for a resource that the plan does not limit, Problem for more than the plan allows in a day or less
    than nothing, and for an unknown policy.
    """
    workspace = Workspace.objects.select_related("plan").get(pk=workspace_id)
    most = of_plan(workspace).get(resource)
    if most is None:
        raise NotFound
    asked = {"daily": daily, "hourly": hourly}
    wrong = [name for name, wanted in asked.items() if wanted is not None and not 0 < wanted <= most]
    if wrong:
        text = _("Choose a number from 1 to %(most)d: that is what your plan allows a day.") % {"most": most}
        raise Problem(text, code="validation_failed", fields=dict.fromkeys(wrong, text))
    _known(policy)
    with tenant(workspace_id), atomic():
        budgets.choose(resource, policy=policy, hourly=hourly, own_daily=daily, actor=actor)


def cap(*, workspace_id: UUID, daily: Decimal | None, monthly: Decimal | None, policy: str, actor: str) -> None:
    """Let messages and models cost the studio at most so many euro in a day and in a month (None: as many as they cost).

    Raises Problem for less than nothing, parts of a micro-euro, and an unknown policy.
    """
    asked = {"daily": daily, "monthly": monthly}
    wrong = [name for name, wanted in asked.items() if wanted is not None and wanted < 0]
    if wrong:
        text = _("An amount of money is never less than nothing.")
        raise Problem(text, code="validation_failed", fields=dict.fromkeys(wrong, text))
    _known(policy)
    chosen = {name: None if wanted is None else money.micro(wanted) for name, wanted in asked.items()}
    with tenant(workspace_id), atomic():
        budgets.choose(EURO, policy=policy, own_daily=chosen["daily"], own_monthly=chosen["monthly"], actor=actor)


def _known(policy: str) -> None:
    if policy not in Budget.Policy.values:
        text = _("Choose what happens to what does not fit.")
        raise Problem(text, code="validation_failed", fields={"policy": text})
