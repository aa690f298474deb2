"""Tells the people of a studio that members wait for a person: bundled, not at night, each state once.

A letter goes out when a chat has waited for a few minutes; one more only when another chat waits or a member has written
again, and at most one in each hour of the clock. The letter holds neither names nor words of members.
"""

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, Max, Min

from coach.models import Conversation
from pilar.backplane import jobs
from pilar.backplane.jobs import NewJob
from pilar.backplane.tenancy import all_tenants, atomic
from pilar.kernel import clock
from pilar.kernel.switchboard import Empty, Work
from pilar.providers.email import outbox
from workspaces import directory, profile
from workspaces.models import User

JOB = "coach.escalate"
PATIENCE = timedelta(minutes=5)
"""Whoever is at the screen anyway answers sooner and needs no letter."""
FROM, UNTIL = time(8), time(21)
"""Outside of these hours of the studio's day no letter is sent; what waits is told in the morning."""


def order_due(_work: Work[Empty]) -> dict[str, int]:
    """Job handler: have every studio looked after in which members wait; once in each hour for each."""
    now = clock.now()
    with all_tenants("members who wait for a person, in all studios"), atomic():
        waiting = _waiting(now).values_list("workspace_id", flat=True).distinct().order_by()
        rows = [NewJob(studio, Empty(), f"escalate:{now:%Y%m%d%H}") for studio in _awake(list(waiting), now)]
        return {"ordered": jobs.enqueue_many(JOB, rows)}


def _awake(studios: list[UUID], now: datetime) -> list[UUID]:
    zones = directory.zones(studios)
    return [studio for studio in studios if FROM <= now.astimezone(ZoneInfo(zones[studio])).time() < UNTIL]


def write(work: Work[Empty]) -> dict[str, int]:
    """Job handler: write to everybody who answers members in this studio and wants to be told."""
    with atomic():
        state = _waiting(clock.now()).aggregate(
            number=Count("pk"), since=Min("last_inbound_at"), newest=Max("last_inbound_at")
        )
        if not state["number"]:
            return {"letters": 0}
        studio = directory.get(work.workspace_id)
        people = directory.people_who_answer(work.workspace_id)
        for person in people:
            _send(person, studio.name, studio.timezone, state)
    return {"letters": len(people)}


def _waiting(now: datetime) -> Any:
    """The chats that have waited long enough."""
    return Conversation.objects.filter(owner=Conversation.Owner.WAITING, last_inbound_at__lte=now - PATIENCE)


def _send(person: User, studio: str, zone: str, state: dict[str, Any]) -> None:
    token = profile.unsubscribe_token(person, profile.ESCALATIONS)
    outbox.send(
        to=person.email,
        template="escalation",
        context={
            "studio": studio,
            "waiting": state["number"],
            "since": state["since"],
            "url": f"{settings.PUBLIC_BASE_URL}/dashboard/chats?filter=waiting",
        },
        language=person.language,
        zone=zone,
        unsubscribe=f"{settings.PUBLIC_BASE_URL}/letters/unsubscribe/{token}",
        key=f"escalation:{person.pk}:{state['newest'].isoformat()}",
    )
