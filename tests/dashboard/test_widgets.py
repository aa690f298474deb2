"""The backplane's figures and activities as the dashboard shows them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext_noop

from pilar.backplane import activity, budgets
from pilar.backplane.tenancy import atomic
from pilar.dashboard import widgets
from pilar.kernel import clock
from tests.factories import LeadFactory

pytestmark = pytest.mark.django_db


def _said(studio: UUID) -> list[str]:
    with translation.override("de"), atomic():
        return [entry["text"] for entry in widgets.activity(studio, clock.now())["activities"]]


def test_an_activity_is_a_sentence_in_the_readers_language(in_studio: UUID) -> None:
    facts = {"type": "weekly_checkin"}
    activity.log("followup.sent", gettext_noop("The coach wrote to a member (%(type)s)"), facts)
    assert _said(in_studio) == ["Der Coach hat einem Mitglied geschrieben (Wochengespräch)"]


def test_an_activity_without_its_facts_is_still_shown(in_studio: UUID) -> None:
    activity.log("x", "Something with %(number)s", {})
    assert _said(in_studio) == ["Something with %(number)s"]


def test_the_same_several_times_in_a_row_is_one_line_with_the_names(in_studio: UUID) -> None:
    with atomic():
        leads = [LeadFactory(name=f"Nora {number}") for number in range(6)]
    for lead in leads:
        activity.log("lead.opted_in", gettext_noop("A member wants messages again"), {}, subject=lead)
    activity.log("x", "Something else", {})
    with atomic():
        other, alike = widgets.activity(in_studio, clock.now())["activities"]
    assert (other["about"], len(alike["about"]), alike["more"]) == ([], 4, 2)


def test_the_single_steps_of_a_set_up_stay_on_their_own_page(in_studio: UUID) -> None:
    activity.log("provisioning.step", "Set-up step %(step)s: %(outcome)s.", {"step": "activation", "outcome": "done"})
    assert _said(in_studio) == []


def test_only_limited_resources_have_a_budget_to_show(in_studio: UUID) -> None:
    with atomic():
        budgets.set_limits("messages", daily=200, policy="queue")
        shown = widgets.budget(in_studio, clock.now())["budgets"]
    assert shown == [{"resource": "messages", "unit": "message", "used": 0, "limit": 200}]


def test_a_cap_of_the_month_is_shown_also_without_one_of_the_day(in_studio: UUID) -> None:
    with atomic():
        budgets.choose("euro", own_monthly=20_000_000, actor="test")
        shown = widgets.budget(in_studio, clock.now())
    assert [(line["limit"], line["month"]) for line in shown["budgets"]] == [(None, {"used": 0, "limit": 20_000_000})]
    with translation.override("de"):
        drawn = render_to_string("widgets/budget.html", shown)
    assert "20,00" in drawn
    assert "Diesen Monat" in drawn


def test_a_budget_says_where_the_day_ends_at_this_pace() -> None:
    six = datetime(2026, 11, 20, 6, tzinfo=UTC)
    standing = budgets.Standing("messages", "", "queue", 200, 60, None, 0, six + timedelta(hours=18))
    shown = widgets.budget_line(standing, six)
    assert (shown["forecast"], shown["full_at"]) == (240, six + timedelta(hours=14))


def test_early_in_the_day_there_is_no_forecast() -> None:
    one = datetime(2026, 11, 20, 1, tzinfo=UTC)
    standing = budgets.Standing("messages", "", "queue", 200, 60, None, 0, one + timedelta(hours=23))
    assert "forecast" not in widgets.budget_line(standing, one)


def test_a_studio_without_work_has_nothing_waiting(in_studio: UUID) -> None:
    with atomic():
        shown = widgets.jobs(in_studio, clock.now())["jobs"]
    assert shown == {"waiting": 0, "running": 0, "dead": 0, "done": 0, "most": widgets.MOST}
