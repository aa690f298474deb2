"""What would happen in the next seven days: the planner and the gates that send, run over real rows, writing nothing.

Everything is read in a fixed number of queries. In a studio with more than `MOST_MEMBERS` an even sample is judged, and the
numbers are told as estimates.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from heapq import merge
from itertools import takewhile
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import CharField
from django.db.models.functions import MD5, Cast

from coach import consents, followups, gates, suppression
from coach.config import CoachSettings
from coach.gates import Go, Refuse, Wait
from coach.models import CoachingState, Consent, Conversation, Followup, FollowupTemplate, Lead, LeadAlias, Suppression
from pilar.backplane import budgets
from pilar.backplane.tenancy import current
from pilar.providers.models import MessageTemplate
from workspaces.models import Workspace

MOST_MEMBERS = 2000
DAYS = 7
_SHOWN = 12
_MOST_HOPS = 4
"""How often one planned message is moved by a gate before it counts as held."""
_DONE = (Followup.Status.SENT, Followup.Status.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Coming:
    """One message that would go out."""

    lead_id: UUID
    name: str
    at: datetime
    type: str
    form: str


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the studio. `over` is what the day's budget does not hold."""

    date: date
    messages: int
    over: int
    hours: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Week:
    """The outcome. Counts are for the whole studio: exact, or estimated when fewer members were `judged`."""

    members: int
    judged: int
    messages: int
    reached: int
    templates: int
    days: list[Day]
    reasons: list[tuple[str, int]]
    """Why members get nothing, the most frequent first."""
    soonest: list[Coming]
    daily_limit: int | None

    @property
    def is_estimate(self) -> bool:
        return self.judged < self.members


@dataclass(slots=True)
class _Gathered:
    """What the gates ask about one person, read for many at once (`gates.Known`)."""

    lead: Lead
    studio: "_Studio"
    suppressed: bool
    consented: bool
    chat: Conversation | None
    state: CoachingState | None
    taken: set[str]
    planned: list[Followup]
    sent: list[datetime]

    def is_suppressed(self) -> bool:
        return self.suppressed

    def allows_nudges(self) -> bool:
        return self.consented

    def is_served(self) -> bool:
        return self.studio.is_served

    def is_connected(self) -> bool:
        return self.studio.is_connected

    def conversation(self) -> Conversation | None:
        return self.chat

    def sent_since(self, start: datetime) -> int:
        return sum(at >= start for at in self.sent)


@dataclass(frozen=True, slots=True)
class _Studio:
    settings: CoachSettings
    is_served: bool
    is_connected: bool
    zone: ZoneInfo
    language: str
    worded: frozenset[str]
    """Languages in which WhatsApp has approved a template."""


@dataclass(slots=True)
class _Outcome:
    """What one person would get, and what stood in the way the first time."""

    coming: list[Coming] = field(default_factory=list)
    reason: str = ""


def week(settings: CoachSettings, *, now: datetime) -> Week:
    """Say what the coach would do in the next seven days with these settings, saved or not."""
    studio = _studio(settings)
    members = Lead.objects.count()
    outcomes = [_imagine(person, studio, now) for person in _people(studio, now)]
    coming = sorted((one for outcome in outcomes for one in outcome.coming), key=lambda one: one.at)
    scale = members / len(outcomes) if outcomes else 1.0
    limit = next(standing.daily_limit for standing in budgets.status(now) if standing.resource == "messages")
    held = Counter(outcome.reason or "not_due" for outcome in outcomes if not outcome.coming)
    return Week(
        members=members,
        judged=len(outcomes),
        messages=round(len(coming) * scale),
        reached=round(sum(bool(outcome.coming) for outcome in outcomes) * scale),
        templates=round(sum(one.form == "template" for one in coming) * scale),
        days=_days(coming, studio.zone, scale, limit, now),
        reasons=[(reason, round(count * scale)) for reason, count in held.most_common()],
        soonest=coming[:_SHOWN],
        daily_limit=limit,
    )


def _studio(settings: CoachSettings) -> _Studio:
    workspace = Workspace.objects.get(pk=current())
    usable = set(MessageTemplate.objects.filter(status__in=("APPROVED", "REINSTATED")).values_list("name", "language"))
    own = FollowupTemplate.objects.filter(active=True).values_list("name", "language")
    return _Studio(
        settings=settings,
        is_served=gates.is_served(),
        is_connected=gates.is_connected(),
        zone=ZoneInfo(workspace.timezone),
        language=workspace.language,
        worded=frozenset(language for name, language in own if (name, language) in usable),
    )


def _people(studio: _Studio, now: datetime) -> Iterator[_Gathered]:
    """The members with all that is known of them, in eight queries."""
    sample = Lead.objects.annotate(mixed=MD5(Cast("id", CharField()))).order_by("mixed")[:MOST_MEMBERS]
    leads = {lead.pk: lead for lead in sample}
    agreed, stopped = _agreed(leads), _suppressed(leads)
    chats = {chat.lead_id: chat for chat in Conversation.objects.filter(lead__in=leads)}
    states = {state.lead_id: state for state in CoachingState.objects.filter(lead__in=leads)}
    taken, planned, sent = _rows(leads, studio, now)
    for pk, lead in leads.items():
        yield _Gathered(
            lead=lead,
            studio=studio,
            suppressed=pk in stopped,
            consented=pk in agreed,
            chat=chats.get(pk),
            state=states.get(pk),
            taken=taken.get(pk, set()),
            planned=planned.get(pk, []),
            sent=sent.get(pk, []),
        )


def _agreed(leads: Mapping[UUID, Lead]) -> set[UUID]:
    rows: dict[UUID, list[Consent]] = {}
    for row in Consent.objects.filter(lead__in=leads, purpose=Consent.Purpose.COACHING):
        rows.setdefault(row.lead_id, []).append(row)
    return {pk for pk, mine in rows.items() if consents.standing_of(mine).allows_nudges}


def _suppressed(leads: Mapping[UUID, Lead]) -> set[UUID]:
    listed = set(Suppression.objects.values_list("digest", flat=True))
    if not listed:
        return set()
    names = [(pk, lead.phone) for pk, lead in leads.items() if lead.phone]
    names += LeadAlias.objects.filter(lead__in=leads).values_list("lead_id", "value")
    return {pk for pk, name in names if listed.intersection(suppression.digests([name]))}


def _rows(
    leads: Mapping[UUID, Lead], studio: _Studio, now: datetime
) -> tuple[dict[UUID, set[str]], dict[UUID, list[Followup]], dict[UUID, list[datetime]]]:
    """Occurrences that are used up, what waits beside the rhythm, and what went out lately.

    What waits in the rhythm itself is left out: other settings plan it anew, and the same settings find it again.
    """
    taken: dict[UUID, set[str]] = {}
    planned: dict[UUID, list[Followup]] = {}
    sent: dict[UUID, list[datetime]] = {}
    recent = Followup.objects.filter(lead__in=leads, scheduled_at__gte=now - followups.TAKEN_SINCE)
    for row in recent.exclude(status=Followup.Status.PENDING, origin=Followup.Origin.SCHEDULE):
        taken.setdefault(row.lead_id, set()).add(row.occurrence)
        if row.status == Followup.Status.PENDING:
            planned.setdefault(row.lead_id, []).append(row)
        if row.status in _DONE and row.finished_at:
            sent.setdefault(row.lead_id, []).append(row.finished_at)
    return taken, planned, sent


def _imagine(person: _Gathered, studio: _Studio, now: datetime) -> _Outcome:
    outcome = _Outcome()
    silence = person.state.unanswered if person.state else 0
    for followup in _candidates(person, studio, now):
        of_rhythm = followup.origin == Followup.Origin.SCHEDULE
        if of_rhythm and silence >= followups.SILENT_AFTER:
            outcome.reason = outcome.reason or "resting"
            if not person.planned:
                break
            continue
        at, reason = _moment(followup, person, studio.settings, now)
        form = "text" if at and person.chat and person.chat.is_open(at) else "template"
        if at and form == "template" and not _is_worded(person.lead, studio):
            at, reason = None, "no_approved_template"
        if at is None or at >= now + timedelta(days=DAYS):
            outcome.reason = outcome.reason or reason
            continue
        person.sent.append(at)
        silence += 1
        outcome.coming.append(Coming(person.lead.pk, str(person.lead), at, followup.type, form))
    return outcome


def _candidates(person: _Gathered, studio: _Studio, now: datetime) -> Iterator[Followup]:
    """What would be planned for this week, in the order of time: the rhythm, and what waits already."""
    until = now + timedelta(days=DAYS)
    rhythm = followups.rhythm_of(studio.settings, person.state)
    start = followups.start_of(person.lead, studio.settings, now)
    free = followups.free_occurrences(person.lead, rhythm, person.taken, after=start)
    in_time = takewhile(lambda occurrence: occurrence.at < until, free)
    of_rhythm = (followups.of_rhythm(person.lead, occurrence, studio.settings) for occurrence in in_time)
    waiting = sorted((row for row in person.planned if row.scheduled_at < until), key=_due)
    return merge(waiting, of_rhythm, key=_due)


def _due(followup: Followup) -> datetime:
    return followup.scheduled_at


def _moment(
    followup: Followup, person: _Gathered, settings: CoachSettings, now: datetime
) -> tuple[datetime | None, str]:
    """When the gates would let it go, or None and what holds it. What only time outside of this plan can change holds it."""
    at, reason = max(followup.scheduled_at, now), ""
    for _hop in range(_MOST_HOPS):
        match gates.decide(followup, person, settings, now=at):
            case Go():
                return at, ""
            case Refuse(reason=reason):
                return None, reason
            case Wait(at=later, reason=reason):
                if later - at <= gates.LOOK_AGAIN:
                    return None, reason
                at = later
    return None, reason


def _is_worded(lead: Lead, studio: _Studio) -> bool:
    return not studio.worded.isdisjoint((lead.language, studio.language, "en"))


def _days(coming: list[Coming], zone: ZoneInfo, scale: float, limit: int | None, now: datetime) -> list[Day]:
    first = now.astimezone(zone).date()
    hours: Counter[tuple[date, int]] = Counter()
    for one in coming:
        local = one.at.astimezone(zone)
        hours[local.date(), local.hour] += 1
    found = []
    for day in (first + timedelta(days=offset) for offset in range(DAYS + 1)):
        counts = tuple(round(hours[day, hour] * scale) for hour in range(24))
        total = sum(counts)
        found.append(Day(day, total, max(0, total - limit) if limit is not None else 0, counts))
    return found
