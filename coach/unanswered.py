"""When a member does not answer the question for consent: the studio is told, and may ask at the front desk.

The coach itself does not ask twice.
"""

from datetime import datetime, timedelta

from django.utils.translation import gettext_noop

from coach import consents
from coach.models import Followup, Lead
from coach.payloads import FollowupDue
from pilar.backplane import activity, waits
from pilar.backplane.tenancy import atomic
from pilar.kernel.switchboard import Work

JOB = "coach.unanswered"
PATIENCE = timedelta(days=3)


def watch(question: Followup, *, now: datetime) -> None:
    """Wait for the answer. Runs in the transaction that notes that the question was sent."""
    waits.begin(
        consents.CONFIRMED,
        about=("lead", question.lead_id),
        until=now + PATIENCE,
        then=JOB,
        payload=FollowupDue(followup_id=question.pk),
        key=f"unanswered:{question.pk}",
    )


def tell(work: Work[FollowupDue]) -> dict[str, str]:
    """Job handler: the member agreed, or the time is over."""
    if waits.ended_by(work):
        return {"answer": "yes"}
    with atomic():
        question = Followup.objects.select_related("lead").filter(pk=work.payload.followup_id).first()
        if question is None or question.lead.status != Lead.Status.ACTIVE or not _is_open(question.lead):
            return {"answer": "no longer wanted"}
        text = gettext_noop("A member has not answered whether the coach may write: ask in person")
        activity.log("consent.unanswered", text, {}, subject=question.lead)
    return {"answer": "none"}


def _is_open(lead: Lead) -> bool:
    standing = consents.standing(lead)
    return standing.allows_nudges and not standing.confirmed
