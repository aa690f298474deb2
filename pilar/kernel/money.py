"""Money as whole cents, or as whole millionths of a euro where it is smaller. Never a float.

There is one way to write each for people: `cents` for prices and invoices, `shown` for what messages and answers cost,
and `exact` for operators, who compare it with a provider's list.
"""

from decimal import ROUND_HALF_UP, Decimal

from babel.numbers import format_currency
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from pilar.kernel import reader
from pilar.kernel.problems import Problem

MICRO = 1_000_000
"""Micro-euro in a euro."""
MICRO_EURO = "micro_euro"
"""The unit of a budget that counts them."""
CENT = Decimal("0.01")


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


def cents(amount: int, currency: str = "EUR") -> str:
    """Write whole cents in the reader's way; whole amounts without decimals."""
    return _written(Decimal(amount) / 100, ".00" if amount % 100 else "", currency)


def shown(micro_euro: int) -> str:
    """Write micro-euro for people: to the cent, and what is less than one in words."""
    amount = euro(micro_euro)
    if 0 < amount < CENT:
        return _("under 1 cent")
    return _written(amount.quantize(CENT, ROUND_HALF_UP), ".00")


def exact(micro_euro: int) -> str:
    """Write micro-euro with all their digits, at least those of the cents."""
    return _written(euro(micro_euro), ".00####")


def of_budget(amount: int | None, unit: str) -> str:
    """Write an amount of a budget for operators: euro exactly, everything else as a number, no limit as ∞."""
    if amount is None:
        return "∞"
    return exact(amount) if unit == MICRO_EURO else number_format(amount, force_grouping=True)


def _written(amount: Decimal, decimals: str, currency: str = "EUR") -> str:
    locale = reader.locale()
    pattern = locale.currency_formats["standard"].pattern.replace(".00", decimals)
    return format_currency(amount, currency, pattern, locale=locale, currency_digits=False)
