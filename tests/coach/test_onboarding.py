"""What the owner says in the onboarding reaches the coach, and the first message reaches the owner's own phone."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from coach import config, onboarding, own_phone
from coach.agent import context as agent_context
from coach.models import Consent, Followup, Lead
from pilar.backplane import engine, events
from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel import clock
from pilar.kernel.problems import Conflict
from pilar.kernel.switchboard import Empty
from tests.coach.conftest import Phone
from tests.coach.factories import lead_with_consent
from workspaces import studio as studios
from workspaces.models import Subscription, Workspace
from workspaces.studio import Particulars

pytestmark = pytest.mark.django_db
NUMBER = "+4915120000001"


def describe(studio: UUID, **answers: Any) -> None:
    """The studio completes its details, and the engine does what follows."""
    particulars = Particulars(
        name="Eisenwerk", legal_name="Eisenwerk GmbH", street="Weg 1", postal_code="50674", city="Köln", country="DE",
        representative_name="Olivia", representative_email="o@studio.test", **answers,
    )  # fmt: skip
    studios.complete(workspace_id=studio, particulars=particulars, actor="test", now=clock.now())
    work_off()


def work_off() -> None:
    engine.work_off(until=clock.now() + timedelta(seconds=5))


def settings_of(studio: UUID) -> config.CoachSettings:
    with tenant(studio), atomic():
        return config.current()


def test_goals_and_tone_said_after_set_up_reach_the_coach(studio: UUID) -> None:
    describe(studio, goals="Niemand geht verloren", tone="kurz und direkt")
    assert (settings_of(studio).goal, settings_of(studio).tone) == ("Niemand geht verloren", "kurz und direkt")


def test_what_was_set_elsewhere_stays_when_something_else_is_said(studio: UUID) -> None:
    describe(studio, tone="kurz und direkt")
    with tenant(studio), atomic():
        config.save(changes={"tone": "sehr ruhig"}, actor="test")
    describe(studio, tone="kurz und direkt", goals="Mehr Kurse")
    assert (settings_of(studio).tone, settings_of(studio).goal) == ("sehr ruhig", "Mehr Kurse")


def test_two_versions_in_the_wrong_order_end_with_the_newer(studio: UUID) -> None:
    from pilar.kernel.ids import uuid7
    from pilar.kernel.switchboard import Happened
    from workspaces.facts import OnboardingCompleted

    describe(studio, goals="Alt")
    describe(studio, goals="Neu")
    with tenant(studio):
        late = OnboardingCompleted(version=1)
        onboarding.take_over(Happened(uuid7(), studio, "x", late, clock.now(), correlation_id=uuid7(), attempt=1))
    assert settings_of(studio).goal == "Neu"


def test_the_coach_knows_the_opening_hours(studio: UUID) -> None:
    describe(studio, opening_hours={"mon": [["06:00", "22:00"]], "tue": []})
    with tenant(studio), atomic():
        from coach import leads

        found = agent_context.gather(leads.conversation_of(lead_with_consent()), now=clock.now())
    assert "Opening hours: Mon 06:00-22:00; Tue closed" in [fact.told for fact in found.facts]


def try_it(studio: UUID, phone: str = NUMBER) -> None:
    with tenant(studio), atomic():
        config.save(changes={"window_start": "00:00", "window_end": "24:00"}, actor="test")
        own_phone.send(phone=phone, name="Olivia", wording="Yes, to me.", actor="test", now=clock.now())


def state(studio: UUID) -> own_phone.Standing:
    with tenant(studio), atomic():
        found = own_phone.standing()
    assert found
    return found


def test_the_owners_phone_gets_an_approved_text_at_once(studio: UUID, phone: Phone) -> None:
    try_it(studio)
    work_off()
    assert [sent["to"] for sent in phone.texts] == [NUMBER.lstrip("+")]
    assert "name" in phone.texts[0]


def test_the_owners_consent_is_kept_with_its_wording(studio: UUID, phone: Phone) -> None:
    try_it(studio)
    with tenant(studio), atomic():
        assert Consent.objects.get(lead=Lead.objects.get(phone=NUMBER)).wording == "Yes, to me."


def test_before_the_studio_is_served_the_message_waits_and_says_why(studio: UUID, phone: Phone) -> None:
    with tenant(studio), atomic():
        Workspace.objects.filter(pk=studio).update(status="pending")
    try_it(studio)
    work_off()
    assert (phone.texts, state(studio).state, state(studio).reason) == ([], "waiting", "no_subscription")


def test_the_end_of_set_up_sends_what_waited(studio: UUID, phone: Phone) -> None:
    with tenant(studio), atomic():
        Workspace.objects.filter(pk=studio).update(status="pending")
    try_it(studio)
    work_off()
    with tenant(studio), atomic():
        Workspace.objects.filter(pk=studio).update(status="active")
        events.publish("provisioning.completed", Empty(), key="done")
    work_off()
    assert len(phone.texts) == 1


def test_a_second_click_is_no_second_message(studio: UUID, phone: Phone) -> None:
    try_it(studio)
    work_off()
    with pytest.raises(Conflict):
        try_it(studio)
    assert len(phone.texts) == 1


def test_a_member_who_is_known_is_not_added_twice(studio: UUID, phone: Phone) -> None:
    try_it(studio)
    with tenant(studio), atomic():
        Followup.objects.update(created_at=clock.now() - timedelta(hours=1), status="sent")
    try_it(studio, "0151 20000001")
    with tenant(studio), atomic():
        assert Lead.objects.filter(phone=NUMBER).count() == 1


def test_without_a_subscription_nothing_is_sent(studio: UUID, phone: Phone) -> None:
    with tenant(studio), atomic():
        Subscription.objects.update(status="canceled")
    try_it(studio)
    work_off()
    assert phone.texts == []
