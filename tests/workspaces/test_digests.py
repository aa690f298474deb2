"""The owner's summary: in the morning of the studio, each once, on the days the owner wants."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
import time_machine

from pilar.backplane.models import AutopilotJob
from pilar.backplane.tenancy import PLATFORM, atomic, tenant
from pilar.kernel import switchboard
from pilar.kernel.switchboard import Empty, Summary, Work
from tests.mail import letters
from tests.workspaces.world import World
from workspaces import digests
from workspaces.models import Membership, User

pytestmark = pytest.mark.django_db
FIGURES: list[tuple[datetime, datetime]] = []
"""The spans that were asked for."""


@pytest.fixture(autouse=True)
def _figures(monkeypatch: pytest.MonkeyPatch) -> None:
    def rows(since: datetime, until: datetime) -> list[tuple[str, int]]:
        FIGURES.append((since, until))
        return [("Nachrichten", 42)]

    monkeypatch.setattr(switchboard, "summaries", {"test": Summary("test", rows)})
    FIGURES.clear()


def wish(world: World, digest: str) -> None:
    User.objects.filter(pk=world.people["owner"].pk).update(digest=digest)
    User.objects.filter(pk=world.people["outsider"].pk).update(digest="off")


def look(at: str) -> int:
    """Have the clock's job run at a moment; returns how many summaries it ordered."""
    with time_machine.travel(datetime.fromisoformat(at).replace(tzinfo=UTC), tick=False), tenant(PLATFORM):
        return digests.order_due(Work(uuid4(), PLATFORM, "x", Empty(), 1, uuid4()))["ordered"]


def write(world: World, day: date) -> Any:
    membership = Membership.objects.get(user=world.people["owner"])
    order = digests.Due(membership_id=membership.pk, day=day)
    with tenant(world.workspace_id):
        return digests.write(Work(uuid4(), world.workspace_id, digests.JOB, order, 1, uuid4()))


def ordered(workspace_id: UUID) -> list[str]:
    with tenant(workspace_id), atomic():
        rows = AutopilotJob.objects.filter(type=digests.JOB).order_by("pk")
        return [row.payload["day"] for row in rows]


def test_a_daily_summary_is_ordered_once_a_day_in_the_morning(world: World) -> None:
    wish(world, "daily")
    assert look("2026-07-01T04:59") == 0
    assert look("2026-07-01T05:01") == 1
    assert look("2026-07-01T05:31") == 0
    assert look("2026-07-01T10:30") == 0
    assert look("2026-07-02T05:01") == 1


def test_what_was_missed_until_noon_is_not_sent_any_more(world: World) -> None:
    wish(world, "daily")
    assert look("2026-07-01T10:01") == 0
    assert look("2026-07-01T09:59") == 1


def test_a_weekly_summary_comes_on_mondays(world: World) -> None:
    wish(world, "weekly")
    assert [look(f"2026-06-{day}T06:00") for day in (28, 29, 30)] == [0, 1, 0]


def test_nobody_who_turned_it_off_gets_one(world: World) -> None:
    wish(world, "off")
    assert look("2026-06-29T06:00") == 0


@pytest.mark.thorough
@pytest.mark.parametrize("first", ["2026-03-28", "2026-10-24"])
def test_each_day_has_one_summary_when_the_clock_is_changed(world: World, first: str) -> None:
    wish(world, "daily")
    start = datetime.fromisoformat(first)
    for half_hour in range(3 * 48):
        look((start + timedelta(minutes=30 * half_hour)).isoformat())
    days = [(start + timedelta(days=n)).date().isoformat() for n in range(3)]
    assert ordered(world.workspace_id) == days


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 30), 23), (date(2026, 10, 26), 25), (date(2026, 7, 1), 24)])
def test_a_summary_covers_the_whole_local_day(day: date, hours: int) -> None:
    since, until = digests.span(day, days=1, zone=ZoneInfo("Europe/Berlin"))
    assert (until.astimezone(UTC) - since.astimezone(UTC)) == timedelta(hours=hours)


def test_the_letter_is_written_once_and_can_be_ended_by_one_click(world: World) -> None:
    wish(world, "daily")
    assert write(world, date(2026, 7, 1)) == {"sent": True}
    write(world, date(2026, 7, 1))
    with tenant(world.workspace_id):
        (letter,) = letters()
    assert "Nachrichten: 42" in letter.text
    assert "/letters/unsubscribe/" in letter.unsubscribe
    assert FIGURES[0][1] - FIGURES[0][0] == timedelta(days=1)


def test_whoever_changed_their_mind_meanwhile_gets_none(world: World) -> None:
    wish(world, "off")
    assert write(world, date(2026, 7, 1)) == {"sent": False}


def test_a_studio_in_which_nothing_happened_is_left_in_peace(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    wish(world, "daily")
    monkeypatch.setattr(switchboard, "summaries", {})
    monkeypatch.setattr(switchboard, "widgets", {})
    assert write(world, date(2026, 7, 1)) == {"sent": False}
