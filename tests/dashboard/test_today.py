"""Today and the palette, through their doors."""

from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import translation

from pilar.dashboard import palette
from pilar.kernel import switchboard
from pilar.kernel.principal import Principal, Role
from pilar.kernel.shown import Command, Need, Needs, Widget
from tests.factories import LeadFactory
from tests.workspaces.world import World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def owner(world: World) -> Client:
    return world.browser("owner")


def _principal(studio: UUID, role: Role = Role.OWNER) -> Principal:
    return Principal(studio, "user:1", role)


def _labels(studio: UUID, text: str, role: Role = Role.OWNER) -> list[str]:
    with translation.override("de"):
        return [hit.title for hit in palette.commands(_principal(studio, role), text)]


def test_a_late_part_comes_empty_and_loads_by_itself(owner: Client) -> None:
    page = owner.get("/dashboard").content.decode()
    assert 'hx-get="/dashboard/parts/incidents" hx-trigger="load' in page
    assert owner.get("/dashboard/parts/incidents").status_code == 200


def test_without_javascript_the_page_comes_whole(owner: Client) -> None:
    assert "part-ghost" not in owner.get("/dashboard?whole").content.decode()


def test_a_part_is_the_same_text_alone_so_that_nothing_is_sent_twice(owner: Client) -> None:
    first = owner.get("/dashboard/parts/budget")
    again = owner.get("/dashboard/parts/budget", headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304
    assert first.content.decode().strip() in owner.get("/dashboard").content.decode()


def test_an_unknown_part_is_not_found(owner: Client) -> None:
    assert owner.get("/dashboard/parts/nothing").status_code == 404


def test_a_part_that_breaks_answers_as_an_error_so_that_the_page_keeps_what_it_has(
    owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(workspace_id: Any, now: Any) -> dict[str, Any]:
        raise RuntimeError("no")

    monkeypatch.setitem(switchboard.widgets, "broken", Widget("broken", "widgets/jobs.html", broken))
    assert owner.get("/dashboard/parts/broken").status_code == 500


def test_the_first_day_says_what_to_do_first(owner: Client) -> None:
    assert "Leg dein erstes Mitglied an" in owner.get("/dashboard").content.decode()


def test_what_needs_the_owner_does_not_trouble_a_coach(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    bill = Needs("bill", lambda workspace_id, now: [Need("Rechnung", "/x", "Zahlen")], role=Role.ADMIN)
    monkeypatch.setitem(switchboard.needs, "bill", bill)
    pages = {who: world.browser(who).get("/dashboard/head").content.decode() for who in ("owner", "coach")}
    assert ("Rechnung" in pages["owner"], "Rechnung" in pages["coach"]) == (True, False)


def test_the_dot_in_the_header_leads_to_one_thing_to_do(owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        switchboard.needs, "bill", Needs("bill", lambda w, n: [Need("Rechnung", "/x", "Zahlen")], order=0)
    )
    assert 'href="/x"' in owner.get("/dashboard/status").content.decode()


def test_the_palette_finds_an_action_by_other_words(in_studio: UUID) -> None:
    assert _labels(in_studio, "nachr stop") == ["Coach pausieren"]


def test_the_palette_shows_an_action_only_to_who_may_do_it(in_studio: UUID) -> None:
    assert "Coach pausieren" not in _labels(in_studio, "coach", Role.COACH)


def test_accents_and_case_do_not_matter(in_studio: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(switchboard.commands, "x", Command("x", "Übersicht", "house", lambda: "/x"))
    assert _labels(in_studio, "UBER") == ["Übersicht"]


def test_the_palette_finds_members_by_the_end_of_their_number(world: World, owner: Client) -> None:
    from pilar.backplane.tenancy import atomic, tenant

    with tenant(world.workspace_id), atomic():
        LeadFactory(name="Anna Berg", phone="+4917155500123")
    assert "Anna Berg" in owner.get("/dashboard/search/results", {"q": "0171 55500123"}).content.decode()


def test_the_palette_finds_nobody_of_another_studio(world: World) -> None:
    from pilar.backplane.tenancy import atomic, tenant

    with tenant(world.workspace_id), atomic():
        LeadFactory(name="Anna Berg")
    assert "Anna Berg" not in world.browser("outsider").get("/dashboard/search", {"q": "Anna"}).content.decode()


def test_an_action_of_the_palette_is_a_form(owner: Client) -> None:
    page = owner.get("/dashboard/search", {"q": "pausieren"}).content.decode()
    assert '<form method="post" action="/dashboard/automation/pause">' in page


@pytest.mark.parametrize("state", ["planned", "sent", "delivered", "answered", "failed", "no-such"])
def test_every_number_of_the_coach_leads_to_its_rows(owner: Client, state: str) -> None:
    assert owner.get("/dashboard/messages", {"filter": state, "day": "today"}).status_code == 200


def test_the_sidebar_stays_folded(owner: Client) -> None:
    owner.post("/ui/sidebar", {"slim": "1", "next": "/dashboard"})
    assert "data-slim" in owner.get("/dashboard").content.decode()
