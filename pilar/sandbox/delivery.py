"""Webhooks on their way to the product: sent in the background, repeated until it answers 2xx.

Providers repeat for hours or days; the sandbox does the same with gaps of seconds, so that a product
which was down for a minute catches up in a test as it would in life.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from pilar.sandbox.post import Poster

if TYPE_CHECKING:
    from pilar.sandbox.faults import Fault, Faults

# Called for each attempt with the body and the Unix time, so that a repeat carries a fresh signature.
Signer = Callable[[bytes, float], Mapping[str, str]]
Headers = Mapping[str, str] | Signer

ATTEMPTS = 30
FIRST_GAP = 0.5
LONGEST_GAP = 30.0
PARCELS = "parcels"
LOG_LENGTH = 500
# Older than the 300 s that Stripe's SDK tolerates.
STALE_SECONDS = 600.0


@dataclass
class Parcel:
    """One webhook: to whom, what, and how often it was tried."""

    url: str
    body: bytes
    headers: Headers
    provider: str
    event: str
    due: float
    attempts: int = ATTEMPTS
    ref: str = ""
    tried: int = 0
    answer: int | str = ""


@dataclass
class LogEntry:
    """One attempt, for `GET /_control/state`: `answer` is an HTTP status or the name of an error."""

    at: float
    provider: str
    event: str
    url: str
    answer: int | str
    attempt: int


@dataclass
class Delivery:
    """`touched` hears of each webhook that a provider sends: something of it has changed."""

    faults: Faults | None = None
    touched: Callable[[str], None] | None = None
    pending: dict[int, Parcel] = field(default_factory=dict)
    undelivered: set[str] = field(default_factory=set)
    delivered: int = 0
    failed: int = 0
    log: deque[LogEntry] = field(default_factory=lambda: deque(maxlen=LOG_LENGTH))
    _tasks: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    _poster: Poster = field(default_factory=Poster)
    _next_id: int = 0

    def deliver(
        self,
        url: str,
        body: bytes,
        headers: Headers,
        *,
        delay: float = 0.0,
        provider: str = "",
        event: str = "",
        attempts: int = ATTEMPTS,
        ref: str = "",
    ) -> None:
        """Send `body` to `url` in the background, first after `delay` seconds; returns at once.

        `headers` is a mapping, or a `Signer` when each attempt needs its own timestamp. `provider` and
        `event` are the names under which faults and the log know this webhook; `ref` is in `undelivered`
        until the product has answered 2xx. Call it inside the loop.
        """
        self._note(provider)
        fault = self.faults.take_webhook(provider, event) if self.faults else None
        parcel = Parcel(url, body, headers, provider, event, time.time() + delay, attempts, ref)
        if fault is None:
            self._send(parcel)
        else:
            self._send_badly(parcel, fault)

    def counts(self) -> dict[str, int]:
        return {"pending": len(self.pending), "delivered": self.delivered, "failed": self.failed}

    def recent(self, limit: int = 50) -> list[dict[str, object]]:
        """The last attempts, newest first."""
        return [asdict(entry) for entry, _ in zip(reversed(self.log), range(limit), strict=False)]

    def clear(self) -> None:
        """Drop all that waits and forget the counts."""
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()
        self.pending.clear()
        self.undelivered.clear()
        self.log.clear()
        self.delivered = self.failed = 0

    def resume(self, parcels: list[Parcel]) -> None:
        """Take up the webhooks that were waiting when the sandbox was stopped."""
        for parcel in parcels:
            self._send(parcel)

    async def close(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        self._poster.close()

    def _note(self, changed: str) -> None:
        if self.touched:
            self.touched(changed)

    def _send_badly(self, parcel: Parcel, fault: Fault) -> None:
        late = (fault.latency_ms or 3_000) / 1000
        if fault.kind == "duplicate":
            self._send(parcel)
            parcel = replace(parcel, due=parcel.due + random.uniform(0, late / 10))
        elif fault.kind in ("slow", "reset", "status"):
            parcel.due += late
        elif fault.kind == "timeout":
            parcel.headers = Stale(parcel.headers)
        elif fault.kind == "garbage":
            parcel.headers = Forged(parcel.headers)
        elif fault.kind == "lost-answer":
            parcel.headers = Unheard(parcel.headers)
        self._send(parcel)

    def _send(self, parcel: Parcel) -> None:
        self._next_id += 1
        key = self._next_id
        self.pending[key] = parcel
        self._note(PARCELS)
        if parcel.ref:
            self.undelivered.add(parcel.ref)
        self._tasks[key] = asyncio.get_running_loop().create_task(self._carry(key, parcel))

    async def _carry(self, key: int, parcel: Parcel) -> None:
        try:
            delivered = await self._try_until_taken(parcel)
        finally:
            self._tasks.pop(key, None)
        self.pending.pop(key, None)
        self._note(PARCELS)
        if delivered:
            self.delivered += 1
            self.undelivered.discard(parcel.ref)
        else:
            self.failed += 1

    async def _try_until_taken(self, parcel: Parcel) -> bool:
        while parcel.tried < parcel.attempts:
            wait = parcel.due - time.time()
            if wait > 0:
                await asyncio.sleep(wait)
            parcel.tried += 1
            parcel.answer = await self._attempt(parcel)
            self.log.append(
                LogEntry(time.time(), parcel.provider, parcel.event, parcel.url, parcel.answer, parcel.tried)
            )
            if isinstance(parcel.answer, int) and 200 <= parcel.answer < 300:
                return True
            gap = min(LONGEST_GAP, FIRST_GAP * 2 ** (parcel.tried - 1))
            parcel.due = time.time() + gap * random.uniform(0.8, 1.2)
        return False

    async def _attempt(self, parcel: Parcel) -> int | str:
        fields = signed(parcel.headers, parcel.body, time.time())
        try:
            status = await self._poster.post(parcel.url, parcel.body, fields)
        except (OSError, ValueError) as error:
            return f"{type(error).__name__}: {error}"
        if isinstance(parcel.headers, Unheard) and parcel.tried == 1:
            return "answer lost on demand"
        return status


def signed(headers: Headers, body: bytes, at: float) -> Mapping[str, str]:
    return headers(body, at) if callable(headers) else headers


@dataclass
class Stale:
    """Signs as if the webhook had left long ago: outside the tolerance of the receiver."""

    headers: Headers

    def __call__(self, body: bytes, at: float) -> Mapping[str, str]:
        return signed(self.headers, body, at - STALE_SECONDS)


@dataclass
class Forged:
    """Signs another body: the receiver must refuse it."""

    headers: Headers

    def __call__(self, body: bytes, at: float) -> Mapping[str, str]:
        return signed(self.headers, body + b" ", at)


@dataclass
class Unheard:
    """The first answer is lost on its way back, so the webhook comes again."""

    headers: Headers

    def __call__(self, body: bytes, at: float) -> Mapping[str, str]:
        return signed(self.headers, body, at)
