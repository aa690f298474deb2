"""The registries that apps write in their `autopilot.py` and that the engine, health, provisioning and dashboard read.

Every name may be registered once; a second registration is a programming error and stops the start-up.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.utils.functional import Promise
from pydantic import BaseModel, ConfigDict

from pilar.kernel.console import Finder, Panel, StudioPanel, Wording
from pilar.kernel.erasure import Eraser
from pilar.kernel.shown import Command, Needs, Saying, Search, Subject, Widget
from pilar.kernel.steps import Step

LANES = ("events", "provisioning", "messages", "webhooks", "health", "bulk")


class Payload(BaseModel):
    """Base of every event and job payload: unknown fields are refused at the door, not in the worker."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Empty(Payload):
    """For work that needs no input."""


class Work[P: BaseModel](NamedTuple):
    """What a job handler gets. It runs inside the workspace's scope, outside any transaction."""

    id: UUID
    workspace_id: UUID
    type: str
    payload: P
    attempt: int
    correlation_id: UUID
    causation_id: UUID | None = None


class Happened[P: BaseModel](NamedTuple):
    """What an event handler gets: an immutable fact. Order is not trusted; it may come more than once."""

    id: UUID
    workspace_id: UUID
    type: str
    payload: P
    occurred_at: datetime
    correlation_id: UUID
    attempt: int


@dataclass(frozen=True, slots=True)
class Reschedule:
    """Returned by a handler that is not finished: run again at `at`, without counting as a failure."""

    at: datetime
    reason: str = ""


class Permanent(Exception):
    """Raised by a handler when trying again cannot help: the job goes to the dead letters at once."""


class RetryAt(Exception):
    """Raised by a handler that failed for now and knows when to try again (provider's Retry-After); counts an attempt."""

    counts = True

    def __init__(self, reason: str, *, after: float) -> None:
        super().__init__(reason)
        self.after = after


Outcome = Reschedule | dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class EventType:
    name: str
    payload: type[BaseModel]
    external: bool = False
    """Whether `POST /api/autopilot/events` accepts it from outside."""


@dataclass(frozen=True, slots=True)
class JobType:
    name: str
    handler: Callable[[Any], Outcome]
    payload: type[BaseModel]
    lane: str
    priority: int = 5
    max_attempts: int = 3
    timeout: timedelta = timedelta(minutes=2)
    external: bool = False
    is_subscription: bool = False
    provider: str = ""
    """Whom the handler calls: when that provider says wait, its jobs of the same workspace wait together."""
    uses: Mapping[str, int] | None = None
    """The most that one run takes of each budget it is known to take of; None: nobody has said."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A recurring occurrence, keyed by (name, slot): each slot makes its job exactly once, also with two beats."""

    name: str
    every: timedelta
    job: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What a health probe saw. `status` is healthy | degraded | failed (specification Module 7).

    `for_studio`: nobody but the studio can mend it, so its own pages are red; what we can mend makes them amber.
    """

    status: str
    summary: str
    fix: str = ""
    code: str = ""
    severity: str = "low"
    metrics: dict[str, float] | None = None
    for_studio: bool = False


@dataclass(frozen=True, slots=True)
class Probe:
    """A check of one component; `per_workspace` probes run inside the workspace's scope with its id, others with None."""

    name: str
    component: str
    check: Callable[[UUID | None], Finding]
    per_workspace: bool
    every: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Remediation:
    """Repairs what a finding with `code` names; verified by running the probe again."""

    code: str
    action: str
    run: Callable[[UUID | None], str]


@dataclass(frozen=True, slots=True)
class Summary:
    """A part of the owner's letter: names and figures of a span [since, until), in the language in force. Runs inside
    the workspace's scope and an open transaction.
    """

    name: str
    rows: Callable[[datetime, datetime], list[tuple[str, int]]]
    order: int = 50


@dataclass(frozen=True, slots=True)
class OperatorAction:
    name: str
    run: Callable[[UUID], str]
    title: str


@dataclass(frozen=True, slots=True)
class BudgetResource:
    """`label` is what people read in place of the name, which is the code's."""

    name: str
    unit: str
    monthly: bool = False
    label: str | Promise = ""


events: dict[str, EventType] = {}
jobs: dict[str, JobType] = {}
subscriptions: dict[str, list[str]] = {}
schedules: dict[str, Schedule] = {}
steps: dict[str, Step] = {}
probes: dict[str, Probe] = {}
remediations: dict[str, Remediation] = {}
widgets: dict[str, Widget] = {}
summaries: dict[str, Summary] = {}
commands: dict[str, Command] = {}
searches: dict[str, Search] = {}
subjects: dict[str, Subject] = {}
needs: dict[str, Needs] = {}
sayings: dict[str, Saying] = {}
operator_actions: dict[str, OperatorAction] = {}
budget_resources: dict[str, BudgetResource] = {}
counters: dict[str, Callable[[], int]] = {}
warm_ups: dict[str, Callable[[], None]] = {}
panels: dict[str, Panel] = {}
studio_panels: dict[str, StudioPanel] = {}
finders: dict[str, Finder] = {}
wordings: dict[str, Wording] = {}
studio_names: dict[str, Callable[[Collection[UUID]], Mapping[UUID, str]]] = {}
erasers: dict[str, Eraser] = {}
portables: dict[str, Callable[[], Iterator[dict[str, Any]]]] = {}


class AlreadyRegistered(Exception):
    """Two apps claim one name."""


def _add[T](registry: dict[str, T], name: str, entry: T) -> None:
    if name in registry:
        raise AlreadyRegistered(f"{name} is registered twice")
    registry[name] = entry


def event(name: str, payload: type[BaseModel], *, external: bool = False) -> None:
    """Declare a fact that may happen."""
    _add(events, name, EventType(name, payload, external))


def job(
    name: str,
    handler: Callable[[Work[Any]], Outcome],
    *,
    payload: type[BaseModel] = Empty,
    lane: str,
    priority: int = 5,
    max_attempts: int = 3,
    timeout: timedelta = timedelta(minutes=2),
    external: bool = False,
    provider: str = "",
    uses: Mapping[str, int] | None = None,
) -> None:
    """Declare work and who does it. Priority 0 is interactive (a person waits), 9 is last. `uses` is what operators are
    told before they order many: the most that one run takes of a budget.
    """
    if lane not in LANES:
        raise ValueError(f"{name}: there is no lane {lane}")
    entry = JobType(
        name, handler, payload, lane, priority, max_attempts, timeout, external, provider=provider, uses=uses
    )
    _add(jobs, name, entry)


def on(
    event_name: str,
    handler: Callable[[Happened[Any]], Outcome],
    *,
    lane: str = "events",
    priority: int = 5,
    max_attempts: int = 5,
    timeout: timedelta = timedelta(minutes=2),
) -> None:
    """Subscribe a handler to an event: each occurrence becomes one job of its own, retried by itself.

    The job type is named after the handler (`on:coach.replies.plan_reply:whatsapp.inbound`), so renaming a handler needs an
    empty queue of the old name.
    """
    name = f"on:{handler.__module__}.{handler.__qualname__}:{event_name}"
    entry = JobType(name, handler, Empty, lane, priority, max_attempts, timeout, is_subscription=True)
    _add(jobs, name, entry)
    subscriptions.setdefault(event_name, []).append(name)


def every(name: str, period: timedelta, job: str) -> None:
    """Run `job` once in every `period`, for the platform; work for single studios is fanned out by that job."""
    _add(schedules, name, Schedule(name, period, job))


def step(entry: Step) -> None:
    """Add a step to the provisioning pipeline."""
    _add(steps, entry.name, entry)


def probe(entry: Probe) -> None:
    """Add a health check."""
    _add(probes, entry.name, entry)


def remediation(entry: Remediation) -> None:
    """Add a repair for a finding's code."""
    _add(remediations, entry.code, entry)


def widget(entry: Widget) -> None:
    """Add a part to the dashboard."""
    _add(widgets, entry.name, entry)


def summary(entry: Summary) -> None:
    """Add figures to the letter that sums up an owner's day or week."""
    _add(summaries, entry.name, entry)


def command(entry: Command) -> None:
    """Add a page or an action to the command palette."""
    _add(commands, entry.name, entry)


def search(entry: Search) -> None:
    """Add a kind of things that the command palette finds."""
    _add(searches, entry.name, entry)


def subject(entry: Subject) -> None:
    """Say what a kind of things of the activity is called, by the name of their model."""
    _add(subjects, entry.name, entry)


def needs_person(entry: Needs) -> None:
    """Add what may wait for a person of the studio: Today shows it first."""
    _add(needs, entry.name, entry)


def saying(entry: Saying) -> None:
    """Add a sentence to the head of Today."""
    _add(sayings, entry.name, entry)


def portable(name: str, rows: Callable[[], Iterator[dict[str, Any]]]) -> None:
    """Add a table to the file that a studio may take along; `rows` runs in its scope, outside a transaction."""
    _add(portables, name, rows)


def operator_action(entry: OperatorAction) -> None:
    """Add something the operator may do to one workspace."""
    _add(operator_actions, entry.name, entry)


def budget_resource(name: str, unit: str, *, label: str | Promise = "", monthly: bool = False) -> None:
    """Declare a resource that budgets count by day and hour, and by month where one wants to know that too."""
    _add(budget_resources, name, BudgetResource(name, unit, monthly, label or name))


def counter(name: str, count: Callable[[], int]) -> None:
    """Say how many of something that a plan limits (`leads`, `seats`) the current workspace has; runs in a transaction."""
    _add(counters, name, count)


def warm_up(name: str, prepare: Callable[[], None]) -> None:
    """Have every worker prepare something slow at its start, beside its work, so that no first job waits for it."""
    _add(warm_ups, name, prepare)


def eraser(name: str, clear: Eraser) -> None:
    """Have `clear` look through a room's own tables when a person is erased; `name` is a word of the report."""
    _add(erasers, name, clear)


def panel(entry: Panel) -> None:
    """Add a part to the operators' front page."""
    _add(panels, entry.name, entry)


def studio_panel(entry: StudioPanel) -> None:
    """Add a part to a studio's page for operators."""
    _add(studio_panels, entry.name, entry)


def finder(entry: Finder) -> None:
    """Add something that the operators' search looks in."""
    _add(finders, entry.name, entry)


def wording(entry: Wording) -> None:
    """Say in words what operators find in columns of one kind."""
    _add(wordings, entry.kind, entry)


def names_of_studios(name: str, find: Callable[[Collection[UUID]], Mapping[UUID, str]]) -> None:
    """Say how studios are called, of those ids that are studios."""
    _add(studio_names, name, find)


def check_wiring() -> list[str]:
    """Return what is registered but leads nowhere; start-up refuses to go on with any."""
    wrong = [f"schedule {s.name} names the unknown job {s.job}" for s in schedules.values() if s.job not in jobs]
    wrong += [f"a handler waits for the unknown event {name}" for name in subscriptions if name not in events]
    for entry in steps.values():
        wrong += [f"step {entry.name} needs the unknown step {need}" for need in entry.needs if need not in steps]
    return wrong
