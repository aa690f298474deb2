"""The world of the sandbox: everything that every provider knows, in memory.

Contract for provider packages: each has a dataclass `State` that can be made without arguments, can
be pickled (no tasks, locks, sockets or lambdas inside), and has `summary() -> dict[str, object]` for
`GET /_control/state`; and `routes(world) -> list[Route]`, served at the root (see `app.py` for who gets
which path). `pilar.sandbox.whatsapp` also has, for the phones in the browser and the control routes:

- `async phone_writes(world, *, sender, to, text, button) -> dict[str, object]`: a member's phone writes to
  a studio's number; raises LookupError when that number is not on WhatsApp;
- `studio_numbers(world) -> list[tuple[str, str]]`: number in E.164 form and the studio's name.
"""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pilar.sandbox.config import Settings
from pilar.sandbox.delivery import Delivery
from pilar.sandbox.faults import Faults
from pilar.sandbox.phones import Phones

if TYPE_CHECKING:
    from starlette.requests import Request

    from pilar.sandbox.ai import State as AIState
    from pilar.sandbox.elevenlabs import State as VoicesState
    from pilar.sandbox.mail import State as MailState
    from pilar.sandbox.stripe import State as StripeState
    from pilar.sandbox.twilio import State as TwilioState
    from pilar.sandbox.whatsapp import State as WhatsAppState


@dataclass
class Reviews:
    """How people at Twilio and Meta decide: `decision` is "approved" or "rejected", after so many seconds."""

    delay_seconds: float = 1.0
    decision: str = "approved"


@dataclass
class World:
    settings: Settings
    stripe: StripeState
    twilio: TwilioState
    whatsapp: WhatsAppState
    ai: AIState
    voices: VoicesState
    mail: MailState
    phones: Phones = field(default_factory=Phones)
    reviews: Reviews = field(default_factory=Reviews)
    faults: Faults = field(default_factory=Faults)
    delivery: Delivery = field(default_factory=Delivery)
    clock: Callable[[], float] = time.time
    random: random.Random = field(default_factory=random.SystemRandom)
    touched: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.faults.latency_ms = self.settings.sandbox_latency_ms
        self.delivery.faults = self.faults
        self.delivery.touched = self.touch
        self.stripe.seed(self.settings)

    def touch(self, provider: str) -> None:
        """Note that something of this provider changed and is to be kept."""
        self.touched.add("ai" if provider in ("openai", "groq", "anthropic") else provider)
        if provider in ("whatsapp", "twilio"):
            self.touched.add("phones")

    def now(self) -> int:
        """Unix time in whole seconds, the unit of every provider's timestamps."""
        return int(self.clock())

    def reset(self) -> None:
        """Forget all that happened; settings stay, waiting webhooks are dropped."""
        for name in SECTIONS:
            setattr(self, name, type(getattr(self, name))())
        self.stripe.seed(self.settings)
        self.reviews = Reviews()
        self.faults.clear()
        self.faults.latency_ms = self.settings.sandbox_latency_ms
        self.delivery.clear()


SECTIONS = ("stripe", "twilio", "whatsapp", "ai", "voices", "mail", "phones")


def world_of(request: Request) -> World:
    world: World = request.app.state.world
    return world


def token(prefix: str, length: int = 24) -> str:
    """A fresh id as providers make them, such as `cus_` and 24 letters and digits."""
    return prefix + "".join(secrets.choice(ALPHABET) for _ in range(length))


def hex_id(prefix: str, length: int = 32) -> str:
    """A fresh id of lower-case hexadecimal digits, as Twilio's sids are."""
    return prefix + secrets.token_hex(length // 2)


ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
