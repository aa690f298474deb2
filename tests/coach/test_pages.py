"""The coach's pages: they open for members of the studio, say what is so, and write what they are told."""

import re
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from coach import config, leads
from coach.models import Conversation, Lead, Message
from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel import clock
from pilar.kernel.principal import Role
from tests.coach.conftest import make_studio, signed_in
from tests.coach.factories import willing_lead

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("page", ["chats", "members", "member_add", "automation"])
def test_each_page_opens_in_an_empty_studio(owner: Client, page: str) -> None:
    assert owner.get(reverse(f"coach:{page}")).status_code == 200


def test_a_chat_shows_what_was_said_and_lets_one_answer(owner: Client, chat: Conversation, studio: UUID) -> None:
    page = reverse("coach:chat", args=[chat.pk])
    assert "Wann habt ihr offen?" in owner.get(page).content.decode()
    owner.post(reverse("coach:chat_send", args=[chat.pk]), {"text": "Bis 22 Uhr!"})
    with tenant(studio), atomic():
        assert Message.objects.get(by=Message.By.HUMAN).body == "Bis 22 Uhr!"


def test_the_polled_part_answers_304_when_nothing_changed(owner: Client, chat: Conversation) -> None:
    path = reverse("coach:chat_messages", args=[chat.pk])
    first = owner.get(path)
    assert owner.get(path, headers={"If-None-Match": first["ETag"]}).status_code == 304


def test_a_chat_can_be_taken_over_and_handed_back(owner: Client, chat: Conversation, studio: UUID) -> None:
    for word in ("human", "ai"):
        owner.post(reverse("coach:chat_owner", args=[chat.pk]), {"owner": word})
        with tenant(studio), atomic():
            assert Conversation.objects.get().owner == word


def test_a_member_is_added_with_the_consent_on_record(owner: Client, studio: UUID) -> None:
    form = {
        "name": "Anna", "phone": "0151 23456789", "language": "de", "timezone": "Europe/Berlin", "tags": "VIP, neu",
        "consent_source": "Tresen", "consent_wording": "Ja", "consent_at": "2026-11-01T10:00",
    }  # fmt: skip
    answer = owner.post(reverse("coach:member_add"), form, follow=True)
    assert "Tresen" in answer.content.decode()
    with tenant(studio), atomic():
        assert Lead.objects.get().tags == ["VIP", "neu"]


def test_a_wrong_number_is_explained_beside_its_field(owner: Client) -> None:
    form = {"name": "Anna", "phone": "nope", "language": "de", "timezone": "Europe/Berlin"}
    answer = owner.post(reverse("coach:member_add"), form)
    assert answer.status_code == 400
    assert "phone" in answer.context["form"].errors


def test_a_time_zone_that_is_none_is_refused_beside_its_field(owner: Client, studio: UUID) -> None:
    form = {"name": "Anna", "phone": "0151 23456789", "language": "de", "timezone": "Mars/Olympus"}
    answer = owner.post(reverse("coach:member_add"), form)
    assert answer.status_code == 400
    assert "timezone" in answer.context["form"].errors
    with tenant(studio), atomic():
        assert not Lead.objects.exists()


@pytest.mark.parametrize("chosen", ["", "consented", "pending", "stopped", "nonsense"])
def test_the_list_of_members_can_be_filtered_and_searched(owner: Client, chat: Conversation, chosen: str) -> None:
    found = owner.get(reverse("coach:members"), {"q": "anna", "consent": chosen}).context["members"]
    assert len(found) == (chosen in ("", "consented", "nonsense"))


def test_the_settings_are_saved(owner: Client, studio: UUID) -> None:
    form: dict[str, Any] = {
        "target_audience": "Alle", "goal": "Kraft", "tone": "ruhig", "language": "de", "frequency": "daily",
        "window_start": "08:00", "window_end": "20:00",
    }  # fmt: skip
    owner.post(reverse("coach:automation"), form)
    with tenant(studio), atomic():
        assert (config.current().frequency, config.current().auto_reply) == ("daily", False)


def test_the_coach_can_be_paused(owner: Client, studio: UUID) -> None:
    owner.post(reverse("coach:pause"), {"paused": "1", "length": "open"})
    with tenant(studio), atomic():
        assert not config.current().enabled


def test_another_studio_s_chat_and_member_are_not_there(chat: Conversation) -> None:
    outsider = signed_in(make_studio())
    assert outsider.get(reverse("coach:chat", args=[chat.pk])).status_code == 404
    assert outsider.get(reverse("coach:member", args=[chat.lead_id])).status_code == 404


def test_a_viewer_may_not_write(studio: UUID, chat: Conversation) -> None:
    viewer = signed_in(studio, Role.VIEWER)
    assert viewer.post(reverse("coach:chat_send", args=[chat.pk]), {"text": "x"}).status_code == 403


def test_today_shows_the_coach_s_widgets(owner: Client, chat: Conversation, studio: UUID) -> None:
    from coach import widgets

    with tenant(studio), atomic():
        shown = widgets.messages(studio, clock.now())
        planned = widgets.followups(studio, clock.now())
    assert (shown["today"]["received"], shown["recent"][0]["name"]) == (1, "Anna Berg")
    assert planned["total"] == 0


def said(studio: UUID, *, days_ago: int, sent: int, received: int) -> None:
    """Messages of one day, half of what went out still on its way."""
    at = clock.now() - timedelta(days=days_ago)
    with tenant(studio), atomic():
        chat = leads.conversation_of(willing_lead())
        shared = {"conversation": chat, "lead": chat.lead, "at": at}
        out = {"direction": "out", "by": "ai"} | shared
        rows = [Message(**out, state=state) for state in ("read", "queued") for _n in range(sent)]
        rows += [Message(**shared, direction="in", by="member", state="received") for _n in range(received)]
        Message.objects.bulk_create(rows)


@pytest.mark.parametrize("days_ago", [0, 1])
def test_the_numbers_of_the_sentence_lead_to_as_many_rows(owner: Client, studio: UUID, days_ago: int) -> None:
    said(studio, days_ago=days_ago, sent=3, received=2)
    said(studio, days_ago=3, sent=1, received=1)
    head = owner.get("/dashboard/head").content.decode()
    links = re.findall(r'<a href="(/dashboard/messages[^"]*)">(\d+)', head)
    rows = [(int(number), len(owner.get(unescape(url)).context["rows"])) for url, number in links]
    assert rows == [(3, 3), (2, 2)]
