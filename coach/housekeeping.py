"""The coach's recurring work, and what it makes of other rooms' facts."""

from typing import Any

from coach import aliases, followups, leads
from coach.aliases import Contact
from coach.models import CallLog, Lead
from coach.payloads import CoachEvent
from pilar.backplane import jobs
from pilar.backplane.tenancy import all_tenants, atomic
from pilar.kernel import clock
from pilar.kernel.switchboard import Empty, Happened, Work
from pilar.providers.events import TwilioCall
from workspaces.facts import SubscriptionChanged

EVENTS = tuple(f"coach.{name}" for name in followups.TYPES)
ACTOR = "coach"
UNDER_WAY = ("queued", "initiated", "ringing", "in-progress")


def collect_due(_work: Work[Empty]) -> dict[str, Any]:
    """The scheduler of the specification, every minute: see that each due follow-up has its job."""
    return {"due": followups.collect_due(now=clock.now())}


def plan_all(_work: Work[Empty]) -> dict[str, Any]:
    """Once an hour: one job for each studio in which somebody could have a next message and has none."""
    hour = clock.now().strftime("%Y-%m-%dT%H")
    with all_tenants("find the studios whose rhythm has gaps"), atomic():
        willing = Lead.objects.filter(status=Lead.Status.ACTIVE, consents__withdrawn_at=None, consents__isnull=False)
        studios = list(willing.values_list("workspace_id", flat=True).distinct())
        rows = [jobs.NewJob(workspace_id=studio, payload=Empty(), key=f"coach.plan:{hour}") for studio in studios]
        return {"studios": jobs.enqueue_many("coach.plan", rows)}


def plan(_work: Work[Empty]) -> dict[str, Any]:
    """Fill the gaps of one studio."""
    return {"planned": followups.plan_missing(now=clock.now())}


def replan(_work: Work[Empty]) -> dict[str, Any]:
    """Plan one studio's rhythm anew after its configuration changed."""
    return {"planned": followups.replan(now=clock.now())}


def on_coach_event(happened: Happened[CoachEvent]) -> None:
    """Turn a coach event from outside into a follow-up that is due now, or at the time it names."""
    wish, now = happened.payload, clock.now()
    with atomic():
        followups.plan(
            leads.get(wish.lead_id),
            type=happened.type,
            at=wish.scheduled_for or now,
            actor=ACTOR,
            now=now,
            text=wish.personalized_content,
            key=f"event:{happened.id}",
        )


def on_call(happened: Happened[TwilioCall]) -> None:
    """Keep the call log: one row for each call, with its furthest state."""
    call = happened.payload
    inbound = not call.direction.startswith("outbound")
    number = call.sender if inbound else call.to
    with atomic():
        lead = aliases.find(Contact(sender=number.lstrip("+")))
        row, is_new = CallLog.objects.get_or_create(
            sid=call.sid,
            defaults={
                "workspace_id": happened.workspace_id,
                "lead": lead,
                "sid": call.sid,
                "direction": "in" if inbound else "out",
                "number": number[:16],
                "status": call.status[:20],
                "at": happened.occurred_at,
            },
        )
        if not is_new and _later(call.status, row.status):
            row.status = call.status[:20]
            row.save(update_fields=["status"])


def _later(status: str, before: str) -> bool:
    """Say whether a call is further on in one state than in another: Twilio's reports come in any order."""
    # The states in which a call has ended are not among these, and follow all of them.
    steps = {name: place for place, name in enumerate(UNDER_WAY)}
    return steps.get(status, len(steps)) > steps.get(before, len(steps))


def on_subscription_changed(happened: Happened[SubscriptionChanged]) -> None:
    """When a studio pays again its rhythm goes on; what became late in between stays away."""
    if happened.payload.status in ("active", "trialing"):
        followups.plan_missing(now=clock.now())
