"""What messages and models cost, in micro-euro: whole millionths of a euro, rounded up. Never a float.

The list that comes with us stands in `price_list.toml`; rows of `Price` are the operators' own and win. A price that
nobody knows is None, never nothing: whoever shows it says so.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_CEILING, Decimal
from functools import cache
from pathlib import Path
from typing import Literal

from pilar.kernel.money import MICRO
from pilar.providers.models import Price

LIST = Path(__file__).with_name("price_list.toml")

type Kind = Literal["message", "input", "output", "currency"]


@dataclass(frozen=True, slots=True)
class Known:
    """What one message, a million tokens, or one unit of a currency costs from a day on."""

    kind: str
    name: str
    amount: Decimal
    currency: str
    since: date
    source: str


type Prices = dict[tuple[str, str], Known | Price]


@cache
def listed() -> tuple[Known, ...]:
    """Return the list that comes with us."""
    kinds = tomllib.loads(LIST.read_text())
    return tuple(
        Known(kind, name, Decimal(amount), entry["currency"], entry["since"], entry["source"])
        for kind, entries in kinds.items()
        for entry in entries
        for name, amount in entry["prices"].items()
    )


def message(*, country: str, category: str, at: datetime) -> int | None:
    """Return what one WhatsApp message costs in micro-euro; `category` in Meta's words, `country` of the receiver."""
    return _sum([("message", f"{country} {category}", MICRO)], at)


def tokens(*, model: str, read: int, written: int, at: datetime) -> int | None:
    """Return what an answer of `model` (`provider/name`) costs in micro-euro, by the tokens read and written."""
    return _sum([("input", model, read), ("output", model, written)], at)


def _sum(things: Iterable[tuple[Kind, str, int]], at: datetime) -> int | None:
    """Add up what things cost, each priced by the million; None as soon as one of them has no known price."""
    known, total = _in_force(at), Decimal(0)
    for kind, name, amount in things:
        price = known.get((kind, name))
        rate = _rate(price.currency, known) if price else None
        if price is None or rate is None:
            return None
        total += amount * price.amount * rate
    return int(total.to_integral_value(ROUND_CEILING))


def _rate(currency: str, known: Prices) -> Decimal | None:
    if currency == "EUR":
        return Decimal(1)
    found = known.get(("currency", currency))
    return found.amount if found else None


def _in_force(at: datetime) -> Prices:
    """Of each thing the operators' newest price that has begun, else the newest of the list. Asks once for all."""
    begun: list[Known | Price] = [one for one in listed() if one.since <= at.date()]
    begun.sort(key=lambda one: one.since)
    begun += Price.objects.filter(since__lte=at.date()).order_by("since")
    return {(one.kind, one.name): one for one in begun}
