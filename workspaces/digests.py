"""The owner's summary by e-mail, in the morning of the studio: daily or on Mondays, each once.

A run every half hour looks for the studios in which it is morning and orders one job for each owner and local date; the
date in its key makes it happen once, however often the clock is asked and whatever daylight saving does to it.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import translation

from pilar.backplane import jobs
from pilar.backplane.jobs import NewJob
from pilar.backplane.tenancy import all_tenants, atomic
from pilar.dashboard import parts
from pilar.kernel import clock, switchboard
from pilar.kernel.principal import Principal, Role
from pilar.kernel.switchboard import Empty, Payload, Work
from pilar.providers.email import outbox
from workspaces import profile
from workspaces.models import Membership, Workspace
from workspaces.models.access import MemberRole
from workspaces.models.user import Rhythm

JOB = "workspaces.digest"
FROM, UNTIL = time(7), time(12)
"""The morning: what could not be sent by noon is not sent any more."""
MONDAY = 0


class Due(Payload):
    """Payload of the job `workspaces.digest`: one owner's summary of what was before the local `day`."""

    membership_id: UUID
    day: date


def order_due(_work: Work[Empty]) -> dict[str, int]:
    """Job handler: order the summaries of all studios in which it is morning."""
    with all_tenants("summaries are ordered for every studio in which it is morning"):
        return {"ordered": jobs.enqueue_many(JOB, list(_due(clock.now())))}


def _due(now: datetime) -> Iterator[NewJob]:
    owners = Membership.objects.filter(
        role=MemberRole.OWNER, user__is_active=True, workspace__status=Workspace.Status.ACTIVE
    ).exclude(user__digest=Rhythm.OFF)
    zones = owners.values_list("workspace__timezone", flat=True).distinct()
    mornings = {zone: now.astimezone(ZoneInfo(zone)) for zone in zones}
    chosen = [zone for zone, local in mornings.items() if FROM <= local.time() < UNTIL]
    for member in owners.filter(workspace__timezone__in=chosen).select_related("user", "workspace").iterator():
        day = mornings[member.workspace.timezone].date()
        if member.user.digest == Rhythm.DAILY or day.weekday() == MONDAY:
            payload = Due(membership_id=member.pk, day=day)
            yield NewJob(member.workspace_id, payload, f"digest:{member.pk}:{day}")


def write(work: Work[Due]) -> dict[str, bool]:
    """Job handler: write one owner's summary, unless there is nothing to tell or the owner has changed their mind."""
    order = work.payload
    with atomic():
        member = Membership.objects.filter(pk=order.membership_id).select_related("user", "workspace").first()
        if member is None or not member.user.is_active or member.user.digest == Rhythm.OFF:
            return {"sent": False}
        weekly = member.user.digest == Rhythm.WEEKLY
        with translation.override(member.user.language):
            told = _told(member, order.day, days=7 if weekly else 1)
        if not (told["items"] or any(value for _name, value in told["rows"])):
            return {"sent": False}
        _send(member, {**told, "weekly": weekly}, f"digest:{member.pk}:{order.day}")
    return {"sent": True}


def span(day: date, *, days: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the first and the last (exclusive) instant of the local days before `day`."""
    return datetime.combine(day - timedelta(days=days), time(), zone), datetime.combine(day, time(), zone)


def _told(member: Membership, day: date, *, days: int) -> dict[str, Any]:
    workspace: Workspace = member.workspace
    since, until = span(day, days=days, zone=ZoneInfo(workspace.timezone))
    summaries = sorted(switchboard.summaries.values(), key=lambda entry: (entry.order, entry.name))
    reader = Principal(workspace.pk, f"user:{member.user_id}", Role(member.role))
    waiting = parts.needs(reader, workspace.pk, clock.now())
    return {
        "rows": [row for entry in summaries for row in entry.rows(since, until)],
        "items": [{"text": need.text, "url": settings.PUBLIC_BASE_URL + need.url} for need in waiting],
    }


def _send(member: Membership, told: dict[str, Any], key: str) -> None:
    user, token = member.user, profile.unsubscribe_token(member.user, profile.DIGEST)
    outbox.send(
        to=user.email,
        template="digest",
        context={**told, "studio": member.workspace.name, "url": f"{settings.PUBLIC_BASE_URL}/dashboard"},
        language=user.language,
        zone=member.workspace.timezone,
        unsubscribe=f"{settings.PUBLIC_BASE_URL}/letters/unsubscribe/{token}",
        key=key,
    )
