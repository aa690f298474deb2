"""A workspace's connections: identifiers in clear, secrets sealed with the workspace's own key."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext as _

from pilar.backplane import tenancy, vault
from pilar.backplane.tenancy import atomic
from pilar.kernel import clock
from pilar.kernel.errors import ErrorClass, NotConfigured, ProviderError
from pilar.providers import breakers
from pilar.providers.models import Connection, Provider

Status = Connection.Status

SUCCESS_IS_NEWS_AFTER = timedelta(minutes=1)
SET_UP = (Status.CONNECTED, Status.DEGRADED, Status.DISCONNECTED)
"""A connection that is still being set up keeps its status, however single calls go."""
CALLS_OF = {Provider.AI: ("openai", "groq", "anthropic"), Provider.VOICE: ("elevenlabs",), Provider.EMAIL: ("smtp",)}
"""Under which names the calls of a connection are made, where they differ from its own."""
_CONNECTION_OF = {call: provider.value for provider, names in CALLS_OF.items() for call in names}


def get(provider: str) -> Connection | None:
    """Return the current workspace's connection, or None."""
    with atomic():
        return Connection.objects.filter(provider=provider).first()


def put(
    provider: str,
    *,
    identifiers: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
    status: str = Status.CONNECTED,
) -> Connection:
    """Create or change the current workspace's connection. Identifiers and secrets not named stay as they are.

    New secrets close the workspace's breaker: what failed with the old ones says nothing about these.
    """
    with atomic():
        _ensure(provider)
        connection = Connection.objects.select_for_update().get(provider=provider)
        connection.identifiers = connection.identifiers | dict(identifiers or {})
        connection.secrets = connection.secrets | {
            name: _seal(provider, name, text) for name, text in (secrets or {}).items()
        }
        connection.status = status
        if secrets:
            _forget_failures(connection)
        connection.save()
        return connection


def _ensure(provider: str) -> None:
    row = Connection(provider=provider, workspace_id=tenancy.current())
    Connection.objects.bulk_create([row], ignore_conflicts=True)


def _forget_failures(connection: Connection) -> None:
    connection.last_error = connection.last_error_class = ""
    for name in _calls_of(connection.provider):
        breakers.reset(name)


def _calls_of(provider: str) -> tuple[str, ...]:
    """Under which names calls for a connection are made: those of its breakers."""
    return CALLS_OF.get(Provider(provider), (provider,))


def secret(connection: Connection, name: str) -> str:
    """Open one secret. Raises NotConfigured when it was never stored, vault.Broken when it cannot be opened."""
    sealed = connection.secrets.get(name)
    if not sealed:
        raise NotConfigured(
            connection.provider, _("The connection has no %(name)s yet. Set it up again.") % {"name": name}
        )
    with atomic():
        return vault.open(b64decode(sealed), provider=connection.provider, field=name)


def _seal(provider: str, name: str, text: str) -> str:
    return b64encode(vault.seal(text, provider=provider, field=name)).decode()


def let_through(provider: str) -> None:
    """Let the next call pass although a pause is not over: somebody tests the connection."""
    with atomic():
        for name in _calls_of(provider):
            breakers.let_through(name)


def paused_until(provider: str) -> datetime | None:
    """Say until when no call is made for a connection of the current workspace, or None."""
    with atomic():
        pauses = [breakers.paused_until(name) for name in _calls_of(provider)]
    return max(filter(None, pauses), default=None)


def mark(provider: str, *, error: ProviderError | None = None) -> None:
    """Note how the last call went. Does nothing where the workspace has no connection of its own.

    A success is written at most once a minute, unless it ends a bad time.
    """
    name, now = _CONNECTION_OF.get(provider, provider), clock.now()
    with atomic():
        mine = Connection.objects.filter(provider=name)
        if error is not None:
            kind, text = error.error_class.value, error.message[:300]
            mine.filter(status__in=SET_UP).update(status=_status_after(error))
            mine.update(last_error_class=kind, last_error=text, checked_at=now)
            return
        is_news = Q(last_success_at=None) | Q(last_success_at__lt=now - SUCCESS_IS_NEWS_AFTER) | ~Q(last_error_class="")
        mine.filter(is_news).update(
            status=Case(When(status__in=SET_UP, then=Value(Status.CONNECTED)), default=F("status")),
            last_success_at=now,
            checked_at=now,
            last_error="",
            last_error_class="",
        )


def _status_after(error: ProviderError) -> str:
    lost = error.error_class is ErrorClass.THIRD_PARTY_AUTH_FAILED
    return Status.DISCONNECTED if lost else Status.DEGRADED
