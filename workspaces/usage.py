"""What a studio uses of what its plan holds; each room counts its own."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pilar.backplane.tenancy import atomic, current
from pilar.kernel import switchboard
from workspaces import plan_limits
from workspaces.models import Membership, Plan


@dataclass(frozen=True, slots=True)
class Use:
    """How much of one limit is taken: members or seats."""

    resource: str
    used: int
    limit: int

    @property
    def is_full(self) -> bool:
        return self.used >= self.limit


def seats() -> int:
    """Count the people of the current workspace."""
    return Membership.objects.filter(workspace_id=current()).count()


def of(plan: Plan) -> list[Use]:
    """Return what the current workspace uses of the standing limits of `plan`; daily ones are the budgets' business."""
    allowed = plan_limits.of(plan)
    limits = {"leads": allowed.leads, "seats": allowed.seats}
    with atomic():
        return [Use(name, count(), limits[name]) for name, count in switchboard.counters.items() if name in limits]


def too_much_for(plan: Plan) -> list[str]:
    """Return, in sentences, what the current workspace would have to give up before it fits into `plan`."""
    return [_SENTENCES[use.resource](use) for use in of(plan) if use.used > use.limit]


def _leads(use: Use) -> str:
    text = _("You have %(used)s members, this plan holds %(limit)s. Remove %(rest)s first.")
    return text % {"used": use.used, "limit": use.limit, "rest": use.used - use.limit}


def _seats(use: Use) -> str:
    rest = use.used - use.limit
    text = ngettext(
        "Your team is larger than this plan: take one person out first.",
        "Your team is larger than this plan: take %(rest)s people out first.",
        rest,
    )
    return text % {"rest": rest}


_SENTENCES = {"leads": _leads, "seats": _seats}
