"""A planned message on its way to the phone: exactly once, only when nothing stands against it."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine

from coach import config, followups, leads, nudges, optout, template_texts, texts
from coach.models import Conversation, Followup, FollowupTemplate, Lead, Message
from coach.payloads import FollowupDue
from pilar.backplane.models import BudgetEntry
from pilar.backplane.tenancy import atomic
from pilar.kernel.errors import ContactFailure, ContactOutcome
from pilar.kernel.ids import uuid7
from pilar.kernel.switchboard import Reschedule, Work
from pilar.providers.models import MessageTemplate
from tests.coach.conftest import Model, Phone, away, lost_answer
from tests.coach.factories import NOON, last_out, lead_with_consent, open_window, willing_lead
from tests.factories import LeadFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_studio", "noon")]
Status = Followup.Status


def due(lead: Lead, **more: str) -> Followup:
    with atomic():
        return followups.plan(lead, type="motivation_message", at=NOON, actor="test", now=NOON, **more)


def run(followup: Followup) -> object:
    return nudges.send_due(
        Work(uuid7(), followup.workspace_id, "coach.followup", FollowupDue(followup_id=followup.pk), 1, uuid7())
    )


def state(followup: Followup) -> tuple[str, str]:
    with atomic():
        followup.refresh_from_db()
    return followup.status, followup.reason


def test_outside_the_window_an_approved_template_reaches_the_phone(phone: Phone) -> None:
    followup = due(willing_lead(name="Anna Berg"))
    run(followup)
    assert phone.texts[0]["name"] == "pilar_welcome_v1"
    assert phone.texts[0]["parameters"]["first_name"] == "Anna"
    assert state(followup) == (Status.SENT, "")


def test_inside_the_window_the_model_finds_the_words(phone: Phone, model: Model) -> None:
    lead = willing_lead()
    open_window(lead, at=NOON - timedelta(hours=1))
    run(due(lead))
    assert phone.texts[0]["body"].startswith(model.text)


def test_the_first_words_of_the_model_say_that_it_is_one(phone: Phone, model: Model) -> None:
    lead = willing_lead()
    open_window(lead, at=NOON - timedelta(hours=1))
    run(due(lead))
    assert "KI" in phone.texts[0]["body"]
    assert Conversation.objects.get(lead=lead).ai_disclosed_at == NOON


def test_without_a_model_fixed_words_go_out_and_the_record_says_so(phone: Phone, model: Model) -> None:
    lead, model.away = willing_lead(name="Anna"), True
    open_window(lead, at=NOON - timedelta(hours=1))
    run(due(lead))
    assert phone.texts[0]["body"].startswith("Hallo Anna")
    assert last_out(lead).why["fallback"] == "no_model_answered"


def test_proven_consent_alone_carries_a_message(phone: Phone) -> None:
    run(due(lead_with_consent()))
    assert len(phone.texts) == 1


def test_without_consent_nothing_goes_out(phone: Phone) -> None:
    followup = due(LeadFactory())
    run(followup)
    assert (phone.texts, state(followup)) == ([], (Status.SKIPPED, "no_consent"))


def test_running_twice_sends_once(phone: Phone) -> None:
    followup = due(willing_lead())
    run(followup)
    run(followup)
    assert len(phone.texts) == 1


def test_a_lost_answer_is_never_sent_again(phone: Phone) -> None:
    followup, phone.failure = due(willing_lead()), lost_answer()
    run(followup)
    run(followup)
    assert (phone.texts, state(followup)[0]) == ([], Status.UNKNOWN)


def test_while_whatsapp_is_away_the_message_waits_and_then_leaves_once(phone: Phone) -> None:
    followup, phone.failure = due(willing_lead()), away()
    assert isinstance(run(followup), Reschedule)
    run(followup)
    assert (len(phone.texts), state(followup)[0]) == (1, Status.SENT)


def test_a_stop_between_claim_and_send_wins(phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    lead = willing_lead()
    followup = due(lead)
    claim = nudges._claim

    def claim_then_stop(*args: object) -> object:
        claimed = claim(*args)  # type: ignore[arg-type]
        with atomic():
            optout.stop(optout.locked(lead), how="chat", now=NOON)
        return claimed

    monkeypatch.setattr(nudges, "_claim", claim_then_stop)
    run(followup)
    assert phone.texts == []
    assert last_out(lead).state == Message.State.DROPPED
    assert state(followup) == (Status.CANCELLED, "opted_out")


def test_a_consent_that_ends_between_claim_and_send_wins(phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    lead = willing_lead()
    followup, claim = due(lead), nudges._claim

    def claim_then_withdraw(*args: object) -> object:
        claimed = claim(*args)  # type: ignore[arg-type]
        with atomic():
            leads.withdraw_consent(lead, lead.consents.get().pk, actor="test", now=NOON)
        return claimed

    monkeypatch.setattr(nudges, "_claim", claim_then_withdraw)
    run(followup)
    assert (phone.texts, state(followup)) == ([], (Status.SKIPPED, "no_consent"))


def test_a_stop_while_whatsapp_is_away_leaves_nothing_sent_and_nothing_reserved(phone: Phone) -> None:
    lead = willing_lead()
    followup, phone.failure = due(lead), away()
    run(followup)
    with atomic():
        optout.stop(optout.locked(lead), how="chat", now=NOON)
    run(followup)
    assert (phone.texts, state(followup)) == ([], (Status.CANCELLED, "opted_out"))
    with atomic():
        assert set(BudgetEntry.objects.values_list("state", flat=True)) == {"released"}


@pytest.mark.parametrize(
    ("hours", "found"), [(10, (Status.PROCESSING, "quiet_hours")), (72, (Status.SKIPPED_LATE, "expired"))]
)
def test_what_waited_for_whatsapp_keeps_the_hours_and_its_end(
    hours: int, found: tuple[str, str], phone: Phone, noon: time_machine.Traveller
) -> None:
    followup, phone.failure = due(willing_lead()), away()
    run(followup)
    noon.move_to(NOON + timedelta(hours=hours))
    run(followup)
    assert (phone.texts, state(followup)) == ([], found)


def test_what_waited_for_the_night_to_end_leaves_in_the_morning(phone: Phone, noon: time_machine.Traveller) -> None:
    followup, phone.failure = due(willing_lead()), away()
    run(followup)
    for hours in (10, 22):
        noon.move_to(NOON + timedelta(hours=hours))
        run(followup)
    assert (len(phone.texts), state(followup)) == (1, (Status.SENT, ""))


def test_a_consent_that_ends_while_whatsapp_is_away_takes_the_message_back(phone: Phone) -> None:
    lead = willing_lead()
    followup, phone.failure = due(lead), away()
    run(followup)
    with atomic():
        leads.withdraw_consent(lead, lead.consents.get().pk, actor="test", now=NOON)
    run(followup)
    assert (phone.texts, state(followup)) == ([], (Status.SKIPPED, "no_consent"))
    assert last_out(lead).state == Message.State.DROPPED


def test_a_stop_while_the_model_writes_wins(phone: Phone, model: Model) -> None:
    lead = willing_lead()
    open_window(lead, at=NOON - timedelta(hours=1))
    followup = due(lead)

    def stop() -> None:
        with atomic():
            optout.stop(optout.locked(lead), how="chat", now=NOON)

    model.before = stop
    run(followup)
    assert (phone.texts, state(followup)) == ([], (Status.CANCELLED, "opted_out"))


def test_a_closed_window_at_whatsapp_leads_to_the_template_next(phone: Phone, model: Model) -> None:
    lead = willing_lead()
    open_window(lead, at=NOON - timedelta(hours=1))
    followup = due(lead)
    phone.failure = ContactFailure(ContactOutcome.WINDOW_CLOSED, provider="whatsapp", code="131047", message="closed")
    run(followup)
    assert state(followup)[0] == Status.PENDING
    run(followup)
    assert phone.texts[0]["name"] == "pilar_nudge_v1"


def test_who_stopped_marketing_at_whatsapp_is_opted_out_by_the_first_refusal(phone: Phone) -> None:
    lead = willing_lead()
    followup = due(lead)
    phone.failure = ContactFailure(ContactOutcome.OPTED_OUT, provider="whatsapp", code="131050", message="stopped")
    run(followup)
    lead.refresh_from_db()
    assert (lead.status, state(followup)) == (Lead.Status.OPTED_OUT, (Status.CANCELLED, "opted_out"))


@pytest.mark.parametrize(("review", "sent"), [("PENDING", "pilar_nudge_v1"), ("APPROVED", "pilar_nudge_v2")])
def test_a_newer_wording_is_used_as_soon_as_whatsapp_approved_it(phone: Phone, review: str, sent: str) -> None:
    lead = willing_lead()
    Conversation.objects.filter(pk=open_window(lead, at=NOON - timedelta(days=2)).pk).update(last_message_at=NOON)
    Message.objects.create(conversation=leads.conversation_of(lead), lead=lead, direction="in", by="member", at=NOON)
    FollowupTemplate.objects.update(created_at=NOON - timedelta(days=9))
    newer = {"name": "pilar_nudge_v2", "language": "de", "params": ["first_name", "studio"]}
    FollowupTemplate.objects.create(**newer, purpose="nudge", body="Hallo {{first_name}}, {{studio}} hier.")
    MessageTemplate.objects.create(**newer, category="MARKETING", components=[], status=review)
    run(due(lead))
    assert phone.texts[0]["name"] == sent


FORMAL = {"de": r"\b(Sie|Ihnen|Ihre?n?)\b", "es": r"\b([Uu]sted|[Ss]u|[Ss]us|[Ll]e)\b",
          "fr": r"\b([Vv]ous|[Vv]otre|[Vv]os)\b", "it": r"\b(Lei|Suo|Sua)\b"}  # fmt: skip


@pytest.mark.parametrize("language", FORMAL)
def test_members_are_addressed_as_among_friends(language: str) -> None:
    fixed = [said[language] for said in texts._TEXTS.values()]
    approved = [text.bodies[language] for text in template_texts.TEXTS]
    assert [said for said in fixed + approved if re.search(FORMAL[language], said)] == []


def test_outside_the_hours_it_waits_for_the_window_to_open(phone: Phone, noon: time_machine.Traveller) -> None:
    followup = due(willing_lead())
    noon.move_to(NOON + timedelta(hours=8))
    found = run(followup)
    assert isinstance(found, Reschedule)
    assert (found.at, found.reason) == (NOON + timedelta(hours=21), "quiet_hours")


def test_one_that_is_too_late_is_left_out(phone: Phone, noon: time_machine.Traveller) -> None:
    followup = due(willing_lead())
    noon.move_to(NOON + timedelta(hours=25))
    run(followup)
    assert (phone.texts, state(followup)[0]) == ([], Status.SKIPPED_LATE)


def test_without_an_approved_template_it_waits(phone: Phone) -> None:
    with atomic():
        MessageTemplate.objects.update(status="PAUSED")
    followup = due(willing_lead())
    assert isinstance(run(followup), Reschedule)
    assert (phone.texts, state(followup)[1]) == ([], "no_approved_template")


def test_a_paused_coach_is_silent(phone: Phone) -> None:
    followup = due(willing_lead())
    with atomic():
        config.save(changes={"enabled": False}, actor="test")
    assert isinstance(run(followup), Reschedule)
    assert phone.texts == []


def test_after_each_message_the_next_of_the_rhythm_is_planned_once(phone: Phone) -> None:
    lead = willing_lead()
    run(due(lead))
    with atomic():
        followups.plan_next(lead, now=NOON)
        planned = Followup.objects.filter(lead=lead, status=Status.PENDING)
        assert [row.origin for row in planned] == [Followup.Origin.SCHEDULE]


def test_after_three_without_an_answer_the_rhythm_rests(phone: Phone) -> None:
    lead = willing_lead()
    for _ in range(3):
        run(due(lead))
    with atomic():
        Followup.objects.filter(status=Status.PENDING).delete()
        assert followups.plan_next(lead, now=NOON) is None


def test_a_caller_s_own_words_go_out_as_they_are(phone: Phone, model: Model) -> None:
    lead = willing_lead()
    open_window(lead, at=NOON - timedelta(hours=1))
    run(due(lead, text="Dein Termin morgen um 9 steht."))
    assert phone.texts[0]["body"] == "Dein Termin morgen um 9 steht."
    assert model.asked == []


def test_the_same_key_plans_one_message(in_studio: UUID) -> None:
    lead = willing_lead()
    assert due(lead, key="a").pk == due(lead, key="a").pk
