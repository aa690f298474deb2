"""Planned messages: making, cancelling and collecting them. Sending is in `coach/nudges.py`."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from coach import config, consents
from coach.models import CoachingState, Followup, Lead
from coach.payloads import FollowupDue
from coach.schedule import Occurrence, Rhythm, minutes, next_open, occurrences, seed_of
from pilar.backplane import jobs
from pilar.backplane.tenancy import all_tenants, atomic, current
from pilar.kernel.problems import Conflict, Problem

TYPES = (
    "morning_nudge",
    "missed_training_nudge",
    "weekly_checkin",
    "goal_progress_report",
    "nutrition_reminder",
    "motivation_message",
)
"""The specification's coach events; a label of the caller's own is sent with the general words."""
WELCOME = "welcome"
SILENT_AFTER = 3
"""Nudges without an answer, after which the rhythm rests until the person writes."""
MANUAL_LIFE = timedelta(hours=24)
FURTHEST = timedelta(days=366)
_WELCOME_AFTER = timedelta(minutes=2)
_OF_FREQUENCY = {"daily": "motivation_message", "3x_week": "morning_nudge"}
TAKEN_SINCE = timedelta(days=2)
"""How far back occurrences are looked up before one is planned."""
_SWEPT = 2000


def plan(lead: Lead, *, type: str, at: datetime, actor: str, now: datetime, text: str = "", key: str = "") -> Followup:
    """Plan one message for a person or a program of the studio. The same `key` again returns the first one.

    Raises Problem for a time out of range, Conflict when the key was used for something else.
    """
    if not now - MANUAL_LIFE < at < now + FURTHEST:
        sentence = _("Choose a time between yesterday and a year from now.")
        raise Problem(sentence, code="validation_failed", fields={"scheduledAt": sentence})
    made = Followup(
        lead=lead,
        type=type.removeprefix("coach."),
        origin=Followup.Origin.PERSON,
        scheduled_at=at,
        expires_at=max(at, now) + MANUAL_LIFE,
        occurrence=f"manual:{key or uuid4()}",
        text=text,
        created_by=actor,
    )
    followup = _make(made)
    if (followup.lead_id, followup.type, followup.text) != (lead.pk, made.type, text):
        raise Conflict(_("This idempotency key was used for another message."), code="idempotency_key_reused")
    return followup


def plan_first(lead: Lead, *, now: datetime) -> None:
    """Plan what a new consent allows: the question to confirm it when it is proven only, else the rhythm."""
    standing = consents.standing(lead)
    if lead.status != Lead.Status.ACTIVE or not standing.allows_nudges:
        return
    if standing.confirmed or lead.messages.exists():
        plan_next(lead, now=now)
        return
    at = _open_from(lead, now + _WELCOME_AFTER)
    welcome = Followup(
        lead=lead,
        type=WELCOME,
        origin=Followup.Origin.SYSTEM,
        scheduled_at=at,
        expires_at=at + MANUAL_LIFE,
        occurrence=f"{WELCOME}:{lead.pk}",
        created_by="coach",
    )
    _make(welcome)


def plan_next(lead: Lead, *, now: datetime) -> Followup | None:
    """Plan the one next message of the lead's rhythm; None when there is to be none or it is planned already."""
    mine = config.current()
    state = CoachingState.objects.filter(lead=lead).first()
    if (
        not mine.enabled
        or is_resting(state)
        or lead.status != Lead.Status.ACTIVE
        or not consents.standing(lead).allows_nudges
    ):
        return None
    found = next(
        free_occurrences(lead, rhythm_of(mine, state), _taken(lead, now), after=start_of(lead, mine, now)), None
    )
    if found is None:
        return None
    row = of_rhythm(lead, found, mine)
    Followup.objects.bulk_create([row], ignore_conflicts=True)
    if not Followup.objects.filter(pk=row.pk).exists():
        return None
    enqueue(row)
    return row


def is_resting(state: CoachingState | None) -> bool:
    """Say whether the rhythm rests, because the last nudges stayed without an answer."""
    return state is not None and state.unanswered >= SILENT_AFTER


def of_rhythm(lead: Lead, found: Occurrence, mine: config.CoachSettings) -> Followup:
    """Return the follow-up of one occurrence; not saved."""
    return Followup(
        lead=lead,
        type=_OF_FREQUENCY.get(mine.frequency, "weekly_checkin"),
        origin=Followup.Origin.SCHEDULE,
        scheduled_at=found.at,
        expires_at=found.expires_at,
        occurrence=found.key(lead.pk),
        created_by="coach",
    )


def _taken(lead: Lead, now: datetime) -> set[str]:
    recent = Followup.objects.filter(lead=lead, scheduled_at__gte=now - TAKEN_SINCE)
    return set(recent.values_list("occurrence", flat=True))


def start_of(lead: Lead, mine: config.CoachSettings, now: datetime) -> datetime:
    """Planning begins behind the pause of the studio and that of the person."""
    return max(now, mine.paused_until or now, lead.paused_until or now)


def free_occurrences(lead: Lead, rhythm: Rhythm, taken: set[str], *, after: datetime) -> Iterator[Occurrence]:
    """Yield the occurrences that are not taken: each exists once, also when the configuration changes in between."""
    coming = occurrences(seed=seed_of(lead.pk), rhythm=rhythm, zone=ZoneInfo(lead.timezone), after=after)
    return (found for found in coming if found.key(lead.pk) not in taken)


def rhythm_of(mine: config.CoachSettings, state: CoachingState | None) -> Rhythm:
    """Return the studio's rhythm with the person's own wishes."""
    if state is None:
        return mine.rhythm
    wish = minutes(state.time_of_day) if state.time_of_day else None
    return Rhythm(
        frequency=state.frequency or mine.frequency,
        window=mine.window,
        time_of_day=wish,
        weekdays=frozenset(state.weekdays),
    )


def _open_from(lead: Lead, at: datetime) -> datetime:
    return next_open(window=config.current().window, zone=ZoneInfo(lead.timezone), at=at)


def _make(followup: Followup) -> Followup:
    Followup.objects.bulk_create([followup], ignore_conflicts=True)
    stored = Followup.objects.get(occurrence=followup.occurrence)
    if stored.pk == followup.pk:
        enqueue(stored)
    return stored


def job_key(followup_id: UUID, attempt: int, at: datetime) -> str:
    """Return the key of the job that sends this attempt at this time; moving a follow-up makes a new job."""
    return f"followup:{followup_id}:{attempt}:{int(at.timestamp())}"


def enqueue(followup: Followup) -> None:
    """Give the follow-up its own job at its due time."""
    key = job_key(followup.pk, followup.attempt, followup.scheduled_at)
    jobs.enqueue("coach.followup", FollowupDue(followup_id=followup.pk), key=key, at=followup.scheduled_at, priority=3)


def cancel(lead: Lead, *, reason: str, now: datetime, types: Iterable[str] = ()) -> int:
    """Cancel what is planned for a lead (only some types, when given). Their jobs find nothing to do."""
    planned = Followup.objects.filter(lead=lead, status=Followup.Status.PENDING)
    if types:
        planned = planned.filter(type__in=list(types))
    return planned.update(status=Followup.Status.CANCELLED, reason=reason, finished_at=now)


def forget_rhythm(lead_ids: Iterable[UUID]) -> None:
    """Take the next message of these people's rhythm away, so that it can be planned anew."""
    planned = Followup.objects.filter(status=Followup.Status.PENDING, origin=Followup.Origin.SCHEDULE)
    planned.filter(lead__in=list(lead_ids)).delete()


def replan(*, now: datetime) -> int:
    """Plan every lead's rhythm anew after the configuration changed, and look again at what waits for an hour."""
    with atomic():
        planned = Followup.objects.filter(status=Followup.Status.PENDING)
        planned.filter(origin=Followup.Origin.SCHEDULE).delete()
        for waiting in planned.filter(scheduled_at__lte=now)[:_SWEPT]:
            jobs.wake("coach.followup", job_key(waiting.pk, waiting.attempt, waiting.scheduled_at))
    return plan_missing(now=now)


def plan_missing(*, now: datetime) -> int:
    """Plan the next message of each lead that should have one and has none; one short transaction for each hundred."""
    with atomic():
        planned = Followup.objects.filter(status=Followup.Status.PENDING, origin=Followup.Origin.SCHEDULE)
        missing = Lead.objects.filter(status=Lead.Status.ACTIVE, consents__withdrawn_at=None, consents__isnull=False)
        ids = list(missing.exclude(pk__in=planned.values("lead")).distinct().values_list("pk", flat=True))
    made = 0
    for start in range(0, len(ids), 100):
        with atomic():
            for lead in Lead.objects.filter(pk__in=ids[start : start + 100]):
                made += plan_next(lead, now=now) is not None
    return made


def collect_due(*, now: datetime, workspace_id: UUID | None = None) -> int:
    """Make sure that every due follow-up has its job, over all workspaces by due time; returns how many are due.

    The safety net under the jobs that follow-ups bring along: keys make a second one impossible.
    """
    with all_tenants("collect the due follow-ups of all studios"), atomic():
        due = Followup.objects.filter(status=Followup.Status.PENDING, scheduled_at__lte=now)
        if workspace_id:
            due = due.filter(workspace_id=workspace_id)
        rows = list(due.order_by("scheduled_at").values_list("workspace_id", "pk", "attempt", "scheduled_at")[:_SWEPT])
        jobs.enqueue_many(
            "coach.followup",
            [
                jobs.NewJob(
                    workspace_id=owner, payload=FollowupDue(followup_id=pk), key=job_key(pk, attempt, at), at=at
                )
                for owner, pk, attempt, at in rows
            ],
        )
    return len(rows)


def upcoming(*, now: datetime, days: int = 14, limit: int = 200) -> list[Followup]:
    """Return what goes out in the next days, the soonest first."""
    planned = Followup.objects.filter(
        workspace_id=current(), status=Followup.Status.PENDING, scheduled_at__lt=now + timedelta(days=days)
    )
    return list(planned.select_related("lead").order_by("scheduled_at")[:limit])
