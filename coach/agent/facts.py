"""What a message may be made from: each fact in English for the model, and as it is kept to explain the message."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from coach import preferences
from coach.models import CheckIn, CoachingState, Conversation, Goal, Lead
from workspaces import hours
from workspaces.models import StudioProfile

Name = Literal["address", "website", "opening_hours", "goal", "last_training", "style", "wishes"]
"""Each has its words for people in `coach/pages/shown/facts.py`."""


@dataclass(frozen=True, slots=True)
class Fact:
    """`told` is what the model reads; `value` is JSON, to be said again in the language of whoever asks why."""

    name: Name
    value: Any
    told: str

    def kept(self) -> dict[str, Any]:
        return {"name": self.name, "value": self.value}


def of_studio(profile: StudioProfile | None) -> list[Fact]:
    """What is known of the studio from its newest profile."""
    if profile is None:
        return []
    address = f"{profile.street}, {profile.postal_code} {profile.city}"
    facts = [Fact("address", address, f"Address of the studio: {address}")]
    if profile.website:
        facts.append(Fact("website", profile.website, f"Website: {profile.website}"))
    open_at = hours.told(profile.opening_hours)
    if open_at:
        facts.append(Fact("opening_hours", hours.read(profile.opening_hours), f"Opening hours: {open_at}"))
    return facts


def of_person(conversation: Conversation, *, now: datetime) -> list[Fact]:
    """What is known of the person: goals, the last training, and what they wish."""
    lead = conversation.lead
    facts = [_goal(goal) for goal in Goal.objects.filter(lead=lead)[:5]]
    state = CoachingState.objects.filter(lead=lead).first()
    visit = CheckIn.objects.filter(lead=lead).order_by("-at").first()
    trained = visit.at.date() if visit else (state.last_training_date if state else None)
    if trained:
        facts.append(Fact("last_training", trained.isoformat(), f"Last training: {trained.isoformat()}"))
    if state:
        facts.append(Fact("style", state.motivation_style, f"Wishes a {state.motivation_style} coach"))
    return facts + _wishes(lead, now=now)


def _goal(goal: Goal) -> Fact:
    value = {"type": goal.type, "target": goal.target, "progress": goal.progress}
    return Fact("goal", value, f"{goal.type.replace('_', ' ').title()}: {goal.target} ({goal.progress} %)")


def _wishes(lead: Lead, *, now: datetime) -> list[Fact]:
    """The wishes about our messages that hold."""
    mine = preferences.of(lead)
    days = ", ".join(hours.DAYS[day] for day in mine.weekdays)
    held = {"how often": mine.frequency, "only on": days, "from": mine.time_of_day}
    told = [f"{name} {value}" for name, value in held.items() if value]
    value = asdict(mine) | {"weekdays": list(mine.weekdays)}
    if lead.paused_until and lead.paused_until > now:
        told.append(f"paused until {lead.paused_until:%Y-%m-%d}")
        value["pause_until"] = lead.paused_until.isoformat()
    return [Fact("wishes", value, f"Wishes about our messages: {'; '.join(told)}")] if told else []
