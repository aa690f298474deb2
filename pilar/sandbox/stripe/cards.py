"""The means of payment on the hosted pages, each with the fate that Stripe's test numbers have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Json = dict[str, Any]
Fate = Literal["paid", "declined", "action", "settles", "bounces"]


@dataclass(frozen=True)
class Means:
    """`refused` is the decline code of the first use, "" when it is taken; `fate` is that of every charge."""

    key: str
    label: str
    kind: Literal["card", "sepa_debit"]
    last4: str
    fate: Fate
    refused: str = ""


MEANS = (
    Means("good", "Card 4242: always works", "card", "4242", "paid"),
    Means("fails_later", "Card 0341: accepted now, every charge fails", "card", "0341", "declined"),
    Means("needs_action", "Card 3184: each renewal needs a confirmation", "card", "3184", "action"),
    Means("declined", "Card 0002: declined", "card", "0002", "declined", "generic_decline"),
    Means("no_funds", "Card 9995: insufficient funds", "card", "9995", "declined", "insufficient_funds"),
    Means("sepa", "SEPA debit 3000: settles after a while", "sepa_debit", "3000", "settles"),
    Means("sepa_fails", "SEPA debit 3001: bounces after a while", "sepa_debit", "3001", "bounces"),
)
BY_KEY = {means.key: means for means in MEANS}
BY_LAST4 = {means.last4: means for means in MEANS}
GOOD = BY_KEY["good"]


def fate_of(method: Json | None) -> Fate:
    """How a charge of this payment method ends; without one it is declined."""
    if method is None:
        return "declined"
    return BY_LAST4[method[method["type"]]["last4"]].fate
