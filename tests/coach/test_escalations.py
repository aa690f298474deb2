"""A member waits for a person: the team is told, bundled, not at night, and not twice of the same."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine

from coach import escalations
from coach.models import Conversation
from pilar.backplane.tenancy import PLATFORM, atomic, tenant
from pilar.kernel.switchboard import Empty, Work
from tests.coach.factories import LeadFactory
from tests.factories import WorkspaceFactory
from tests.mail import letters
from tests.workspaces.factories import MembershipFactory

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 7, 1, 10, tzinfo=UTC)
"""Noon in Berlin."""


@pytest.fixture
def team() -> Iterator[UUID]:
    studio = WorkspaceFactory()
    for role in ("owner", "coach", "viewer"):
        MembershipFactory(workspace=studio, role=role)
    with time_machine.travel(NOON, tick=False):
        yield studio.pk


def waits(studio: UUID, since: datetime) -> None:
    with tenant(studio), atomic():
        lead = LeadFactory()
        Conversation.objects.update_or_create(
            lead=lead, defaults={"owner": Conversation.Owner.WAITING, "last_inbound_at": since}
        )


def order() -> int:
    with tenant(PLATFORM):
        return escalations.order_due(Work(uuid4(), PLATFORM, "x", Empty(), 1, uuid4()))["ordered"]


def write(studio: UUID) -> list[Any]:
    with tenant(studio):
        escalations.write(Work(uuid4(), studio, escalations.JOB, Empty(), 1, uuid4()))
        return letters()


def test_everybody_who_answers_gets_one_letter_about_all_who_wait(team: UUID) -> None:
    waits(team, NOON - timedelta(minutes=10))
    waits(team, NOON - timedelta(minutes=20))
    assert [letter.subject.partition(": ")[2] for letter in write(team)] == ["2 Mitglieder warten auf Antwort"] * 2


def test_the_same_is_not_told_twice_but_what_is_new_is(team: UUID) -> None:
    waits(team, NOON - timedelta(minutes=20))
    assert len(write(team)) == len(write(team)) == 2
    waits(team, NOON - timedelta(minutes=10))
    assert len(write(team)) == 4


def test_whoever_answers_within_minutes_is_left_in_peace(team: UUID) -> None:
    waits(team, NOON - timedelta(minutes=4))
    assert order() == 0


def test_a_studio_is_looked_after_once_an_hour(team: UUID) -> None:
    waits(team, NOON - timedelta(minutes=10))
    assert (order(), order()) == (1, 0)


@pytest.mark.parametrize(("utc_hour", "ordered"), [(5, 0), (6, 1), (18, 1), (19, 0)])
def test_nobody_is_written_to_at_night(team: UUID, utc_hour: int, ordered: int) -> None:
    waits(team, NOON - timedelta(hours=20))
    with time_machine.travel(NOON.replace(hour=utc_hour), tick=False):
        assert order() == ordered


def test_the_letter_names_no_member_and_can_be_ended(team: UUID) -> None:
    waits(team, NOON - timedelta(minutes=10))
    letter = write(team)[0]
    assert "/letters/unsubscribe/" in letter.unsubscribe
    with tenant(team), atomic():
        assert str(Conversation.objects.select_related("lead").get().lead) not in letter.text
