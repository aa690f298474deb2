"""What holds back the jobs that call one provider, as operators see and change it. The engine keeps to it
(`engine.throttles`).
"""

from django.utils.translation import gettext as _

from pilar.backplane import audit, doorbell
from pilar.backplane.models import Throttle
from pilar.backplane.tenancy import atomic, current
from pilar.kernel import switchboard
from pilar.kernel.problems import Problem


def providers() -> list[str]:
    """Return the providers that some type of job calls."""
    return sorted({entry.provider for entry in switchboard.jobs.values() if entry.provider})


def limit(provider: str, max_running: int | None, *, actor: str) -> None:
    """Let at most `max_running` jobs of the current workspace call a provider at once; None is no limit. In the
    platform's workspace it holds for all together.

    Raises Problem for an unknown provider and for a limit below one.
    """
    if provider not in providers() or (max_running is not None and max_running < 1):
        raise Problem(_("Choose a provider, and a limit above zero or none."), code="validation_failed")
    with atomic():
        Throttle.objects.update_or_create(
            workspace_id=current(), provider=provider, defaults={"max_running": max_running}
        )
        audit.record(actor, "provider.limited", "provider", provider, after={"maxRunning": max_running})
        doorbell.ring_all(current())


def release(provider: str, *, actor: str) -> None:
    """Let the current workspace's jobs call a provider again although it told us to wait."""
    with atomic():
        if Throttle.objects.filter(provider=provider).exclude(held_until=None).update(held_until=None):
            audit.record(actor, "provider.released", "provider", provider)
            doorbell.ring_all(current())
