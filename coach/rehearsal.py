"""Trying the coach out: what would this member get now, and would anything stand against it. Sends nothing by itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from coach import config, followups, gates, leads
from coach.agent import writer
from coach.gates import Go, Refuse, Wait
from coach.models import Conversation, Followup, Lead
from coach.outbox import Draft
from pilar.backplane.tenancy import atomic
from pilar.kernel.problems import Conflict


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The words, how they would travel, and the verdict of the gates."""

    lead: Lead
    draft: Draft | None
    verdict: str
    reason: str
    followup: Followup | None = None

    def document(self) -> dict[str, Any]:
        """Return it as the API shows it."""
        draft = self.draft
        return {
            "lead_id": self.lead.pk,
            "form": "template" if draft and draft.template else "text",
            "text": draft.text if draft else "",
            "template": draft.template if draft else None,
            "verdict": self.verdict,
            "reason": self.reason,
            "why": draft.why if draft else {},
            "followup_id": self.followup.pk if self.followup else None,
        }


def rehearse(*, lead_id: UUID | None, type: str, send: bool, actor: str, now: datetime) -> Rehearsal:
    """Write the message that `lead_id` (or the newest member) would get now; with `send` plan it. Outside `atomic()`.

    Raises NotFound for an unknown lead, Conflict while the studio has no members.
    """
    with atomic():
        lead = leads.get(lead_id) if lead_id else _newest()
        followup = _imagined(lead, type, now)
        verdict, reason = _judged(followup, lead, now)
        conversation = leads.conversation_of(lead)
    draft = _words(conversation, followup, now)
    with atomic():
        planned = followups.plan(lead, type=type, at=now, actor=actor, now=now) if send else None
    return Rehearsal(lead, draft, verdict, reason, planned)


def _words(conversation: Conversation, followup: Followup, now: datetime) -> Draft | None:
    if conversation.is_open(now):
        return writer.nudge(conversation, followup, now=now)
    with atomic():
        return writer.template(conversation, followup)


def _newest() -> Lead:
    lead = Lead.objects.order_by("-id").first()
    if lead is None:
        raise Conflict(_("There is no member yet. Add one first."), code="no_leads")
    return lead


def _imagined(lead: Lead, type: str, now: datetime) -> Followup:
    person = Followup.Origin.PERSON
    return Followup(lead=lead, type=type, origin=person, scheduled_at=now, expires_at=now + followups.MANUAL_LIFE)


def _judged(followup: Followup, lead: Lead, now: datetime) -> tuple[str, str]:
    match gates.judge(followup, lead, config.current(), now=now):
        case Go():
            return "go", ""
        case Wait(reason=reason):
            return "wait", reason
        case Refuse(reason=reason):
            return "refuse", reason
