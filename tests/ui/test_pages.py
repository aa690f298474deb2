"""Every page template draws with the context that is promised to the views."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib import messages as django_messages
from django.http import HttpRequest
from django.template import TemplateSyntaxError, engines
from django.template.loader import get_template

from pilar.ui import gallery, toasts
from tests.ui import samples
from tests.ui.conftest import Draw

FOLDER = Path(settings.BASE_DIR) / "templates"
TEMPLATES = sorted(path for path in FOLDER.rglob("*") if path.suffix in (".html", ".txt"))
PAGES = [path for path in TEMPLATES if "emails" not in path.parts]
PARTS = [path for path in PAGES if path.name.startswith("_")] + sorted((FOLDER / "widgets").glob("*.html"))
NAMES = sorted(samples.pages())


def _name(path: Path) -> str:
    return str(path.relative_to(FOLDER))


def _where(is_wrong: Callable[[str], object], paths: list[Path] = PAGES) -> list[str]:
    return [_name(path) for path in paths if is_wrong(path.read_text())]


def test_the_guards_below_find_templates() -> None:
    assert len(PAGES) > 60


def test_every_template_compiles() -> None:
    for path in TEMPLATES:
        try:
            get_template(_name(path))
        except TemplateSyntaxError as error:
            pytest.fail(f"{_name(path)}: {error}")


@pytest.mark.parametrize("name", NAMES)
def test_every_page_draws_without_leftovers(name: str, draw: Draw) -> None:
    page = draw(*samples.pages()[name])
    assert not re.search(r"<c-|\{[%{]|>None<", page)


@pytest.mark.parametrize("name", NAMES)
def test_every_page_has_one_title_one_main_and_one_h1(name: str, draw: Draw) -> None:
    page = draw(*samples.pages()[name])
    assert [page.count(tag) for tag in ("<title>", "<main ", "<h1")] == [1, 1, 1]


def test_no_page_carries_inline_style_or_script() -> None:
    assert _where(re.compile(r'\sstyle="|<style|\son[a-z]+="|javascript:').search) == []
    assert _where(re.compile(r"<script(?![^>]*(?:nonce=|application/(?:ld.)?json))[^>]*>").search) == []


def test_every_polling_element_carries_the_nonce() -> None:
    assert _where(re.compile(r"<[a-z](?![^>]*\shx-nonce=)[^>]*\shx-get[^>]*>").search) == []


def test_no_polled_part_has_htmx_attributes() -> None:
    assert _where(re.compile("hx-").search, PARTS) == []


def test_no_page_names_a_foreign_host() -> None:
    assert _where(re.compile(r'(?:src|href|action)="(?:https?:)?//').search) == []


def test_every_html_form_that_posts_has_a_token(draw: Draw) -> None:
    for template, context in samples.pages().values():
        forms = re.findall(r'<form[^>]*method="post".*?</form>', draw(template, context), re.DOTALL)
        assert all("csrfmiddlewaretoken" in form for form in forms), template


def test_a_thread_named_messages_does_not_become_toasts(draw: Draw) -> None:
    assert "data-toast" not in draw(*samples.pages()["chat"])


def test_a_message_becomes_a_toast(draw: Draw, visitor: HttpRequest) -> None:
    django_messages.error(visitor, "Nicht gesendet.")
    page = draw("dashboard/more.html")
    assert 'class="toast tone-bad" role="alert"' in page
    assert "Nicht gesendet." in page


def test_what_can_be_undone_has_its_button(draw: Draw, visitor: HttpRequest) -> None:
    toasts.undoable(visitor, "Drei pausiert.", url="/x/undo")
    page = draw("dashboard/more.html")
    assert 'action="/x/undo"' in page
    assert "Rückgängig" in page


def test_a_component_takes_nothing_of_the_pages_context(draw: Draw) -> None:
    assert "Seitentext" not in draw("ui/gallery.html", gallery.context() | {"text": "Seitentext", "footer": ""})


def test_text_of_members_is_escaped(draw: Draw) -> None:
    row = samples.messages()[0] | {"text": "<script>alert(1)</script>"}
    part = draw("coach/_messages.html", {"days": [samples.days()[0] | {"entries": [row]}]})
    assert "&lt;script&gt;" in part


def test_a_closed_window_offers_only_templates(draw: Draw) -> None:
    page = draw("coach/chat.html", {
        "conversation": samples.conversation(is_open=False), "days": [], "conversation_id": samples.ID,
        "templates": [{"id": 7, "purpose": "nudge", "text": "Hallo"}],
    })  # fmt: skip
    assert '<textarea id="text"' not in page
    assert 'name="template" value="7"' in page


def test_an_invalid_field_is_tied_to_its_error(draw: Draw) -> None:
    page = draw(*samples.pages()["onboarding"])
    assert 'aria-describedby="id_agreed_error"' in page
    assert 'id="id_agreed_error"' in page


def test_finished_set_up_stops_asking(draw: Draw) -> None:
    page = draw("provisioning/live.html", {"job": samples.job("ready")})
    assert 'hx-trigger="every' not in page


def test_cotton_compiles_inside_the_cached_loader() -> None:
    loaders = engines["django"].engine.loaders  # type: ignore[attr-defined]
    assert loaders[0][0] == "django.template.loaders.cached.Loader"
    assert "django_cotton.cotton_loader.Loader" in loaders[0][1]
