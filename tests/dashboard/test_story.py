"""One story: from what came in to what went out, in the studio's words."""

from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from pilar.backplane import activity, correlation, effects, events
from pilar.backplane.engine import work_off
from pilar.backplane.tenancy import atomic, tenant
from pilar.dashboard import happenings, story
from pilar.kernel import switchboard
from pilar.kernel.ids import uuid7
from pilar.kernel.switchboard import RetryAt
from tests.backplane.trade import Task, Trade
from tests.factories import LeadFactory
from tests.workspaces.world import World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def thread(world: World, monkeypatch: pytest.MonkeyPatch) -> UUID:
    """A member wrote; the answer needed two attempts."""
    tries: list[Any] = []

    def answer(fact: Any) -> None:
        tries.append(fact)
        if len(tries) == 1:
            raise RetryAt("busy", after=0)
        effects.perform(key="k", provider="whatsapp", operation="send", call=lambda _: effects.EffectResult("wamid.1"))
        with atomic():
            activity.log("x", "Answered %(name)s", {"name": "Anna"})

    Trade(monkeypatch).event("whatsapp.inbound", answer)
    found = uuid7()
    with tenant(world.workspace_id), atomic(), correlation.use(found):
        events.publish("whatsapp.inbound", Task(), key="1")
    work_off()
    return found


def test_it_is_told_in_order_and_in_german(world: World, thread: UUID) -> None:
    with tenant(world.workspace_id), translation.override("de"):
        told = [line.text for line in story.tell(thread)]
    assert told == [
        "Ein Mitglied hat dir geschrieben",
        "Es hat nicht sofort geklappt; wir haben es noch einmal versucht",
        "WhatsApp: Ausgeführt",
        "Answered Anna",
    ]


@pytest.mark.parametrize(
    ("kind", "facts", "tone"),
    [
        ("incident.opened", {}, "bad"),
        ("step", {"outcome": "failed"}, "bad"),
        ("step", {"outcome": "done"}, "ok"),
        ("x", {}, "ok"),
    ],
)
def test_trouble_looks_like_trouble(world: World, kind: str, facts: dict[str, str], tone: str) -> None:
    with tenant(world.workspace_id), atomic():
        thread = activity.log(kind, "Something", facts).correlation_id
        assert [line.tone for line in story.tell(thread)] == [tone]


def test_members_of_the_studio_read_it_and_nobody_else(world: World, thread: UUID) -> None:
    address = reverse("workspaces:story", args=[thread])
    assert "Answered Anna" in world.browser("viewer").get(address).content.decode()
    assert world.browser("outsider").get(address).status_code == 404
    assert Client().get(address).status_code == 302


def test_the_list_leads_to_each_story_in_pages(world: World, thread: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workspaces.pages.activity.SHOWN", 1)
    with tenant(world.workspace_id), atomic():
        activity.log("x", "Came second", {})
    browser = world.browser("viewer")
    first = browser.get(reverse("workspaces:activity"))
    second = browser.get(reverse("workspaces:activity"), {"cursor": first.context["following"]})
    assert [one["text"] for one in first.context["activities"]] == ["Came second"]
    assert reverse("workspaces:story", args=[thread]) in second.content.decode()
    assert second.context["following"] is None


def test_a_long_list_asks_few_questions(world: World, django_assert_max_num_queries: Any) -> None:
    with tenant(world.workspace_id), atomic():
        for number in range(40):
            activity.log("x", "Number %(number)s", {"number": str(number)})
    browser = world.browser("viewer")
    with django_assert_max_num_queries(20):
        browser.get(reverse("workspaces:activity"))


def test_every_fact_has_words_for_the_studio() -> None:
    assert set(switchboard.events) - set(happenings.EVENTS) == set()
    assert set(happenings.EVENTS) - set(switchboard.events) == set()


def test_it_says_whom_a_sentence_is_about_and_leads_there(world: World) -> None:
    with tenant(world.workspace_id), atomic():
        lead = LeadFactory(name="Anna Berg")
        entry = activity.log("lead.opted_out", "A member stopped the messages", {"how": "chat"}, subject=lead)
    browser, link = world.browser("viewer"), f'<a href="{reverse("coach:member", args=[lead.pk])}">Anna Berg</a>'
    told = reverse("workspaces:story", args=[entry.correlation_id])
    pages = ("/dashboard/parts/activity", reverse("workspaces:activity"), told)
    assert [link in browser.get(page).content.decode() for page in pages] == [True, True, True]
    with tenant(world.workspace_id), atomic():
        lead.delete()
    assert ["Anna Berg" in browser.get(page).content.decode() for page in pages] == [False, False, False]


def test_names_of_many_cost_one_question(world: World, django_assert_max_num_queries: Any) -> None:
    with tenant(world.workspace_id), atomic():
        for lead in LeadFactory.create_batch(30):
            activity.log("lead.met", "A new contact wrote on WhatsApp", {}, subject=lead)
    browser = world.browser("viewer")
    with django_assert_max_num_queries(20):
        browser.get(reverse("workspaces:activity"))
