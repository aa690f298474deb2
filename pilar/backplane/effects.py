"""One effect per intent (reliability P2): planned -> sending -> sent | failed | unknown, each step committed by
itself.

A call whose answer was lost is first looked up at the provider, or repeated under the provider's own idempotency key.
Where neither is possible it stays unknown, is never resent blind, and waits for `settle` by a status webhook or a
person.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from pilar.backplane import correlation, running, sql
from pilar.backplane.models import Effect
from pilar.backplane.tenancy import atomic, current
from pilar.kernel.clock import monotonic
from pilar.kernel.crash import crash_point
from pilar.kernel.errors import DATABASE_AWAY, ContactFailure, ProviderError
from pilar.kernel.ids import uuid7
from pilar.kernel.masking import mask_text
from pilar.kernel.switchboard import Permanent, RetryAt

CALL_DEADLINE = timedelta(minutes=5)
"""No call to a provider lasts longer; a `sending` of a living process is in flight until then."""
STALE_AFTER = 10.0
"""Seconds between noting `sending` and calling after which the process was frozen: it must not call any more."""
BUSY_WAIT = 5.0
NOTE_TRIES, NOTE_PAUSE = 40, 0.5
"""How often, and after how many seconds each, an outcome is noted again while the database is away."""


class Unknown(Permanent):
    """Nobody can say whether the provider acted. The intent waits for its status or a person; the job must not
    resend.
    """

    def __init__(self, effect: Effect) -> None:
        super().__init__(f"{effect.provider} {effect.operation}: the outcome of {effect.key} is unknown")
        self.effect = effect


class InFlight(RetryAt):
    """The provider is being called for this intent right now. Looking again later is no attempt of the job's."""

    counts = False

    def __init__(self, effect: Effect) -> None:
        super().__init__(f"{effect.provider} {effect.operation}: somebody is calling for {effect.key}", after=BUSY_WAIT)


class LeaseLost(Exception):
    """This attempt's job was given to another worker: nothing may be sent under it any more."""


@dataclass(frozen=True, slots=True)
class EffectResult:
    """What the provider made: its own id, and what we need of the answer."""

    ref: str
    data: dict[str, Any] = field(default_factory=dict)


_PLAN = """
INSERT INTO autopilot_effect (id, workspace_id, key, provider, operation, state, provider_ref, data, turn, job_id,
  error, correlation_id, planned_at, changed_at)
VALUES (%(id)s, %(workspace)s, %(key)s, %(provider)s, %(operation)s, 'planned', '', '{}', 0, %(job)s, '',
  %(correlation)s, statement_timestamp(), statement_timestamp())
ON CONFLICT (workspace_id, key) DO NOTHING
"""
# The database refuses to begin a call for an attempt whose lease is no longer the job's.
_BEGIN = """
UPDATE autopilot_effect SET state = 'sending', turn = turn + 1, holder = %(worker)s, job_id = coalesce(%(job)s, job_id),
  changed_at = statement_timestamp()
WHERE id = %(id)s AND turn = %(turn)s AND state IN ('planned', 'failed', 'unknown', 'sending')
  AND (%(lease)s::bigint IS NULL OR EXISTS (
    SELECT 1 FROM autopilot_job WHERE public_id = %(job)s AND lease = %(lease)s AND status = 1))
"""
_END = """
UPDATE autopilot_effect SET state = %(state)s, provider_ref = %(ref)s, data = %(data)s, error = %(error)s,
  holder = NULL, changed_at = statement_timestamp()
WHERE id = %(id)s AND turn = %(turn)s AND state IN ('sending', 'unknown')
"""
_IN_FLIGHT = """
SELECT changed_at > statement_timestamp() - CASE WHEN holder IS NULL THEN interval '1 minute' ELSE %(deadline)s END
  AND (holder IS NULL OR EXISTS (
  SELECT 1 FROM autopilot_worker w WHERE w.id = holder AND w.lost_at IS NULL
    AND w.beat_at > statement_timestamp() - interval '25 seconds'))
FROM autopilot_effect WHERE id = %(id)s
"""


def perform(
    *,
    key: str,
    provider: str,
    operation: str,
    call: Callable[[str], EffectResult],
    look_up: Callable[[], EffectResult | None] | None = None,
    repeatable: bool = False,
) -> Effect:
    """Make the effect that `key` names unless it was made already, and return its record in the state `sent`.

    `call` gets the idempotency key to send along, the same on every try. `look_up` finds what an earlier call made;
    None means that it surely made nothing. With `repeatable` the provider honours idempotency keys. Must be called
    outside a transaction. Raises Unknown, InFlight while somebody else is calling, LeaseLost, RetryAt after a standstill,
    and what `call` and `look_up` raise.
    """
    crash_point("effect.before_intent")
    effect = _planned(key, provider, operation)
    crash_point("effect.after_intent")
    if effect.state in (Effect.State.SENDING, Effect.State.UNKNOWN):
        _reconcile(effect, look_up, repeatable)
    if effect.state == Effect.State.SENT:
        return effect
    with _in_hand(effect):
        begun_at = monotonic()
        _begin(effect)
        crash_point("effect.before_call")
        if monotonic() - begun_at > STALE_AFTER:
            _end(effect, Effect.State.FAILED, error="the process stood still before the call")
            raise RetryAt("The process stood still before the call", after=0)
        _call(effect, call, is_certain=look_up is not None or repeatable)
    crash_point("effect.after_commit")
    return effect


def settle(key: str, *, state: str, ref: str = "", error: str = "") -> bool:
    """Tell the outcome of an unknown intent, from a status webhook or a person; False when there was none to settle.

    Raises ValueError for a state other than sent or failed.
    """
    if state not in (Effect.State.SENT, Effect.State.FAILED):
        raise ValueError(f"An intent settles as sent or failed, not as {state}")
    with atomic():
        effect = Effect.objects.filter(key=key, state__in=["sending", "unknown"]).first()
        return effect is not None and _write(
            effect, state, EffectResult(ref or effect.provider_ref, effect.data), error
        )


def find(key: str) -> Effect | None:
    """Return the record of an intent, or None."""
    with atomic():
        return Effect.objects.filter(key=key).first()


def provider_key(workspace_id: UUID, key: str) -> str:
    """Return the idempotency key that providers get: the same for one intent however often it is tried."""
    return f"pilar-{sha256(f'{workspace_id}:{key}'.encode()).hexdigest()[:40]}"


def _planned(key: str, provider: str, operation: str) -> Effect:
    run = running.current()
    with atomic(durable=True):
        sql.run(
            _PLAN,
            {
                "id": uuid7(),
                "workspace": current(),
                "key": key,
                "provider": provider,
                "operation": operation,
                "job": run.job_id if run else None,
                "correlation": correlation.current(),
            },
        )
        return Effect.objects.get(key=key)


@contextmanager
def _in_hand(effect: Effect) -> Iterator[None]:
    """Know of this process's own calls: one whose answer could not be noted, since the database was away, is over."""
    call = (effect.id, object())
    _in_hands.add(call)
    try:
        yield
    finally:
        _in_hands.discard(call)


_in_hands: set[tuple[UUID, object]] = set()


def _is_in_flight(effect: Effect) -> bool:
    run = running.current()
    if run is not None and run.worker == effect.holder:
        return any(effect.id == known for known, _ in _in_hands.copy())
    with atomic():
        return bool(sql.value(_IN_FLIGHT, {"id": effect.id, "deadline": CALL_DEADLINE}))


def _reconcile(effect: Effect, look_up: Callable[[], EffectResult | None] | None, repeatable: bool) -> None:
    """Find out what became of an earlier call. Afterwards the effect is sent, or may be called again."""
    if effect.state == Effect.State.SENDING:
        if _is_in_flight(effect):
            raise InFlight(effect)
        _end(effect, Effect.State.UNKNOWN, error="the process that called ended before the answer was kept")
    if look_up is not None:
        found = look_up()
        if found is not None:
            _end(effect, Effect.State.SENT, found)
        return
    if not repeatable:
        raise Unknown(effect)


def _begin(effect: Effect) -> None:
    run = running.current()
    values = {
        "id": effect.id,
        "turn": effect.turn,
        "worker": run.worker if run else None,
        "job": run.job_id if run else None,
        "lease": run.lease if run else None,
    }
    with atomic(durable=True):
        begun = sql.run(_BEGIN, values)
        effect.refresh_from_db()
    if not begun:
        if effect.turn != values["turn"] or effect.state == Effect.State.SENT:
            raise InFlight(effect)
        raise LeaseLost(effect.key)


def _call(effect: Effect, call: Callable[[str], EffectResult], *, is_certain: bool) -> None:
    try:
        result = call(provider_key(effect.workspace_id, effect.key))
    except (ProviderError, ContactFailure) as error:
        is_open = isinstance(error, ProviderError) and error.ambiguous
        _end(effect, Effect.State.UNKNOWN if is_open else Effect.State.FAILED, error=str(error))
        if effect.state == Effect.State.SENT:  # settled while the answer was waited for
            return
        if is_open and not is_certain:
            raise Unknown(effect) from error
        raise
    except BaseException as error:
        # Whatever went wrong in our code, the provider may have acted.
        _end(effect, Effect.State.UNKNOWN, error=repr(error))
        raise
    crash_point("effect.after_call")
    _end(effect, Effect.State.SENT, result)


def _end(effect: Effect, state: str, result: EffectResult | None = None, *, error: str = "") -> None:
    """Note the outcome. While the database is away it is kept in hand for a while: nobody could tell it to us again."""
    for tries_left in reversed(range(NOTE_TRIES)):
        try:
            with atomic(durable=True):
                _write(effect, state, result or EffectResult(effect.provider_ref, effect.data), error)
            return
        except DATABASE_AWAY:
            if not tries_left:
                raise
            time.sleep(NOTE_PAUSE)


def _write(effect: Effect, state: str, result: EffectResult, error: str) -> bool:
    written = sql.run(
        _END,
        {
            "id": effect.id,
            "turn": effect.turn,
            "state": state,
            "ref": result.ref[:255],
            "data": Jsonb(result.data),
            "error": mask_text(error)[:2000],
        },
    )
    effect.refresh_from_db()
    return bool(written)
