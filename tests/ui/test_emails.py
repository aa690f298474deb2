"""Every letter, drawn with the contents of the operators' preview."""

from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from pilar.providers.email.rendering import Rendered, render
from pilar.ui.letter_samples import samples
from tests.workspaces.factories import UserFactory

LETTERS = samples()
FOLDER = Path(settings.BASE_DIR) / "templates" / "emails"


def drawn(name: str, **more: object) -> Rendered:
    return render(name.partition(":")[0], LETTERS[name] | more, language="de")


def test_every_letter_has_a_sample_and_every_sample_a_letter() -> None:
    written = {path.stem for path in FOLDER.glob("*.html")} - {"layout"}
    assert {name.partition(":")[0] for name in LETTERS} == written


@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_says_the_same_in_both_forms(name: str) -> None:
    letter = drawn(name)
    assert letter.subject
    assert "\n" not in letter.subject
    assert "<" not in letter.text
    assert "PILAR SYSTEMS" in letter.text
    assert "/legal/imprint" in letter.text
    assert "/legal/imprint" in letter.html
    link = LETTERS[name].get("url")
    assert not link or (link in letter.text and f'href="{link}"' in letter.html)


@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_has_a_line_for_the_list_of_the_mail_program(name: str) -> None:
    hidden = drawn(name).html.partition('overflow:hidden">')[2].partition("</div>")[0]
    assert hidden.strip()


def test_only_the_html_form_is_escaped() -> None:
    letter = drawn("claim", studio="Kraft & Mut", url="https://pilar.test/x?a=1&b=2")
    assert "Kraft & Mut" in letter.subject
    assert "https://pilar.test/x?a=1&b=2" in letter.text
    assert 'href="https://pilar.test/x?a=1&amp;b=2"' in letter.html


def test_markup_in_a_name_stays_text() -> None:
    assert "<b>Kraft</b>" not in drawn("claim", studio="<b>Kraft</b>").html


def test_money_in_a_letter_has_its_currency() -> None:
    assert "249\xa0CHF" in drawn("payment_failed", currency="CHF").text


def test_a_letter_shows_day_and_time_of_the_readers_zone() -> None:
    from datetime import UTC, datetime

    until = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)
    values = LETTERS["claim"] | {"expires_at": until}
    assert "2. Juli 2026 01:30" in render("claim", values, language="de", zone="Europe/Berlin").text
    assert "2. Juli 2026 00:30" in render("claim", values, language="de", zone="Europe/London").text


@pytest.mark.parametrize(("stage", "word"), [("first", "nicht geklappt"), ("again", "wieder"), ("last", "letzten Mal")])
def test_a_failed_payment_is_told_in_stages(stage: str, word: str) -> None:
    assert word in drawn("payment_failed", stage=stage).text


@pytest.mark.django_db
def test_operators_see_every_letter_in_a_frame_that_may_do_nothing() -> None:
    client = Client()
    client.force_login(UserFactory(is_staff=True), backend="allauth.account.auth_backends.AuthenticationBackend")
    page = client.get("/admin/workspaces/user/letters/", {"letter": "digest", "language": "en"})
    assert "Your day" in page.content.decode() or "your day" in page.content.decode()
    frame = client.get("/admin/workspaces/user/letters/frame/", {"letter": "digest", "language": "en"})
    assert frame.status_code == 200
    policy = frame.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "script" not in policy
    assert client.get("/admin/workspaces/user/letters/", {"letter": "nothing"}).status_code == 404


@pytest.mark.django_db
def test_nobody_else_sees_the_preview() -> None:
    client = Client()
    client.force_login(UserFactory(), backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get("/admin/workspaces/user/letters/").status_code == 302
