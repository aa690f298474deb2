"""Money that is smaller than a cent: whole millionths of a euro. Never a float."""

from decimal import Decimal

from django.utils.translation import gettext as _

from pilar.kernel.problems import Problem

MICRO = 1_000_000
"""Micro-euro in a euro."""
MICRO_EURO = "micro_euro"
"""The unit of a budget that counts them."""


def euro(micro_euro: int) -> Decimal:
    """Return micro-euro as euro, exactly."""
    return Decimal(micro_euro) / MICRO


def micro(amount: Decimal) -> int:
    """Return euro as micro-euro. Raises Problem for parts of a micro-euro."""
    whole = amount * MICRO
    if whole != whole.to_integral_value():
        text = _("Use at most six digits behind the point.")
        raise Problem(text, code="validation_failed")
    return int(whole)


def written(amount: int | None, unit: str) -> str:
    """Write an amount of a budget for operators: euro as such, everything else as a number, no limit as ∞."""
    if amount is None:
        return "∞"
    return f"{euro(amount):.2f} €" if unit == MICRO_EURO else str(amount)
