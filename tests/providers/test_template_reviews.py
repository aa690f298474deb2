"""What Meta decides about a template is believed unless we have seen newer news."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from pytest_django import Settings

from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel import clock
from pilar.kernel.errors import ProviderError
from pilar.providers.events import WhatsAppTemplate
from pilar.providers.models import MessageTemplate
from pilar.providers.whatsapp import messages, templates
from pilar.providers.whatsapp.client import Graph, Sender
from tests.factories import WorkspaceFactory
from tests.providers.misbehaving import StandIn, json_answer, server, standing_in

pytestmark = pytest.mark.django_db
LOOKED = datetime(2026, 11, 28, 12, 0, 1, 800_000, tzinfo=UTC)


@pytest.fixture
def studio() -> UUID:
    studio: UUID = WorkspaceFactory().pk
    with tenant(studio), atomic():
        MessageTemplate.objects.create(
            name="nudge", language="de", category="MARKETING", status="PENDING", status_at=LOOKED
        )
    return studio


@pytest.mark.parametrize(
    ("told", "status"),
    [
        (LOOKED.replace(microsecond=0), "APPROVED"),
        (LOOKED.replace(microsecond=0) - timedelta(seconds=1), "PENDING"),
        (LOOKED + timedelta(minutes=5), "APPROVED"),
    ],
    ids=["in the same whole second", "before we looked", "afterwards"],
)
def test_a_review_counts_unless_we_looked_later(studio: UUID, told: datetime, status: str) -> None:
    with tenant(studio):
        templates.note(WhatsAppTemplate(name="nudge", language="de", event="APPROVED", at=told))
        with atomic():
            assert MessageTemplate.objects.get().status == status


def test_news_in_words_longer_than_any_we_know_are_kept_all_the_same(studio: UUID) -> None:
    with tenant(studio):
        templates.note(WhatsAppTemplate(name="nudge", language="de", event="A_NEW_WORD" * 5, at=LOOKED))
        with atomic():
            assert not MessageTemplate.objects.get().usable


@pytest.mark.parametrize(("code", "status"), [(132015, "PAUSED"), (132016, "DISABLED"), (132000, "APPROVED")])
def test_a_template_that_meta_refuses_is_not_sent_again(
    studio: UUID, settings: Settings, code: int, status: str
) -> None:
    error = {"error": {"message": "Template is paused", "type": "OAuthException", "code": code}}
    sender = Sender(Graph("token"), "p1", "w1")
    with tenant(studio), server(json_answer(json.dumps(error).encode(), "400 X")) as settings.WHATSAPP_API_BASE:
        with atomic():
            MessageTemplate.objects.update(status="APPROVED")
        with pytest.raises(ProviderError):
            messages.send_template(to="49170", name="nudge", language="de", opaque="1", sender=sender)
        with atomic():
            assert MessageTemplate.objects.get().status == status


def test_a_template_that_meta_gives_free_again_is_sent_again(studio: UUID) -> None:
    with tenant(studio):
        templates.note_refusal(name="nudge", language="de", code="132015")
        templates.note(WhatsAppTemplate(name="nudge", language="de", event="REINSTATED", at=clock.now()))
        with atomic():
            assert MessageTemplate.objects.get().usable


class _Pages(StandIn):
    """A Meta that gives two templates at a time, whatever is asked for."""

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        first = int(asked.get("after", ["0"])[0])
        rows = [
            {"id": str(n), "name": f"n{n}", "language": "de", "status": "APPROVED"} for n in range(first, first + 2)
        ]
        paging = {"cursors": {"before": str(first), "after": str(first + 2)}}
        self.say({"data": rows, "paging": paging | ({"next": "https://x"} if first < 4 else {})})


def test_all_templates_are_found_however_many_stand_on_a_page(studio: UUID, settings: Settings) -> None:
    with standing_in(_Pages) as settings.WHATSAPP_API_BASE, tenant(studio):
        found = templates.list_all(Graph("token"), "w1")
    assert [template.name for template in found] == [f"n{number}" for number in range(6)]
