"""What a step of the provisioning pipeline is. Apps register the steps that write their own tables."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID


class WaitsFor(StrEnum):
    """Who the pipeline waits for; waiting is a state, not an error (providers.md section 6)."""

    CUSTOMER = "customer"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Done:
    """The step holds: its result is kept in the checkpoint and shown to the steps that need it."""

    result: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Skipped:
    """An optional step that cannot apply here; counts as green. `reason` is a sentence a person can act on."""

    reason: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Goes on by itself once the other side acted.

    `code` is stable (texts and deep links hang on it), `reason` a sentence, `check_at` when to look again at the latest
    (an event may wake the step sooner), `action` the route name of the one page where the studio acts.
    """

    on: WaitsFor
    code: str
    reason: str
    check_at: datetime
    action: str = ""


StepOutcome = Done | Skipped | Waiting

CUSTOMER_CHECK = timedelta(hours=1)
"""What the studio does wakes its step at once; this only catches a wake-up that was lost."""


def wait_for_customer(
    code: str, reason: str, *, now: datetime, action: str, look_again: timedelta = CUSTOMER_CHECK
) -> Waiting:
    """The studio has to act; `action` is the route name of the page where it does."""
    return Waiting(WaitsFor.CUSTOMER, code, reason, check_at=now + look_again, action=action)


@dataclass(frozen=True, slots=True)
class StepContext:
    """What a step may know. It runs inside the workspace's scope, outside any transaction, under its own lease."""

    workspace_id: UUID
    pipeline_id: UUID
    attempt: int
    correlation_id: UUID
    results: dict[str, dict[str, Any]]
    """Results of the steps named in `needs`, by step name."""


@dataclass(frozen=True, slots=True)
class Step:
    """One idempotent, checkpointed part of the pipeline (specification: Provisioning Pipeline, Module 4).

    `run` may be called again after a crash at any line and must then find what it made before.
    It raises `ProviderError` for failures; `optional` steps never hold up activation.
    """

    name: str
    weight: int
    needs: tuple[str, ...]
    run: Callable[[StepContext], StepOutcome]
    title: str = ""
    optional: bool = False
    missing: Callable[[], Skipped | None] = lambda: None
    """Says why the step cannot apply on this installation, before it is run."""
