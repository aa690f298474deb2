"""Every reason not to send, in one place and in one order. Read inside the transaction that claims the send (reliability S8)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
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
Status = Followup.Status
TRIGGER_OPT_OUT = "opt_out"


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


def judge(followup: Followup, lead: Lead, settings: CoachSettings, *, now: datetime) -> Verdict:
    """Return whether a planned message may go out now. A wait that outlives the follow-up becomes `skipped_late`."""
    refused = _contact(lead) or _late(followup, now)
    if refused:
        return refused
    wait = _studio(settings, now) or _person(followup, lead, settings, now)
    if wait is None:
        return Go()
    return Refuse(Status.SKIPPED_LATE, wait.reason) if wait.at >= followup.expires_at else wait


def _contact(lead: Lead) -> Refuse | None:
    if lead.status == Lead.Status.OPTED_OUT or suppression.matches(suppression.names_of(lead)):
        return Refuse(Status.CANCELLED, "opted_out")
    if lead.status == Lead.Status.UNREACHABLE:
        return Refuse(Status.SKIPPED, "unreachable")
    if not consents.standing(lead).allows_nudges:
        return Refuse(Status.SKIPPED, "no_consent")
    return None


def _late(followup: Followup, now: datetime) -> Refuse | None:
    return Refuse(Status.SKIPPED_LATE, "expired") if now >= followup.expires_at else None


def _studio(settings: CoachSettings, now: datetime) -> Wait | None:
    again = now + LOOK_AGAIN
    if not settings.enabled:
        return Wait(again, "coach_paused")
    if not is_served():
        return Wait(again, "no_subscription")
    if not _is_connected():
        return Wait(again, "whatsapp_not_connected")
    return None


def _is_connected() -> bool:
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


def _person(followup: Followup, lead: Lead, settings: CoachSettings, now: datetime) -> Wait | None:
    zone = ZoneInfo(lead.timezone)
    paused = lead.nudges_paused_until
    if paused and paused > now:
        return Wait(paused, "held_back_by_whatsapp")
    opens = next_open(window=settings.window, zone=zone, at=now)
    if opens > now:
        return Wait(opens, "quiet_hours")
    start, end = local_day(now, zone)
    today = Followup.objects.filter(lead=lead, finished_at__gte=start, status__in=(Status.SENT, Status.UNKNOWN))
    of_rhythm = followup.origin == Followup.Origin.SCHEDULE
    if today.count() >= (RHYTHM_A_DAY if of_rhythm else ALL_A_DAY):
        return Wait(next_open(window=settings.window, zone=zone, at=end), "cap_per_person")
    return None


def may_leave(message: Message, lead: Lead, conversation: Conversation) -> bool:
    """The last look, right before the message leaves: no word after a stop, but the one that confirms it.

    A person of the studio may answer somebody who wrote again after the stop.
    """
    if message.state == Message.State.DROPPED:
        return False
    if lead.status != Lead.Status.OPTED_OUT or message.why.get("trigger") == TRIGGER_OPT_OUT:
        return True
    wrote, stopped = conversation.last_inbound_at, lead.opted_out_at
    return message.by == Message.By.HUMAN and bool(wrote and stopped and wrote > stopped)
