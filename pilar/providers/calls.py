"""The one place every provider call passes (design section 4).

In order: breaker, budget, time-out, the call, classification, metrics, the call log. Writes are never repeated here:
their job is tried again, guarded by its effect. Reads may be repeated at once, a little jittered.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

import structlog

from pilar.backplane import budgets, correlation, events, tenancy
from pilar.backplane.timeline import Entry
from pilar.kernel import clock
from pilar.kernel.errors import CircuitOpen, ContactFailure, ErrorClass, NotConfigured, ProviderError
from pilar.kernel.ids import uuid7
from pilar.kernel.masking import mask_text
from pilar.providers import breakers, connections
from pilar.providers.classification import LONGEST_MESSAGE, garbage, unanswered
from pilar.providers.events import ProviderFailed, ProviderRecovered
from pilar.providers.metrics import CALLS, SECONDS
from pilar.providers.models import ProviderCall
from pilar.providers.transport import TransportError, deadline, last_request_id, remaining

log = structlog.get_logger(__name__)

DEFAULT_SECONDS = 20.0
QUICK_READS = 3
PAUSE = (0.1, 0.5)
"""Seconds, at least and at most, before a read is tried again at once."""
ALERTED = (ErrorClass.THIRD_PARTY_AUTH_FAILED, ErrorClass.INTEGRATION_OFFLINE)

type Failure = ProviderError | ContactFailure


@dataclass(slots=True)
class _Call:
    provider: str
    operation: str
    admission: breakers.Admission
    reservation: budgets.Reservation | None
    credentials: str
    began: float = field(default_factory=clock.monotonic)


def call[T](
    provider: str,
    operation: str,
    run: Callable[[], T],
    *,
    timeout: float = DEFAULT_SECONDS,
    read: bool = False,
    credentials: str = "",
    cost: Callable[[T], int | None] | None = None,
) -> T:
    """Make one provider call in the current workspace, or for the platform when no workspace is in force.

    `timeout` is the total in seconds; `credentials` a fingerprint of credentials that all workspaces share, where a
    provider locks an account that was tried too often; `cost` tells, in a transaction, what an answer cost in micro-euro.
    Must be called outside `atomic()`: nothing is held while a provider works.
    Raises ProviderError (its class decides what to do; `ambiguous` tells whether the provider may have acted),
    ContactFailure, NotConfigured, CircuitOpen, and budgets.Exceeded when the workspace's calls are used up.
    """
    with ExitStack() as stack:
        scope = tenancy.scope()
        if scope is None or scope.crosses_tenants:
            stack.enter_context(tenancy.tenant(tenancy.PLATFORM))
        stack.enter_context(deadline(timeout))
        this = _admit(provider, operation, credentials)
        tenancy.let_go()
        answer = _guarded(this, run, tries=QUICK_READS if read else 1)
        _record(this, None, partial(cost, answer) if cost else None)
        return answer


def _guarded[T](this: _Call, run: Callable[[], T], *, tries: int) -> T:
    try:
        return _attempt(this.provider, run, tries)
    except (ProviderError, ContactFailure) as error:
        _record(this, error)
        raise


def _admit(provider: str, operation: str, credentials: str) -> _Call:
    try:
        with tenancy.atomic(durable=True):
            return _Call(provider, operation, breakers.admit(provider, credentials), _reserve(), credentials)
    except (CircuitOpen, budgets.Exceeded) as error:
        CALLS.labels(provider, operation, error.code).inc()
        raise


def _reserve() -> budgets.Reservation | None:
    if tenancy.current() == tenancy.PLATFORM:
        return None
    return budgets.reserve("api_calls", 1, key=f"call:{uuid7()}", now=clock.now())


def _attempt[T](provider: str, run: Callable[[], T], tries: int) -> T:
    while True:
        tries -= 1
        try:
            return _translated(provider, run)
        except ProviderError as error:
            pause = random.uniform(*PAUSE)
            if tries <= 0 or error.error_class is not ErrorClass.TRANSIENT_NETWORK or remaining() < pause:
                raise
            time.sleep(pause)


def _translated[T](provider: str, run: Callable[[], T]) -> T:
    try:
        return run()
    except (ProviderError, ContactFailure):
        raise
    except TransportError as error:
        raise unanswered(provider, error) from error
    except Exception as error:
        # An SDK stumbles over a malformed answer in any way it likes; that stays the provider's failure (P6).
        log.warning("provider.unexpected_answer", provider=provider, exc_info=True)
        raise garbage(provider, error) from error


def _record(this: _Call, failure: Failure | None, cost: Callable[[], int | None] | None = None) -> None:
    seconds = clock.monotonic() - this.began
    outcome = outcome_of(failure)
    CALLS.labels(this.provider, this.operation, outcome).inc()
    SECONDS.labels(this.provider).observe(seconds)
    with tenancy.atomic():
        _settle(this, failure)
        _judge(this, failure)
        ProviderCall.objects.create(
            provider=this.provider,
            operation=this.operation,
            outcome=outcome,
            code=getattr(failure, "code", "")[:64],
            status=getattr(failure, "status", None),
            message=mask_text(str(failure))[:LONGEST_MESSAGE] if failure else "",
            request_id=last_request_id()[:128],
            milliseconds=int(seconds * 1000),
            micro_euro=cost() if cost else None,
            correlation_id=correlation.current(),
            at=clock.now(),
        )


def outcome_of(failure: Failure | None) -> str:
    """Name how a call ended: ok, an error class, or what happened to one contact."""
    if failure is None:
        return "ok"
    return failure.outcome.value if isinstance(failure, ContactFailure) else failure.error_class.value


def _settle(this: _Call, failure: Failure | None) -> None:
    if this.reservation is None:
        return
    never_left = isinstance(failure, ProviderError) and failure.status is None and not failure.ambiguous
    budgets.close(this.reservation, 0 if never_left else 1)


def _judge(this: _Call, failure: Failure | None) -> None:
    """Tell breaker and connection. An outcome of one contact, or a refusal of our input, speaks for the provider."""
    if isinstance(failure, NotConfigured) or _is_rate_limit(failure):
        return
    if isinstance(failure, ProviderError) and failure.error_class in breakers.COUNTED:
        is_open = breakers.failed(this.provider, failure.error_class, this.credentials)
        if is_open or failure.error_class in ALERTED:
            connections.mark(this.provider, error=failure)
        if is_open or not this.admission.suspicious:
            _alert(this, failure)
        return
    if breakers.succeeded(this.provider, this.admission):
        _publish_recovery(this.provider)
    if failure is None:
        connections.mark(this.provider)


def _is_rate_limit(failure: Failure | None) -> bool:
    return isinstance(failure, ProviderError) and failure.error_class is ErrorClass.RATE_LIMITED


def _alert(this: _Call, failure: ProviderError) -> None:
    """Have somebody look: at the first failure after a success, at most once a minute, and at an open breaker, at most
    once an hour.
    """
    how_often = "open:%Y-%m-%dT%H" if this.admission.suspicious else "first:%Y-%m-%dT%H:%M"
    slot = clock.now().strftime(how_often)
    payload = ProviderFailed(
        provider=this.provider,
        operation=this.operation,
        error_class=failure.error_class.value,
        code=failure.code,
        message=failure.message,
    )
    events.publish("provider.failed", payload, key=f"provider-failed:{this.provider}:{failure.error_class}:{slot}")


def _publish_recovery(provider: str) -> None:
    minute = clock.now().strftime("%Y-%m-%dT%H:%M")
    payload = ProviderRecovered(provider=provider)
    events.publish("provider.recovered", payload, key=f"provider-recovered:{provider}:{minute}")


def told(correlation_id: UUID) -> Iterator[Entry]:
    """Entries for the timeline: the calls of the current workspace that belong to this correlation id."""
    for call_made in ProviderCall.objects.filter(correlation_id=correlation_id).order_by("at")[:500]:
        what, detail = f"{call_made.provider} {call_made.operation}", f"{call_made.milliseconds} ms {call_made.message}"
        yield Entry(call_made.at, "call", what, call_made.outcome, detail.strip(), call_made.request_id)
