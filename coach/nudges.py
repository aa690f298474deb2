"""Sending a planned message: gates, words, claim, send, and what comes after (specification: scheduler flow).

One intent `followup:{id}` for each attempt; a further attempt exists only when WhatsApp said that the one before did not
reach the person. Every part may be repeated after a crash at any line.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils.translation import gettext_noop

from coach import config, consequences, followups, gates, leads, optout, outbox, unanswered
from coach.agent import writer
from coach.gates import Go, Refuse, Wait
from coach.models import CoachingState, Conversation, Followup, Lead, Message
from coach.outbox import Delivery, Draft, Outcome
from coach.payloads import FollowupDue
from pilar.backplane import activity, budgets
from pilar.backplane.tenancy import atomic, savepoint
from pilar.kernel import clock
from pilar.kernel.errors import ContactFailure, ContactOutcome, ProviderError
from pilar.kernel.switchboard import Reschedule, Work

log = structlog.get_logger(__name__)
Status = Followup.Status
MOST_ATTEMPTS = 3
_OPEN = (Status.PENDING, Status.PROCESSING)
_PREFIX = "followup:"
_SKIPPED = {gates.TAKEN_OVER: "a_person_talks", gates.NO_CONSENT: "no_consent"}
"""Why a follow-up is left out whose message was held back at the last look."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """A follow-up that may go out, with what its words are made from."""

    followup: Followup
    lead: Lead
    conversation: Conversation
    settings: config.CoachSettings


def send_due(work: Work[FollowupDue]) -> dict[str, Any] | Reschedule | None:
    """Send one due follow-up, or say when to look again."""
    now = clock.now()
    with atomic():
        message = _claimed(work.payload.followup_id)
        held = _held_back(work.payload.followup_id, message, now) if message else None
    if held:
        return held
    if message is None:
        found = _judged(work.payload.followup_id, now)
        if not isinstance(found, _Ready):
            return found
        claimed = _claim(found, _words(found, now), now)
        if not isinstance(claimed, Message):
            return claimed
        message = claimed
    return _deliver(work.payload.followup_id, message, now)


def _claimed(followup_id: UUID) -> Message | None:
    """The message that an earlier run of this job wrote down and did not get away."""
    followup = Followup.objects.filter(pk=followup_id, status=Status.PROCESSING).first()
    return Message.objects.filter(effect_key=key_of(followup)).first() if followup else None


def _held_back(followup_id: UUID, message: Message, now: datetime) -> dict[str, Any] | Reschedule | None:
    """Judge a message anew that has waited since it was written, for WhatsApp or for a worker: it keeps the hours, its
    end, and what the person and the studio have said meanwhile. One whose sending has begun is only asked about, and one
    that must not leave at all is dropped on its way.
    """
    followup = Followup.objects.select_related("lead").get(pk=followup_id)
    lead = optout.locked(followup.lead)
    if outbox.has_begun(message) or gates.held(message, lead, leads.conversation_of(lead), now=now):
        return None
    found = _gated(followup, lead, now)
    if isinstance(found, _Ready):
        return None
    if not isinstance(found, Reschedule):
        outbox.take_back(message, reason=str(found["reason"]))
    return found


def key_of(followup: Followup) -> str:
    """Return the key of the follow-up's one intent; a further attempt has a further key."""
    return f"{_PREFIX}{followup.pk}" + (f":{followup.attempt}" if followup.attempt else "")


def _judged(followup_id: UUID, now: datetime) -> _Ready | dict[str, Any] | Reschedule | None:
    with atomic():
        followup = Followup.objects.select_related("lead").filter(pk=followup_id, status__in=_OPEN).first()
        if followup is None:
            return None
        if followup.scheduled_at > now:
            return Reschedule(followup.scheduled_at, "moved")
        return _gated(followup, optout.locked(followup.lead), now)


def _gated(followup: Followup, lead: Lead, now: datetime) -> _Ready | dict[str, Any] | Reschedule:
    settings = config.current()
    match gates.judge(followup, lead, settings, now=now):
        case Go():
            return _Ready(followup, lead, leads.conversation_of(lead), settings)
        case Wait(at=at, reason=reason):
            Followup.objects.filter(pk=followup.pk).update(reason=reason)
            return Reschedule(at, reason)
        case Refuse(status=status, reason=reason):
            _finish(followup, lead, status, reason, now)
            return {"status": status, "reason": reason}


def _words(ready: _Ready, now: datetime) -> Draft | None:
    """Free words inside the window, an approved template outside; None when there is no template that may be used."""
    asks_consent = ready.followup.type == followups.WELCOME
    if ready.conversation.is_open(now) and not asks_consent:
        return writer.nudge(ready.conversation, ready.followup, now=now)
    with atomic():
        return writer.template(ready.conversation, ready.followup)


def _claim(ready: _Ready, draft: Draft | None, now: datetime) -> Message | dict[str, Any] | Reschedule | None:
    """Decide once more under the person's lock, then write the intent: a stop that came in between wins."""
    with atomic():
        lead = optout.locked(ready.lead)
        followup = Followup.objects.select_for_update(of=("self",)).get(pk=ready.followup.pk)
        if followup.status not in _OPEN:
            return None
        again = _gated(followup, lead, now)
        if not isinstance(again, _Ready):
            return again
        if draft is None:
            return _without_words(followup, lead, now)
        return _put(again, draft, now)


def _put(ready: _Ready, draft: Draft, now: datetime) -> Message | dict[str, Any] | Reschedule:
    try:
        why = draft.why | {"origin": ready.followup.origin}
        with savepoint():
            message = outbox.put(ready.conversation, replace(draft, why=why), key=key_of(ready.followup), now=now)
    except budgets.Exceeded as full:
        reason = "costs" if full.resource == "euro" else "budget"
        if full.policy == "queue" and full.retry_at < ready.followup.expires_at:
            Followup.objects.filter(pk=ready.followup.pk).update(reason=reason)
            return Reschedule(full.retry_at, reason)
        _finish(ready.followup, ready.lead, Status.SKIPPED, reason, now)
        return {"status": Status.SKIPPED, "reason": reason}
    Followup.objects.filter(pk=ready.followup.pk).update(status=Status.PROCESSING, reason="")
    writer.disclosed(ready.conversation, draft, now=now)
    return message


def _without_words(followup: Followup, lead: Lead, now: datetime) -> dict[str, Any] | Reschedule:
    at = now + gates.LOOK_AGAIN
    if at < followup.expires_at:
        Followup.objects.filter(pk=followup.pk).update(reason="no_approved_template")
        return Reschedule(at, "no_approved_template")
    _finish(followup, lead, Status.SKIPPED, "no_approved_template", now)
    return {"status": Status.SKIPPED, "reason": "no_approved_template"}


def _deliver(followup_id: UUID, message: Message, now: datetime) -> dict[str, Any] | Reschedule:
    try:
        delivery = outbox.deliver(message.pk, now=now)
    except ProviderError as error:
        return _wait_for_provider(followup_id, message, error, now)
    with atomic():
        followup = Followup.objects.select_related("lead").filter(pk=followup_id).first()
        if followup is not None:
            _after(followup, message, delivery, now)
    return {"message_id": str(message.pk), "outcome": str(delivery.outcome)}


def _wait_for_provider(followup_id: UUID, message: Message, error: ProviderError, now: datetime) -> Reschedule:
    """WhatsApp is away: the message waits, in growing steps, until it is too late for it. Raises the error at the end."""
    with atomic():
        followup = Followup.objects.select_related("lead").get(pk=followup_id)
        at = now + timedelta(seconds=error.retry_after or _growing(message.at, now))
        if at < followup.expires_at:
            return Reschedule(at, error.code or error.error_class)
        outbox.give_up(message, error)
        _finish(followup, followup.lead, Status.FAILED, "whatsapp_away", now)
    raise error


def _growing(since: datetime, now: datetime) -> float:
    """Seconds to wait: as long again as we have waited already, 15 seconds to 15 minutes."""
    return min(900.0, max(15.0, (now - since).total_seconds()))


def _after(followup: Followup, message: Message, delivery: Delivery, now: datetime) -> None:
    match delivery.outcome:
        case Outcome.ACCEPTED:
            _sent(followup, now)
        case Outcome.UNKNOWN:
            _finish(followup, followup.lead, Status.UNKNOWN, "waiting for WhatsApp's word", now)
        case Outcome.REFUSED:
            _refused(followup, message, delivery, now)


def _refused(followup: Followup, message: Message, delivery: Delivery, now: datetime) -> None:
    failure = delivery.failure
    consequences.of_refusal(message, failure, now=now)
    outcome = failure.outcome if isinstance(failure, ContactFailure) else None
    code = failure.code if failure else ""
    if code in _SKIPPED:
        _finish(followup, followup.lead, Status.SKIPPED, _SKIPPED[code], now)
    elif outcome == ContactOutcome.OPTED_OUT:
        _finish(followup, followup.lead, Status.CANCELLED, "opted_out", now)
    elif outcome == ContactOutcome.WINDOW_CLOSED and message.template is None:
        again(followup, at=now, now=now)
    else:
        _finish(followup, followup.lead, Status.FAILED, f"whatsapp_{code}"[:80], now)


def again(followup: Followup, *, at: datetime, now: datetime) -> None:
    """Try once more under a new intent, after WhatsApp said that this one did not arrive; at most three times."""
    if followup.attempt + 1 >= MOST_ATTEMPTS or at >= followup.expires_at:
        _finish(followup, followup.lead, Status.FAILED, "not_delivered", now)
        return
    followup.attempt += 1
    followup.status, followup.scheduled_at, followup.finished_at = Status.PENDING, at, None
    followup.save(update_fields=["attempt", "status", "scheduled_at", "finished_at"])
    followups.enqueue(followup)


def _sent(followup: Followup, now: datetime) -> None:
    done = Followup.objects.filter(pk=followup.pk, status=Status.PROCESSING)
    if not done.update(status=Status.SENT, finished_at=now, reason=""):
        return
    if followup.type == followups.WELCOME:
        unanswered.watch(followup, now=now)
    state, _new = CoachingState.objects.get_or_create(lead=followup.lead)
    CoachingState.objects.filter(pk=state.pk).update(
        last_nudge_at=now, nudges_sent=F("nudges_sent") + 1, unanswered=F("unanswered") + 1
    )
    activity.log(
        "followup.sent",
        gettext_noop("The coach wrote to a member (%(type)s)"),
        {"type": followup.type},
        subject=followup.lead,
    )
    followups.plan_next(followup.lead, now=now)


def _finish(followup: Followup, lead: Lead, status: str, reason: str, now: datetime) -> None:
    """Close a follow-up that was not sent and plan the next of the rhythm."""
    Followup.objects.filter(pk=followup.pk).update(status=status, reason=reason, finished_at=now)
    log.info("followup.closed", followup=str(followup.pk), status=status, reason=reason)
    if lead.status == Lead.Status.ACTIVE:
        followups.plan_next(lead, now=now)


def told(message: Message, *, now: datetime) -> None:
    """Let the follow-up know what WhatsApp said of its message: an unknown one settles, a lost one may be tried again."""
    if not message.effect_key.startswith(_PREFIX):
        return
    with atomic():
        pk = message.effect_key.removeprefix(_PREFIX).partition(":")[0]
        followup = Followup.objects.select_related("lead").select_for_update(of=("self",)).filter(pk=pk).first()
        if followup is None or key_of(followup) != message.effect_key:
            return
        if message.state == Message.State.FAILED:
            _lost(followup, message, now)
        elif followup.status == Status.UNKNOWN:
            Followup.objects.filter(pk=followup.pk).update(status=Status.PROCESSING)
            _sent(followup, now)


def _uncounted(lead: Lead) -> None:
    """What did not arrive was no message to the person, and waits for no answer."""
    CoachingState.objects.filter(lead=lead).update(
        nudges_sent=Greatest(F("nudges_sent") - 1, 0), unanswered=Greatest(F("unanswered") - 1, 0)
    )


TRANSIENT_CODES = frozenset({"1", "2", "131000", "131016", "133004", "135000", "131057", "130429", "131056"})


def _lost(followup: Followup, message: Message, now: datetime) -> None:
    if followup.status == Status.SENT:
        _uncounted(followup.lead)
    if message.error_code == "131047" and message.template is None:
        again(followup, at=now, now=now)
    elif message.error_code in TRANSIENT_CODES:
        again(followup, at=now + timedelta(minutes=4**followup.attempt), now=now)
    elif message.error_code == "131050":
        _finish(followup, followup.lead, Status.CANCELLED, "opted_out", now)
    else:
        _finish(followup, followup.lead, Status.FAILED, f"whatsapp_{message.error_code}", now)
