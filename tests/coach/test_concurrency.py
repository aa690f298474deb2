"""The same person from two sides at the same moment, on real connections."""

from collections.abc import Callable
from functools import partial
from threading import Barrier, Event
from uuid import UUID

import pytest

from coach import erasure, inbox, leads
from coach.aliases import Contact
from coach.models import Erasure, Lead
from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel import clock
from pilar.kernel.ids import uuid7
from pilar.providers.events import WhatsAppInbound
from tests.factories import WorkspaceFactory
from tests.threads import at_once


@pytest.fixture
def studio(threads: str) -> UUID:
    return WorkspaceFactory().pk  # type: ignore[no-any-return]


def both(studio: UUID, *acts: Callable[[], object]) -> None:
    def inside(act: Callable[[], object]) -> None:
        with tenant(studio):
            act()

    at_once(*[partial(inside, act) for act in acts])


def write(text: str) -> None:
    message = WhatsAppInbound(
        message_id=f"wamid.{uuid7()}", user_id="DE.77", kind="text", text=text, timestamp=clock.now(),
        phone_number_id="1",
    )  # fmt: skip
    inbox.receive(message, now=clock.now())


def test_two_first_messages_of_somebody_without_a_number_are_one_persons(
    studio: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting, newcomer = Barrier(2, timeout=10), leads._newcomer

    def together(contact: Contact, name: str) -> Lead:
        meeting.wait()
        return newcomer(contact, name)

    monkeypatch.setattr(leads, "_newcomer", together)
    both(studio, lambda: write("Hallo"), lambda: write("STOP"))
    with tenant(studio), atomic():
        lead = Lead.objects.get()
        assert (lead.status, lead.messages.filter(direction="in").count()) == (Lead.Status.OPTED_OUT, 2)


def test_who_is_erased_while_writing_is_erased_with_it(studio: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    with tenant(studio):
        write("Hallo")
        with atomic():
            lead = Lead.objects.get()
    stored, react = Event(), inbox._react

    def slowly(received: inbox.Received) -> None:
        stored.set()
        Event().wait(0.5)
        react(received)

    def erase() -> None:
        assert stored.wait(10)
        erasure.erase(lead, actor="test", now=clock.now())

    monkeypatch.setattr(inbox, "_react", slowly)
    both(studio, lambda: write("Noch etwas"), erase)
    with tenant(studio), atomic():
        assert not Lead.objects.exists()
        assert Erasure.objects.get().report["messages"] == 2
