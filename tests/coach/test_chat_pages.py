"""The room of chats: finding one, reading it, answering, and what is kept beside it."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from coach import chat_list, desk, inbox, reasons
from coach.models import ChatNote, Conversation, FollowupTemplate, Lead, Message, SavedReply
from coach.pages.shown import failures
from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel import clock
from pilar.kernel.principal import Role
from tests.coach.conftest import make_studio, signed_in
from tests.coach.factories import NOON, inbound, open_window
from tests.factories import multiply

pytestmark = pytest.mark.django_db
Within = Callable[[], Any]
HTMX = {"HX-Request": "true"}


def at(name: str, *ids: object) -> str:
    return reverse(f"coach:{name}", args=ids)


def text(answer: Any) -> str:
    return str(answer.content.decode())


def many(studio: UUID, *, chats: int, members: int) -> None:
    """A large studio: conversations with three messages each, and members who never wrote."""
    now = clock.now()
    with tenant(studio), atomic():
        people = Lead.objects.bulk_create([Lead(name=f"Mitglied {n}", phone=f"+49160{n:08d}") for n in range(chats)])
        multiply(people[0], members - chats, name="'Mitglied ' || n", phone="'+49161' || lpad(n::text, 8, '0')")
        rows = Conversation.objects.bulk_create(
            [
                Conversation(lead=lead, last_message_at=now - timedelta(minutes=n), last_inbound_at=now)
                for n, lead in enumerate(people)
            ]
        )
        Message.objects.bulk_create(
            Message(
                conversation=row, lead_id=row.lead_id, direction="in", by="member", state="received",
                body=f"Frage {n}", at=now - timedelta(minutes=n),
            )
            for row in rows for n in range(3)
        )  # fmt: skip


@pytest.mark.thorough
def test_the_list_of_a_large_studio_costs_as_much_as_a_small_one(
    studio: UUID, owner: Client, django_assert_max_num_queries: Any
) -> None:
    many(studio, chats=500, members=10_000)
    owner.get(at("chats"))
    for query in ({}, {"q": "frage 2"}, {"filter": "open"}):
        with django_assert_max_num_queries(17):
            assert len(owner.get(at("chats"), query).context["conversations"]) == chat_list.PAGE


def test_every_chat_is_found_once_page_by_page(studio: UUID) -> None:
    many(studio, chats=95, members=95)
    seen, after = [], ""
    with tenant(studio), atomic():
        while True:
            page = chat_list.page(now=clock.now(), after=after)
            seen += [row.conversation.pk for row in page.rows]
            if not (after := page.next):
                break
    assert (len(seen), len(set(seen))) == (95, 95)


def test_the_rows_on_screen_stay_when_a_new_chat_comes_on_top(studio: UUID) -> None:
    many(studio, chats=60, members=60)
    with tenant(studio), atomic():
        before = chat_list.page(now=clock.now())
        last = Conversation.objects.order_by("last_message_at")[0]
        Conversation.objects.filter(pk=last.pk).update(last_message_at=clock.now())
        again = chat_list.page(now=clock.now(), until=before.bottom)
    assert [row.conversation.pk for row in again.rows] == [last.pk, *(row.conversation.pk for row in before.rows)]


@pytest.mark.parametrize("broken", ["x", "zz-1", "1-nope", "f" * 40 + "-" + "0" * 32])
def test_a_broken_cursor_is_none(owner: Client, chat: Conversation, broken: str) -> None:
    assert len(owner.get(at("chats"), {"after": broken}).context["conversations"]) == 1


@pytest.mark.parametrize("words", ["anna", "BERG", "wann habt", "offen?"])
def test_names_and_words_find_a_chat(owner: Client, chat: Conversation, words: str) -> None:
    assert len(owner.get(at("chats"), {"q": words}).context["conversations"]) == 1


def test_a_number_finds_a_chat_however_it_is_written(owner: Client, chat: Conversation, studio: UUID) -> None:
    with tenant(studio), atomic():
        number = Lead.objects.get().phone
    national = "0" + number[3:6] + " " + number[6:]
    assert len(owner.get(at("chats"), {"q": national}).context["conversations"]) == 1
    assert not owner.get(at("chats"), {"q": "0999 999"}).context["conversations"]


def test_the_chips_count_what_they_show(owner: Client, chat: Conversation) -> None:
    chips = {str(chip["label"]): chip["count"] for chip in owner.get(at("chats")).context["chips"]}
    assert sorted(chips.values()) == [0, 0, 1, 1, 1, 1]


def test_the_polled_list_answers_304_when_nothing_changed(owner: Client, chat: Conversation) -> None:
    first = owner.get(at("chat_rows"))
    assert "Anna Berg" in text(first)
    assert owner.get(at("chat_rows"), headers={"If-None-Match": first["ETag"]}).status_code == 304


def test_an_empty_room_says_how_the_first_chat_begins(studio: UUID, owner: Client) -> None:
    from pilar.providers.models import PhoneNumber

    with tenant(studio), atomic():
        PhoneNumber.objects.create(e164="+4940123456", sid="PN1", country="DE")
    assert "wa.me/4940123456" in text(owner.get(at("chats")))
    assert "<svg" in text(owner.get(at("poster")))


def polled(page: Any) -> str:
    """The address that the page asks every few seconds for its list."""
    found = re.search(r'id="chat-rows" hx-get="([^"]+)"', text(page))
    return unescape(found.group(1)) if found else ""


def test_the_first_chat_appears_without_a_reload(studio: UUID, owner: Client) -> None:
    address = polled(owner.get(at("chats")))
    assert "Noch kein Chat" in text(owner.get(address))
    with tenant(studio):
        inbox.receive(inbound("4915112345678", "Hallo!", profile_name="Anna Berg"), now=NOON)
    arrived = owner.get(address)
    assert ("Anna Berg" in text(arrived), "Noch kein Chat" in text(arrived)) == (True, False)


def test_a_filter_that_was_empty_shows_its_first_chat_and_counts_it(owner: Client, chat: Conversation) -> None:
    address = polled(owner.get(at("chats"), {"filter": "human"}))
    owner.post(at("chat_owner", chat.pk), {"owner": "human"})
    arrived = owner.get(address)
    counts = {chip["url"].partition("filter=")[2]: chip["count"] for chip in arrived.context["chips"]}
    assert ("Anna Berg" in text(arrived), counts["human"], counts["ai"]) == (True, 1, 0)


def test_the_page_says_what_handing_back_does_before_and_after(owner: Client, chat: Conversation) -> None:
    owner.post(at("chat_owner", chat.pk), {"owner": "human"})
    before = text(owner.get(at("chat", chat.pk)))
    after = text(owner.post(at("chat_owner", chat.pk), {"owner": "ai"}, follow=True))
    assert "dann beantwortet die KI die letzte Nachricht" in before
    assert "Die KI beantwortet jetzt die letzte Nachricht" in after


def test_older_messages_come_part_by_part(studio: UUID, owner: Client, chat: Conversation) -> None:
    start = clock.now() - timedelta(days=3)
    with tenant(studio), atomic():
        Message.objects.bulk_create(
            Message(
                conversation=chat, lead_id=chat.lead_id, direction="in", by="member", state="received",
                body=f"alt {n:03}", at=start + timedelta(minutes=n),
            )
            for n in range(100)
        )  # fmt: skip
    page = owner.get(at("chat", chat.pk))
    assert "alt 099" in text(page)
    assert "alt 030" not in text(page)
    assert "alt 030" in text(owner.get(page.context["older_url"], headers=HTMX))


def test_a_thread_costs_the_same_however_long_it_is(
    owner: Client, chat: Conversation, django_assert_max_num_queries: Any
) -> None:
    owner.get(at("chat", chat.pk))
    with django_assert_max_num_queries(26):
        owner.get(at("chat", chat.pk))


def test_a_second_tap_sends_nothing_more(studio: UUID, owner: Client, chat: Conversation) -> None:
    for _tap in range(2):
        owner.post(at("chat_send", chat.pk), {"text": "Bis 22 Uhr!", "key": "abc"})
    with tenant(studio), atomic():
        assert Message.objects.filter(by="human").count() == 1


def test_what_cannot_be_sent_comes_back_with_its_words(studio: UUID, owner: Client, chat: Conversation) -> None:
    with tenant(studio), atomic():
        open_window(chat.lead, at=clock.now() - timedelta(hours=25))
    answer = owner.post(at("chat_send", chat.pk), {"text": "Zu spät"})
    assert (answer.status_code, answer.context["draft"]) == (409, "Zu spät")
    part = owner.post(at("chat_send", chat.pk), {"text": "Zu spät"}, headers=HTMX)
    assert (part.status_code, part["Content-Type"]) == (409, "text/plain")


def test_with_a_closed_window_templates_are_shown_as_the_member_reads_them(
    studio: UUID, owner: Client, chat: Conversation
) -> None:
    with tenant(studio), atomic():
        open_window(chat.lead, at=clock.now() - timedelta(hours=25))
        template = FollowupTemplate.objects.filter(language="de").first()
    assert template
    page = text(owner.get(at("chat", chat.pk)))
    assert "Hallo Anna, " in page
    assert "{{first_name}}" not in page
    owner.post(at("chat_send", chat.pk), {"template": str(template.pk)})
    with tenant(studio), atomic():
        assert Message.objects.filter(by="human", template__name=template.name).exists()


def test_the_head_reloads_the_page_when_the_window_closes(studio: UUID, owner: Client, chat: Conversation) -> None:
    assert "HX-Refresh" not in owner.get(at("chat_head", chat.pk), {"open": "1"})
    with tenant(studio), atomic():
        open_window(chat.lead, at=clock.now() - timedelta(hours=25))
    assert owner.get(at("chat_head", chat.pk), {"open": "1"})["HX-Refresh"] == "true"


def test_after_a_stop_nothing_can_be_typed(studio: UUID, owner: Client, chat: Conversation) -> None:
    with tenant(studio), atomic():
        Lead.objects.update(status=Lead.Status.OPTED_OUT, opted_out_at=clock.now())
    assert "data-composer" not in text(owner.get(at("chat", chat.pk)))


def test_a_message_tells_why_it_was_sent(studio: UUID, owner: Client, chat: Conversation) -> None:
    with tenant(studio), atomic():
        sent = Message.objects.create(
            conversation=chat, lead=chat.lead, direction="out", by="ai", state="sent", body="Gern!", at=clock.now(),
            model="openai/m", why={"trigger": "reply", "form": "ai", "facts": ["Opening hours: 6-22"]},
        )  # fmt: skip
    shown = text(owner.get(at("why", chat.pk, sent.pk)))
    assert "Opening hours: 6-22" in shown
    assert "openai/m" in shown
    assert owner.get(at("why", chat.pk, chat.pk)).status_code == 404


def test_a_failed_message_says_what_to_do(studio: UUID, owner: Client, chat: Conversation) -> None:
    with tenant(studio), atomic():
        Message.objects.create(
            conversation=chat, lead=chat.lead, direction="out", by="human", state="failed", body="Hi", at=clock.now(),
            error_code="131042", error_text="payment issue",
        )  # fmt: skip
    page = text(owner.get(at("chat", chat.pk)))
    assert "payment issue" not in page
    assert reverse("workspaces:autopilot") in page


def test_a_note_stands_in_the_thread_and_can_be_thrown_away(studio: UUID, owner: Client, chat: Conversation) -> None:
    owner.post(at("note_add", chat.pk), {"note": "Knie schonen"})
    with tenant(studio), atomic():
        note = ChatNote.objects.get()
    assert "Knie schonen" in text(owner.get(at("chat", chat.pk)))
    owner.post(at("note_remove", chat.pk, note.pk))
    assert "Knie schonen" not in text(owner.get(at("chat", chat.pk)))


def test_saved_replies_are_kept_changed_offered_and_thrown_away(
    studio: UUID, owner: Client, chat: Conversation
) -> None:
    owner.post(at("replies"), {"title": "Zeiten", "body": "Hallo {first_name}, bis 22 Uhr."})
    assert "Hallo Anna, bis 22 Uhr." in text(owner.get(at("chat", chat.pk)))
    with tenant(studio), atomic():
        row = SavedReply.objects.get()
    owner.post(at("reply", row.pk), {"title": "Zeiten", "body": "Bis 23 Uhr."})
    assert "Bis 23 Uhr." in text(owner.get(at("replies")))
    owner.post(at("reply_remove", row.pk))
    assert "Bis 23 Uhr." not in text(owner.get(at("replies")))


def test_a_title_that_exists_is_refused_beside_its_field(owner: Client) -> None:
    for _twice in range(2):
        answer = owner.post(at("replies"), {"title": "Zeiten", "body": "x"})
    assert (answer.status_code, list(answer.context["form"].errors)) == (400, ["title"])


def test_a_viewer_reads_and_writes_nothing(studio: UUID, chat: Conversation) -> None:
    viewer = signed_in(studio, Role.VIEWER)
    assert "data-composer" not in text(viewer.get(at("chat", chat.pk)))
    assert viewer.post(at("note_add", chat.pk), {"note": "x"}).status_code == 403
    assert viewer.post(at("replies"), {"title": "x", "body": "x"}).status_code == 403


def test_what_is_kept_beside_another_studio_s_chat_is_not_there(studio: UUID, chat: Conversation) -> None:
    with tenant(studio), atomic():
        row = desk.save_reply(title="x", body="x", actor="test")
        note = desk.add_note(chat, text="x", actor="test", now=clock.now())
    outsider = signed_in(make_studio())
    addresses = [at("note_remove", chat.pk, note.pk), at("reply_remove", row.pk), at("note_add", chat.pk)]
    assert [outsider.post(address, {"note": "x"}).status_code for address in addresses] == [404, 404, 404]
    assert outsider.get(at("reply", row.pk)).status_code == 404


def test_taking_over_names_the_person(studio: UUID, owner: Client, chat: Conversation) -> None:
    owner.post(at("chat_owner", chat.pk), {"owner": "human"})
    assert f"owner-{studio}@studio.test" in text(owner.get(at("chat", chat.pk)))


@pytest.mark.parametrize("reason", ["opted_out", "no_consent", "expired", "superseded"])
def test_what_was_dropped_says_why_in_words(reason: str) -> None:
    told = failures.of(Message(state=Message.State.DROPPED, error_text=reason))
    assert told
    assert told.text == reasons.told(reason) != reason
