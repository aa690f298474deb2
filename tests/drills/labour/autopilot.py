"""Effects at a provider that keeps its books in a folder: a file for each effect, a byte for each time it was made.

Providers come in three kinds (reliability P2): one that can be asked for what it made, one that honours idempotency
keys, and one of which nobody can say afterwards what it did.
"""

import os
import random
import time
from datetime import timedelta
from pathlib import Path

from pilar.backplane import effects
from pilar.backplane.effects import EffectResult
from pilar.kernel import switchboard
from pilar.kernel.switchboard import Empty, Payload, Work

SLOWEST = 0.04
"""Seconds that a provider takes at most to answer after it has acted."""


class Order(Payload):
    """Something to be made once. `books` is the provider's folder."""

    name: str
    books: str


def make(order: Order, *, flags: int = os.O_APPEND) -> EffectResult:
    """Act, then take the time that providers take: whoever is killed meanwhile never hears the answer.

    Nothing passes between the call and the act: a request that has left goes on, though its caller is frozen.
    """
    file = os.open(Path(order.books, order.name), os.O_WRONLY | os.O_CREAT | flags, 0o600)
    os.write(file, b"x")
    os.close(file)
    time.sleep(random.uniform(0, SLOWEST))
    return EffectResult(order.name)


def made(order: Order) -> EffectResult | None:
    """Look the effect up at the provider."""
    return EffectResult(order.name) if Path(order.books, order.name).exists() else None


def with_a_marker(work: Work[Order]) -> None:
    """As a number at Twilio."""
    order = work.payload
    effects.perform(
        key=order.name, provider="drill", operation="mark", call=lambda _key: make(order), look_up=lambda: made(order)
    )


def with_a_key(work: Work[Order]) -> None:
    """As a charge at Stripe: the provider answers a known key by what it made before."""
    order = work.payload

    def call(key: str) -> EffectResult:
        # Of two calls at once with one key the provider takes one, as Stripe does.
        keyed = order.model_copy(update={"name": f"{order.name}.{key}"})
        try:
            return make(keyed, flags=os.O_EXCL)
        except FileExistsError:
            return EffectResult(keyed.name)

    effects.perform(key=order.name, provider="drill", operation="key", call=call, repeatable=True)


def blind(work: Work[Order]) -> None:
    """As a message on WhatsApp."""
    order = work.payload
    effects.perform(key=order.name, provider="drill", operation="blind", call=lambda _key: make(order))


def nothing(_work: Work[Order]) -> None:
    """End at once."""


def tick(_work: Work[Empty]) -> None:
    """That a slot of the schedule came."""


switchboard.job("drill.marked", with_a_marker, payload=Order, lane="provisioning")
switchboard.job("drill.keyed", with_a_key, payload=Order, lane="webhooks")
switchboard.job("drill.blind", blind, payload=Order, lane="messages")
switchboard.job("drill.nothing", nothing, payload=Order, lane="bulk")

TICK = timedelta(seconds=5)
switchboard.job("clock.tick", tick, lane="health")
switchboard.every("clock.ticks", TICK, "clock.tick")
