"""The owner's own phone: they agree to get messages there, and the first one goes the way of every message.

It is the greeting that any new person gets: through the same gates, budget and intent, as an approved template. So it waits
until the set-up is done, and says meanwhile what it waits for.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from coach import aliases, consents, followups, leads, nudges, numbers
from coach.aliases import Contact
from coach.consents import NewConsent
from coach.leads import NewLead
from coach.models import Followup, Lead, Message
from pilar.backplane import jobs
from pilar.backplane.tenancy import atomic, current
from pilar.kernel import clock
from pilar.kernel.problems import Conflict
from pilar.kernel.switchboard import Happened, Outcome
from workspaces.models import Workspace

SOURCE = "onboarding"
KEPT_FOR = timedelta(days=14)
"""A set-up may wait for papers and reviews that long; afterwards the greeting would come as a surprise."""
PAUSE = timedelta(minutes=10)
"""Between two tests to the same phone."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the newest test stands: `waiting` (see `reason`), a message's state, or how the follow-up ended."""

    phone: str
    state: str
    reason: str = ""

    @property
    def is_settled(self) -> bool:
        return self.state in ("delivered", "read", "failed", "skipped", "skipped_late", "cancelled", "dropped")


def send(*, phone: str, name: str, wording: str, actor: str, now: datetime) -> Followup:
    """Plan the test to a phone whose holder agreed in these words just now. Runs in the workspace's scope.

    Raises Problem for a number that is none or a full plan, Conflict when a test to it is under way or was just made.
    """
    with atomic():
        studio = Workspace.objects.select_for_update().get(pk=current())
        given = NewConsent(source=SOURCE, wording=wording, at=now)
        lead = _known(numbers.normalise(phone, country=studio.country))
        if lead is None:
            lead = leads.add(
                NewLead(name=name, phone=phone, tags=["Team"], consent=given), actor=actor, source=SOURCE, now=now
            )
            return _bring_forward(lead, now)
        _refuse_soon(lead, now)
        if not consents.standing(lead).allows_nudges:
            leads.add_consent(lead, given, actor=actor, now=now)
        planned = followups.plan(lead, type="motivation_message", at=now, actor=actor, now=now)
        Followup.objects.filter(pk=planned.pk).update(expires_at=now + KEPT_FOR)
        return planned


def _known(phone: str) -> Lead | None:
    return aliases.find(Contact(sender=numbers.wa_id(phone)))


def _bring_forward(lead: Lead, now: datetime) -> Followup:
    """Let the greeting of a new person go out at once; for another it would wait two minutes."""
    greeting = Followup.objects.filter(lead=lead, type=followups.WELCOME).first()
    if greeting is None:
        text = _("This phone has said STOP before. Write START to the studio's number from it, then try again.")
        raise Conflict(text, code="opted_out")
    greeting.scheduled_at, greeting.expires_at = now, now + KEPT_FOR
    greeting.save(update_fields=["scheduled_at", "expires_at"])
    followups.enqueue(greeting)
    return greeting


def _refuse_soon(lead: Lead, now: datetime) -> None:
    last = _newest(lead)
    if last and (last.status == Followup.Status.PENDING or last.created_at > now - PAUSE):
        raise Conflict(_("A message to this phone is on its way already. Give it a few minutes."), code="too_soon")


def _newest(lead: Lead) -> Followup | None:
    """The newest test; what the coach's own rhythm has planned for the same person is none."""
    tests = Followup.objects.filter(lead=lead).exclude(origin=Followup.Origin.SCHEDULE)
    return tests.order_by("-created_at").first()


def standing() -> Standing | None:
    """Return where the newest test of the current workspace stands, or None before the first."""
    lead = Lead.objects.filter(source=SOURCE).order_by("-id").first()
    newest = _newest(lead) if lead else None
    if lead is None or newest is None:
        return None
    message = Message.objects.filter(effect_key=nudges.key_of(newest)).first()
    if message:
        return Standing(lead.phone, message.state)
    waits = newest.status == Followup.Status.PENDING
    return Standing(lead.phone, "waiting" if waits else newest.status, newest.reason)


def send_waiting(_event: Happened[Any]) -> Outcome:
    """Event handler: the set-up is complete, so what waited for it need not wait for its next look."""
    now = clock.now()
    with atomic():
        waiting = Followup.objects.filter(lead__source=SOURCE, status=Followup.Status.PENDING, scheduled_at__lte=now)
        for followup in waiting:
            jobs.wake("coach.followup", followups.job_key(followup.pk, followup.attempt, followup.scheduled_at), now)
    return None
