"""What the simulated models remember: how often they were asked, and the last questions."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

KEPT_CALLS = 50


@dataclass
class State:
    calls: Counter[str] = field(default_factory=Counter)
    tokens: Counter[str] = field(default_factory=Counter)
    recent: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT_CALLS))

    def note(self, provider: str, request: dict[str, Any], reply: str, tokens: int) -> None:
        self.calls[provider] += 1
        self.tokens[provider] += tokens
        self.recent.append({"provider": provider, "request": request, "reply": reply})

    def summary(self) -> dict[str, object]:
        """What ``/_control/state`` shows, so that a test can count the calls."""
        return {
            "calls": self.calls.total(),
            "byProvider": dict(self.calls),
            "tokens": self.tokens.total(),
            "tokensByProvider": dict(self.tokens),
        }
