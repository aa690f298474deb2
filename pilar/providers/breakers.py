"""Circuit breakers in rows that all processes share (reliability P6).

A workspace's breaker opens after five consecutive failures; after 60 s one call may probe. A global breaker opens when
the breakers of several workspaces opened on the same provider within two minutes, so that one workspace's bad
credentials never stop another. All times are the database's. Functions need an open transaction in the scope.

Credentials of ours that all workspaces share (`credentials` is their fingerprint) are another matter: a strict server
locks an account that is tried too often. Their refusal pauses the provider for all at once, each time twice as long, up
to an hour, and only for those credentials.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connections

from pilar.backplane import tenancy
from pilar.kernel.errors import CircuitOpen, ErrorClass
from pilar.providers.metrics import BREAKERS

FAILURES_TO_OPEN = 5
PAUSE_SECONDS = 60
LONGEST_PAUSE_SECONDS = 3600
WORKSPACES_TO_OPEN = 3
TRIPS_COUNT_SECONDS = 120
COUNTED = (ErrorClass.TRANSIENT_NETWORK, ErrorClass.INTEGRATION_OFFLINE, ErrorClass.THIRD_PARTY_AUTH_FAILED)

_READ = """
SELECT coalesce(own.failures, 0),
       extract(epoch FROM own.open_until - clock_timestamp())::float,
       CASE WHEN shared.credentials IN ('', %(credentials)s)
            THEN extract(epoch FROM shared.open_until - clock_timestamp())::float END,
       coalesce(shared.refusals, 0)
  FROM (SELECT 1) AS one
  LEFT JOIN providers_breaker own ON own.workspace_id = %(workspace)s AND own.provider = %(provider)s
  LEFT JOIN providers_globalbreaker shared ON shared.provider = %(provider)s
"""
_TAKE_PROBE = """
UPDATE {table} SET probe_until = clock_timestamp() + %(pause)s * interval '1 second'
 WHERE {key} provider = %(provider)s AND (probe_until IS NULL OR probe_until < clock_timestamp())
"""
_FAIL = """
INSERT INTO providers_breaker AS own (workspace_id, provider, failures, error_class)
VALUES (%(workspace)s, %(provider)s, 1, %(error)s)
ON CONFLICT (workspace_id, provider) DO UPDATE
   SET failures = own.failures + 1, error_class = excluded.error_class, probe_until = NULL,
       open_until = CASE WHEN own.failures + 1 >= %(limit)s THEN clock_timestamp() + %(pause)s * interval '1 second' END
RETURNING open_until IS NOT NULL
"""
_HEAL = """
UPDATE providers_breaker SET failures = 0, open_until = NULL, probe_until = NULL, error_class = ''
 WHERE workspace_id = %(workspace)s AND provider = %(provider)s AND failures > 0
"""
_TRIP_SHARED = """
INSERT INTO providers_globalbreaker AS shared (provider, tripped)
VALUES (%(provider)s, jsonb_build_object(%(workspace)s::text, extract(epoch FROM clock_timestamp())))
ON CONFLICT (provider) DO UPDATE
   SET tripped = (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(shared.tripped)
                   WHERE value::float > extract(epoch FROM clock_timestamp()) - %(window)s) || excluded.tripped,
       probe_until = NULL
RETURNING (SELECT count(*) FROM jsonb_object_keys(tripped))
"""
_OPEN_SHARED = """
UPDATE providers_globalbreaker SET open_until = clock_timestamp() + %(pause)s * interval '1 second'
 WHERE provider = %(provider)s
"""
_GROWING = "least(%(longest)s, %(pause)s * power(2, least({refusals} - 1, 10))) * interval '1 second'"
_AGAIN = "CASE WHEN shared.credentials = excluded.credentials THEN shared.refusals + 1 ELSE 1 END"
_REFUSE_SHARED = f"""
INSERT INTO providers_globalbreaker AS shared (provider, tripped, refusals, credentials, open_until)
VALUES (%(provider)s, '{{}}', 1, %(credentials)s, clock_timestamp() + {_GROWING.format(refusals=1)})
ON CONFLICT (provider) DO UPDATE
   SET refusals = {_AGAIN}, credentials = excluded.credentials, probe_until = NULL,
       open_until = clock_timestamp() + {_GROWING.format(refusals=f"({_AGAIN})")}
"""
_LET_THROUGH = """
UPDATE providers_breaker SET open_until = clock_timestamp(), probe_until = NULL
 WHERE workspace_id = %(workspace)s AND provider = %(provider)s AND open_until > clock_timestamp()
"""
_LET_THROUGH_SHARED = f"""
UPDATE providers_globalbreaker SET open_until = clock_timestamp(), probe_until = NULL
 WHERE provider = %(provider)s AND refusals > 0 AND open_until > clock_timestamp()
   AND open_until - {_GROWING.format(refusals="refusals")} < clock_timestamp() - %(pause)s * interval '1 second'
"""
_PAUSED_UNTIL = """
SELECT max(open_until) FROM (
  SELECT open_until FROM providers_breaker WHERE workspace_id = %(workspace)s AND provider = %(provider)s
  UNION ALL SELECT open_until FROM providers_globalbreaker WHERE provider = %(provider)s
) AS pauses WHERE open_until > clock_timestamp()
"""
_HEAL_SHARED = "DELETE FROM providers_globalbreaker WHERE provider = %(provider)s"


@dataclass(frozen=True, slots=True)
class Admission:
    """Leave to make one call; `suspicious` when the breaker remembers failures, so that a success must clear them."""

    suspicious: bool
    shared: bool
    refused: bool = False


def admit(provider: str, credentials: str = "") -> Admission:
    """Let one call pass. Raises CircuitOpen while the workspace's or the global breaker is open."""
    failures, own, shared, refusals = _row(_READ, provider, credentials=credentials)
    for seconds in (own, shared):
        if seconds is not None and seconds > 0:
            raise CircuitOpen(provider, retry_after=seconds)
    if own is not None:
        _probe(provider, table="providers_breaker", key="workspace_id = %(workspace)s AND")
    if shared is not None:
        _probe(provider, table="providers_globalbreaker", key="")
    return Admission(suspicious=failures > 0, shared=shared is not None, refused=refusals > 0)


def _probe(provider: str, *, table: str, key: str) -> None:
    if not _run(_TAKE_PROBE.format(table=table, key=key), provider):
        raise CircuitOpen(provider, retry_after=5)


def succeeded(provider: str, admission: Admission) -> bool:
    """Note a proper answer; returns whether an open breaker closed by it."""
    healed = admission.suspicious and _run(_HEAL, provider) > 0
    if admission.shared or admission.refused:
        _run(_HEAL_SHARED, provider)
    return healed or admission.refused


def failed(provider: str, error_class: ErrorClass, credentials: str = "") -> bool:
    """Note a failure that says something about the integration; returns whether the breaker is open now."""
    if credentials and error_class is ErrorClass.THIRD_PARTY_AUTH_FAILED:
        _run(_REFUSE_SHARED, provider, credentials=credentials)
        BREAKERS.labels(provider, "global").inc()
        return True
    (is_open,) = _row(_FAIL, provider, error=error_class.value)
    if is_open:
        BREAKERS.labels(provider, "workspace").inc()
    if is_open and error_class is ErrorClass.TRANSIENT_NETWORK:
        _trip_shared(provider)
    return bool(is_open)


def _trip_shared(provider: str) -> None:
    (workspaces,) = _row(_TRIP_SHARED, provider)
    if workspaces >= WORKSPACES_TO_OPEN:
        _run(_OPEN_SHARED, provider)
        BREAKERS.labels(provider, "global").inc()


def reset(provider: str) -> None:
    """Forget this workspace's failures: its credentials have just changed, or an operator says so."""
    _run(_HEAL, provider)


def let_through(provider: str) -> None:
    """Let the next call pass although a pause is not over: somebody tests. Credentials of ours that were refused pass
    once a minute at most, however many people test.
    """
    _run(_LET_THROUGH, provider)
    _run(_LET_THROUGH_SHARED, provider)


def paused_until(provider: str) -> datetime | None:
    """Say until when no call to a provider is made from this workspace, or None."""
    with connections[tenancy.alias()].cursor() as cursor:
        cursor.execute(_PAUSED_UNTIL, _values(provider, {}))
        found: datetime | None = cursor.fetchone()[0]
    return found


def _values(provider: str, extra: dict[str, str]) -> dict[str, str | int | UUID]:
    return {
        "workspace": tenancy.current(),
        "provider": provider,
        "limit": FAILURES_TO_OPEN,
        "pause": PAUSE_SECONDS,
        "longest": LONGEST_PAUSE_SECONDS,
        "window": TRIPS_COUNT_SECONDS,
        **extra,
    }


def _row(sql: str, provider: str, **extra: str) -> tuple[float, ...]:
    with connections[tenancy.alias()].cursor() as cursor:
        cursor.execute(sql, _values(provider, extra))
        row: tuple[float, ...] = cursor.fetchone()
        return row


def _run(sql: str, provider: str, **extra: str) -> int:
    with connections[tenancy.alias()].cursor() as cursor:
        cursor.execute(sql, _values(provider, extra))
        return int(cursor.rowcount)
