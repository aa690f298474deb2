"""What people of the studio do with single planned messages: leave one out, or send it now."""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from coach import config, followups, gates, optout
from coach.gates import Go
from coach.models import Followup
from coach.reasons import told
from pilar.backplane import audit
from pilar.kernel.problems import Conflict, NotFound

Status = Followup.Status


def skip(followup_id: UUID, *, actor: str, now: datetime) -> Followup:
    """Leave one planned message out; the rhythm goes on with the next. Raises NotFound, and Conflict when it has begun."""
    followup = _waiting(followup_id)
    followup.status, followup.reason, followup.finished_at = Status.SKIPPED, "skipped_by_person", now
    followup.save(update_fields=["status", "reason", "finished_at"])
    audit.record(actor, "followup.skipped", "Followup", followup.pk)
    followups.plan_next(followup.lead, now=now)
    return followup


def send_now(followup_id: UUID, *, actor: str, now: datetime) -> Followup:
    """Bring one planned message forward to now. Raises NotFound, and Conflict when it has begun or a gate stands in the way."""
    followup = _waiting(followup_id)
    followup.expires_at = max(followup.expires_at, now + followups.MANUAL_LIFE)
    verdict = gates.judge(followup, followup.lead, config.current(), now=now)
    if not isinstance(verdict, Go):
        sentence = _("It cannot go out now: %(reason)s") % {"reason": told(verdict.reason)}
        raise Conflict(sentence, code="held_back")
    before, followup.scheduled_at = followup.scheduled_at, now
    followup.save(update_fields=["scheduled_at", "expires_at"])
    followups.enqueue(followup)
    audit.record(actor, "followup.sent_now", "Followup", followup.pk, before={"scheduled_at": before.isoformat()})
    return followup


def _waiting(followup_id: UUID) -> Followup:
    """The follow-up with its person's lock held, as the sender takes it. Raises NotFound and Conflict."""
    found = Followup.objects.select_related("lead").filter(pk=followup_id).first()
    if found is None:
        raise NotFound
    lead = optout.locked(found.lead)
    followup = Followup.objects.select_for_update(of=("self",)).get(pk=found.pk)
    if followup.status != Status.PENDING:
        raise Conflict(_("This message is no longer waiting. Load the page again."), code="not_waiting")
    followup.lead = lead
    return followup
