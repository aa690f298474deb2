"""What a month costs a studio of a given size: our plan, and what Meta charges for the coach's messages."""

from collections.abc import Iterable
from dataclasses import dataclass

from workspaces.models import Plan

CENTS_A_MESSAGE = 11
"""A cautious price of one message that the coach begins, in Germany; an example beside the price list, which is Meta's."""
DAYS_A_MONTH = 30
MOST_MEMBERS = 50_000
MOST_MESSAGES = 30


@dataclass(frozen=True, slots=True)
class PriceExample:
    """A month in cents without VAT. `messages` are those that the coach begins; `plan` is None when none is large enough."""

    members: int
    each: int
    plan: Plan | None

    @property
    def messages(self) -> int:
        return self.members * self.each

    @property
    def meta_cents(self) -> int:
        return self.messages * CENTS_A_MESSAGE

    @property
    def total_cents(self) -> int:
        return self.meta_cents + (self.plan.price_cents if self.plan else 0)

    @property
    def cents_a_member(self) -> int:
        return round(self.total_cents / self.members)


def reckon(plans: Iterable[Plan], *, members: int, each: int) -> PriceExample:
    """Reckon a month of `members` (at least one) with `each` messages to every one, on the cheapest plan that holds both."""
    members, each = min(max(members, 1), MOST_MEMBERS), min(max(each, 0), MOST_MESSAGES)
    fitting = [
        plan for plan in plans if members <= plan.leads and members * each <= plan.messages_per_day * DAYS_A_MONTH
    ]
    return PriceExample(members, each, min(fitting, key=lambda plan: plan.price_cents, default=None))
