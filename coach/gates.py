"""Every reason not to send, in one place and in one order. Read inside the transaction that claims the send (reliability S8)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from django.conf import settings as django_settings

from coach import consents, suppression
from coach.config import CoachSettings
from coach.models import Conversation, Followup, Lead, Message
from coach.schedule import local_day, next_open
from pilar.backplane.tenancy import current
from pilar.providers.models import Connection
from workspaces import billing, directory
from workspaces.models import Workspace

RHYTHM_A_DAY = 1
"""Nudges of the rhythm that one person may get on one local day."""
ALL_A_DAY = 20
"""Planned messages of any origin that one person may get on one local day."""
LOOK_AGAIN = timedelta(minutes=15)
LIVE = timedelta(hours=24)
"""How long after its last word a conversation with a person of the studio counts as going on."""
Status = Followup.Status
TRIGGER_OPT_OUT = "opt_out"
STOPPED, NO_CONSENT, TAKEN_OVER = "stopped", "no_consent", "taken_over"


@dataclass(frozen=True, slots=True)
class Go:
    """Nothing stands against it."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now: look again at `at`."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """Not at all: the follow-up ends with this status."""

    status: str
    reason: str


Verdict = Go | Wait | Refuse


class Known(Protocol):
    """What the gates ask about one person and their studio: read from the rows, or gathered for many at once."""

    @property
    def lead(self) -> Lead: ...
    def is_suppressed(self) -> bool: ...
    def allows_nudges(self) -> bool: ...
    def is_served(self) -> bool: ...
    def is_connected(self) -> bool: ...
    def conversation(self) -> Conversation | None: ...
    def sent_since(self, start: datetime) -> int: ...


@dataclass(frozen=True, slots=True)
class _Stored:
    """The answers of the rows, each asked for only when it matters."""

    lead: Lead

    def is_suppressed(self) -> bool:
        return suppression.matches(suppression.names_of(self.lead))

    def allows_nudges(self) -> bool:
        return consents.standing(self.lead).allows_nudges

    def is_served(self) -> bool:
        return is_served()

    def is_connected(self) -> bool:
        return is_connected()

    def conversation(self) -> Conversation | None:
        return Conversation.objects.filter(lead=self.lead).first()

    def sent_since(self, start: datetime) -> int:
        done = (Status.SENT, Status.UNKNOWN)
        return Followup.objects.filter(lead=self.lead, finished_at__gte=start, status__in=done).count()


def judge(followup: Followup, lead: Lead, settings: CoachSettings, *, now: datetime) -> Verdict:
    """Return whether a planned message may go out now. A wait that outlives the follow-up becomes `skipped_late`."""
    return decide(followup, _Stored(lead), settings, now=now)


def decide(followup: Followup, known: Known, settings: CoachSettings, *, now: datetime) -> Verdict:
    """Judge by what is known, wherever it comes from."""
    refused = _contact(known) or _late(followup, now)
    if refused:
        return refused
    wait = _studio(known, settings, now) or _person(followup, known, settings, now)
    if wait is None:
        return Go()
    return Refuse(Status.SKIPPED_LATE, wait.reason) if wait.at >= followup.expires_at else wait


def _contact(known: Known) -> Refuse | None:
    if known.lead.status == Lead.Status.OPTED_OUT or known.is_suppressed():
        return Refuse(Status.CANCELLED, "opted_out")
    if known.lead.status == Lead.Status.UNREACHABLE:
        return Refuse(Status.SKIPPED, "unreachable")
    if not known.allows_nudges():
        return Refuse(Status.SKIPPED, "no_consent")
    return None


def _late(followup: Followup, now: datetime) -> Refuse | None:
    return Refuse(Status.SKIPPED_LATE, "expired") if now >= followup.expires_at else None


def _studio(known: Known, settings: CoachSettings, now: datetime) -> Wait | None:
    again = now + LOOK_AGAIN
    if not settings.enabled:
        return Wait(again, "coach_paused")
    if settings.paused_until and settings.pauses(now):
        return Wait(settings.paused_until, "coach_paused")
    if not known.is_served():
        return Wait(again, "no_subscription")
    if not known.is_connected():
        return Wait(again, "whatsapp_not_connected")
    return None


def is_connected() -> bool:
    """The studio's own number, or the installation's where it serves a single studio."""
    shared = django_settings.WHATSAPP_API_TOKEN and django_settings.WHATSAPP_PHONE_NUMBER_ID
    return bool(shared) or Connection.objects.filter(provider="whatsapp", status__in=_USABLE).exists()


_USABLE = (Connection.Status.CONNECTED, Connection.Status.DEGRADED)


def is_served() -> bool:
    """Say whether the workspace is active and its subscription pays for the coach."""
    active = Workspace.objects.filter(pk=current(), status=Workspace.Status.ACTIVE).exists()
    return active and billing.full_service(billing.subscription())


def may_answer() -> bool:
    """Say whether the coach may answer who writes: the studio is not suspended and pays, or is in its days of grace."""
    return not directory.is_suspended(current()) and billing.is_served(billing.subscription())


def _person(followup: Followup, known: Known, settings: CoachSettings, now: datetime) -> Wait | None:
    zone = ZoneInfo(known.lead.timezone)
    quiet, paused = known.lead.paused_until, known.lead.nudges_paused_until
    if quiet and quiet > now:
        return Wait(quiet, "paused")
    if paused and paused > now:
        return Wait(paused, "held_back_by_whatsapp")
    opens = next_open(window=settings.window, zone=zone, at=now)
    if opens > now:
        return Wait(opens, "quiet_hours")
    talk = known.conversation() if followup.origin != Followup.Origin.PERSON else None
    if talk and talk.last_message_at and _is_live(talk, now):
        return Wait(talk.last_message_at + LIVE, "a_person_talks")
    start, end = local_day(now, zone)
    of_rhythm = followup.origin == Followup.Origin.SCHEDULE
    if known.sent_since(start) >= (RHYTHM_A_DAY if of_rhythm else ALL_A_DAY):
        return Wait(next_open(window=settings.window, zone=zone, at=end), "cap_per_person")
    return None


def _is_live(conversation: Conversation, now: datetime) -> bool:
    """A person of the studio has the word, or is waited for, and the last word is not long ago."""
    last = conversation.last_message_at
    return conversation.owner != Conversation.Owner.AI and last is not None and now < last + LIVE


def held(message: Message, lead: Lead, conversation: Conversation, *, now: datetime) -> str:
    """The last look, right before the message leaves. Returns why it must not: `stopped`, `no_consent`, `taken_over`, or
    nothing.

    No word after a stop, but the one that confirms it; a person of the studio may answer somebody who wrote again after
    the stop. Nothing that was planned once the consent has ended. No word of the AI once a person has taken the chat over.
    """
    if message.state == Message.State.DROPPED:
        return STOPPED
    if lead.status == Lead.Status.OPTED_OUT and not _may_follow_a_stop(message, lead, conversation):
        return STOPPED
    if message.why.get("trigger") == "followup" and not consents.standing(lead).allows_nudges:
        return NO_CONSENT
    return TAKEN_OVER if _talks_over(message, conversation, now) else ""


def _may_follow_a_stop(message: Message, lead: Lead, conversation: Conversation) -> bool:
    if message.why.get("trigger") == TRIGGER_OPT_OUT:
        return True
    wrote, stopped = conversation.last_inbound_at, lead.opted_out_at
    return message.by == Message.By.HUMAN and bool(wrote and stopped and wrote > stopped)


def _talks_over(message: Message, conversation: Conversation, now: datetime) -> bool:
    if message.by == Message.By.HUMAN or conversation.owner != Conversation.Owner.HUMAN:
        return False
    if message.why.get("trigger") == "reply":
        return True
    planned_by_us = message.why.get("trigger") == "followup" and message.why.get("origin") != Followup.Origin.PERSON
    return planned_by_us and _is_live(conversation, now)
