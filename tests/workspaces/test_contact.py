"""A question from the front page: kept for the operators, once, and not without end."""

import pytest
from django.core.cache import cache
from django.test import Client

from workspaces.models import ContactRequest

pytestmark = pytest.mark.django_db
QUESTION = {"name": "Eva", "email": "Eva@studio.test", "studio": "Eisenwerk", "message": "Geht das auch in Wien?"}


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    cache.clear()


def test_the_front_page_leads_to_the_form(client: Client) -> None:
    assert 'href="/contact"' in client.get("/").content.decode()
    assert 'action="/contact"' in client.get("/contact").content.decode()


def test_a_question_is_kept_once(client: Client) -> None:
    for _ in range(2):
        assert client.post("/contact", QUESTION).headers["Location"] == "/contact?sent"
    kept = ContactRequest.objects.get()
    assert (kept.email, kept.message, kept.handled_at) == ("eva@studio.test", "Geht das auch in Wien?", None)


@pytest.mark.parametrize("wrong", [{"email": "no address"}, {"message": ""}, {"message": "x" * 4001}, {"name": "\x00"}])
def test_a_wrong_form_is_shown_again(client: Client, wrong: dict[str, str]) -> None:
    assert client.post("/contact", QUESTION | wrong).status_code == 422
    assert not ContactRequest.objects.exists()


def test_a_machine_is_thanked_and_forgotten(client: Client) -> None:
    assert client.post("/contact", QUESTION | {"website": "https://spam.example"}).status_code == 302
    assert not ContactRequest.objects.exists()


def test_nobody_asks_without_end(client: Client) -> None:
    answers = [client.post("/contact", QUESTION | {"message": str(count)}) for count in range(6)]
    assert [answer.status_code for answer in answers] == [302] * 5 + [429]
    assert int(answers[-1]["Retry-After"]) > 0
