from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from pilar.ui import catalogues

ROOT = Path(settings.BASE_DIR)
FOLDER = Path(settings.LOCALE_PATHS[0])


@pytest.fixture
def small(tmp_path: Path) -> Path:
    (tmp_path / "templates").mkdir()
    page = (
        '{% load i18n %}<p>\n  {% translate "Hello" %}</p>'
        "{% blocktranslate count n=n trimmed %}\n one\n{% plural %}\n many\n{% endblocktranslate %}"
    )
    (tmp_path / "templates" / "a.html").write_text(page)
    (tmp_path / "coach").mkdir()
    (tmp_path / "coach" / "b.py").write_text('x = pgettext_lazy("verb", "Open")\n')
    return tmp_path


def test_the_catalogues_are_current_and_german_is_complete() -> None:
    assert catalogues.complaints(catalogues.extracted(ROOT), FOLDER) == []


def test_strings_are_found_in_templates_and_python(small: Path) -> None:
    found = {(message.id, message.context) for message in catalogues.extracted(small) if message.id}
    assert found == {("Hello", None), (("one", "many"), None), ("Open", "verb")}


def test_a_missing_german_string_is_a_complaint(small: Path) -> None:
    source = catalogues.extracted(small)
    catalogues.write(source, small / "locale")
    assert "de: no translation of “Hello”" in catalogues.complaints(source, small / "locale")


def test_a_changed_source_makes_the_files_stale(small: Path) -> None:
    catalogues.write(catalogues.extracted(small), small / "locale")
    (small / "templates" / "c.html").write_text('{% translate "New" %}')
    assert any("stale" in text for text in catalogues.complaints(catalogues.extracted(small), small / "locale"))


def test_translations_survive_an_update_and_are_never_guessed(small: Path) -> None:
    folder = small / "locale"
    catalogues.write(catalogues.extracted(small), folder)
    path = folder / "de" / "LC_MESSAGES" / "django.po"
    path.write_text(path.read_text().replace('msgid "Hello"\nmsgstr ""', 'msgid "Hello"\nmsgstr "Hallo"'))
    (small / "templates" / "c.html").write_text('{% translate "Hello!" %}')
    catalogues.write(catalogues.extracted(small), folder)
    german = catalogues.stored(folder, "de")
    assert [german.get(text).string for text in ("Hello", "Hello!")] == ["Hallo", ""]


def test_writing_twice_changes_nothing(small: Path) -> None:
    source = catalogues.extracted(small)
    catalogues.write(source, small / "locale")
    path = small / "locale" / "de" / "LC_MESSAGES" / "django.mo"
    before = path.read_bytes()
    catalogues.write(source, small / "locale")
    assert path.read_bytes() == before


def test_a_reader_of_spanish_gets_english_rather_than_german() -> None:
    with translation.override("es"):
        assert gettext("Skip to content") != "Zum Inhalt springen"
