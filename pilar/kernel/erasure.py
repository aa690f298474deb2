"""Erasing a person (GDPR Art. 17): each room clears its own tables of what leads to them (reliability S10)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Traces:
    """What a person left behind in payloads and logs. `ref` is the id that stays in the audit as their pseudonym."""

    ref: UUID
    marks: tuple[str, ...]
    """Numbers as digits, user ids, the e-mail address: who the person is."""
    messages: tuple[str, ...] = ()
    """The provider's ids of the messages."""
    effects: tuple[str, ...] = ()
    """The keys of the intents behind the messages."""

    @property
    def pattern(self) -> str:
        """A regular expression of PostgreSQL for any mark, not inside of a longer number."""
        names = "|".join(re.escape(mark) for mark in (*self.marks, str(self.ref)) if mark)
        return f"(^|[^0-9])({names})([^0-9]|$)"


@dataclass(frozen=True, slots=True)
class Cleared:
    """How many rows were cleared, and how many are still in work and must be looked at again."""

    rows: int
    left: int = 0


Eraser = Callable[[Traces], Cleared]
"""Runs in the workspace's scope and an open transaction; may run again."""
