"""The handlers that are measured: nothing, a stamp, a wait on a provider, and one read and write of a tenant's row."""

import time
from http.client import HTTPConnection
from typing import Any

from pilar.backplane.models import TenantProfile
from pilar.backplane.tenancy import atomic
from pilar.kernel import clock, switchboard
from pilar.kernel.switchboard import Payload, Work


class Task(Payload):
    """About 200 bytes of JSON, as a message's job would have."""

    n: int = 0
    port: int = 0
    text: str = "x" * 160


def nothing(work: Work[Task]) -> None:
    """End at once."""


def stamp(work: Work[Task]) -> dict[str, Any]:
    """Say when the handler started."""
    return {"started": time.time()}


def ask_provider(work: Work[Task]) -> dict[str, Any]:
    """Wait for a provider's answer."""
    provider = HTTPConnection("127.0.0.1", work.payload.port, timeout=30)
    provider.request("GET", "/")
    status = provider.getresponse().status
    provider.close()
    return {"status": status}


def ask_and_note(work: Work[Task]) -> dict[str, Any]:
    """Wait for a provider's answer, and read and write the workspace's row before and after."""
    touch(work)
    answer = ask_provider(work)
    touch(work)
    return answer


def touch(work: Work[Task]) -> None:
    """One read and one write in the workspace's scope."""
    with atomic():
        profile = TenantProfile.objects.get(pk=work.workspace_id)
        TenantProfile.objects.filter(pk=profile.pk).update(updated_at=clock.now())


switchboard.job("bench.nothing", nothing, payload=Task, lane="bulk")
switchboard.job("bench.stamp", stamp, payload=Task, lane="messages")
switchboard.job("bench.ask_provider", ask_provider, payload=Task, lane="messages")
switchboard.job("bench.ask_and_note", ask_and_note, payload=Task, lane="messages")
switchboard.job("bench.touch", touch, payload=Task, lane="bulk")
