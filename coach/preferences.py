"""How a person wants to be coached: how often, on which days, at what time, and for what. The planner and the gates obey."""

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from coach import followups
from coach.models import CoachConfig, CoachingState, Goal, Lead
from coach.schedule import minutes
from pilar.backplane import audit
from pilar.backplane.tenancy import atomic
from pilar.kernel.problems import NotFound, Problem

MOST_GOALS = 20


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the person said; an empty text is: as the studio's configuration has it. Weekdays: 0 is Monday, none is any."""

    frequency: str = ""
    time_of_day: str = ""
    weekdays: tuple[int, ...] = ()
    motivation_style: str = CoachingState.Style.ENCOURAGING


def of(lead: Lead) -> Preferences:
    """Return a person's wishes."""
    state = CoachingState.objects.filter(lead=lead).first()
    if state is None:
        return Preferences()
    return Preferences(state.frequency, state.time_of_day, tuple(state.weekdays), state.motivation_style)


def change(lead: Lead, wanted: Preferences, *, actor: str, now: datetime, asked_in: UUID | None = None) -> None:
    """Keep a person's wishes and plan the next message anew. Raises Problem for what makes no sense.

    `asked_in` is the message in which the person asked for it.
    """
    check(wanted)
    with atomic():
        before, values = of(lead), asdict(wanted) | {"weekdays": sorted(set(wanted.weekdays))}
        CoachingState.objects.update_or_create(lead=lead, defaults=values, create_defaults=values | {"lead": lead})
        if _when(before) != _when(wanted):
            followups.forget_rhythm([lead.pk])
            followups.plan_next(lead, now=now)
        source = {"message_id": str(asked_in)} if asked_in else {}
        audit.record(actor, "lead.preferences", "Lead", lead.pk, after=values | source)


def _when(wishes: Preferences) -> tuple[str, str, set[int]]:
    return wishes.frequency, wishes.time_of_day, set(wishes.weekdays)


def check(wanted: Preferences) -> None:
    """Raise Problem for what makes no sense."""
    if wanted.frequency and wanted.frequency not in CoachConfig.Frequency.values:
        raise _wrong("frequency", _("Choose how often from the list."))
    if not set(wanted.weekdays) <= set(range(7)):
        raise _wrong("weekdays", _("Choose the days from the list."))
    if wanted.motivation_style not in CoachingState.Style.values:
        raise _wrong("motivation_style", _("Choose a style from the list."))
    try:
        at = minutes(wanted.time_of_day) if wanted.time_of_day else 0
    except ValueError as error:
        raise _wrong("time_of_day", _("Write the time as HH:MM, for example 17:30.")) from error
    if at >= 24 * 60:
        raise _wrong("time_of_day", _("Write the time as HH:MM, for example 17:30."))


def add_goal(lead: Lead, *, type: str, target: str, actor: str) -> Goal:
    """Note what the person wants to reach. Raises Problem."""
    if type not in Goal.Type.values or not target.strip() or lead.goals.count() >= MOST_GOALS:
        raise _wrong("target", _("Say in a few words what the person wants to reach; at most 20 goals."))
    goal = Goal.objects.create(lead=lead, type=type, target=" ".join(target.split())[:200])
    audit.record(actor, "goal.added", "Goal", goal.pk, after={"type": type})
    return goal


def drop_goal(lead: Lead, goal_id: UUID, *, actor: str) -> None:
    """Take a goal off the list. Raises NotFound."""
    deleted, _rows = Goal.objects.filter(lead=lead, pk=goal_id).delete()
    if not deleted:
        raise NotFound
    audit.record(actor, "goal.dropped", "Goal", goal_id)


def _wrong(field: str, text: str) -> Problem:
    return Problem(text, code="validation_failed", fields={field: text})
