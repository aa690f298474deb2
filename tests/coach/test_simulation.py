"""The simulator: it says what the planner does, for settings that nobody saved, and changes nothing."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from coach import config, followups, handover, simulation
from coach.models import Consent, Conversation, Followup, Lead
from pilar.backplane import budgets
from pilar.backplane.models import AutopilotJob
from pilar.backplane.tenancy import atomic
from pilar.providers.models import MessageTemplate
from tests.coach.factories import NOON, lead_with_consent, open_window, willing_lead
from tests.factories import LeadFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_studio", "noon")]


def week(**changes: Any) -> simulation.Week:
    with atomic():
        return simulation.week(config.imagined(changes=changes), now=NOON)


def test_it_names_the_very_message_that_is_planned() -> None:
    lead = willing_lead(name="Anna Berg")
    with atomic():
        planned = followups.plan_next(lead, now=NOON)
    assert planned
    found = week().soonest
    assert [(one.lead_id, one.at, one.name) for one in found] == [(lead.pk, planned.scheduled_at, "Anna Berg")]


def test_it_writes_nothing() -> None:
    willing_lead()
    before = (Followup.objects.count(), AutopilotJob.objects.count(), config.latest())
    week(frequency="daily", window_start="06:00", window_end="22:00")
    assert (Followup.objects.count(), AutopilotJob.objects.count(), config.latest()) == before


def test_a_daily_rhythm_rests_after_three_messages_without_an_answer() -> None:
    willing_lead()
    assert week(frequency="daily").messages == followups.SILENT_AFTER


def test_settings_that_nobody_saved_count() -> None:
    willing_lead()
    found = week(window_start="20:00", window_end="21:00").soonest
    assert [one.at.astimezone(ZoneInfo("Europe/Berlin")).hour for one in found] == [20]


def test_who_gets_nothing_is_told_with_the_reason() -> None:
    LeadFactory()
    gone = willing_lead()
    Lead.objects.filter(pk=gone.pk).update(status=Lead.Status.OPTED_OUT)
    lost = willing_lead()
    Lead.objects.filter(pk=lost.pk).update(status=Lead.Status.UNREACHABLE)
    assert dict(week().reasons) == {"no_consent": 1, "opted_out": 1, "unreachable": 1}


def test_a_paused_coach_writes_to_nobody() -> None:
    willing_lead()
    with atomic():
        config.pause(until=None, actor="test", now=NOON)
    assert (week().messages, week().reasons) == (0, [("coach_paused", 1)])


def test_a_pause_that_ends_in_the_week_moves_what_lies_in_it() -> None:
    willing_lead()
    with atomic():
        config.pause(until=NOON + timedelta(days=2), actor="test", now=NOON)
        found = simulation.week(config.current(), now=NOON)
    assert all(one.at > NOON + timedelta(days=2) for one in found.soonest)


def test_while_a_person_talks_nothing_of_the_rhythm_goes_out_that_day() -> None:
    lead = willing_lead()
    chat = open_window(lead, at=NOON)
    Conversation.objects.filter(pk=chat.pk).update(last_message_at=NOON)
    with atomic():
        handover.give_to(chat, owner="human", actor="user:1", now=NOON)
    assert all(one.at >= NOON + timedelta(hours=24) for one in week(frequency="daily").soonest)


def test_without_an_approved_template_nobody_is_written_to() -> None:
    willing_lead()
    MessageTemplate.objects.update(status="REJECTED")
    assert week().reasons == [("no_approved_template", 1)]


def test_a_message_planned_by_hand_is_counted_too() -> None:
    lead = lead_with_consent()
    with atomic():
        followups.plan(lead, type="motivation_message", at=NOON + timedelta(hours=2), actor="test", now=NOON)
    assert NOON + timedelta(hours=2) in [one.at for one in week().soonest]


def test_the_days_add_up_and_say_what_the_budget_does_not_hold() -> None:
    for _member in range(4):
        willing_lead()
    budgets.set_limits("messages", daily=1)
    found = week(frequency="daily")
    assert sum(day.messages for day in found.days) == found.messages
    assert sum(day.over for day in found.days) == found.messages - sum(day.messages > 0 for day in found.days)


def test_a_large_studio_is_sampled_in_a_fixed_number_of_queries(
    django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulation, "MOST_MEMBERS", 100)
    with atomic():
        people = Lead.objects.bulk_create(Lead(name=f"M{n}", phone=f"+49160{n:08d}") for n in range(500))
        Consent.objects.bulk_create(
            Consent(lead=lead, source="s", wording="w", at=NOON, confirmed_at=NOON) for lead in people
        )
    with django_assert_max_num_queries(22):
        found = week()
    assert (found.members, found.judged, found.is_estimate) == (500, 100, True)
    assert 475 <= found.reached <= 500
