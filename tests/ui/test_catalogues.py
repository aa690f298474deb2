import re
from pathlib import Path

import pytest
from allauth.account.adapter import DefaultAccountAdapter
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import password_validators_help_texts
from django.utils.translation import override

from pilar.ui import catalogues
from pilar.ui.navigation import PLACES

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


@pytest.mark.thorough
def test_the_catalogues_are_current_and_complete() -> None:
    assert catalogues.complaints(catalogues.extracted(ROOT), FOLDER) == []


@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
def test_the_five_places_fit_beside_each_other_on_the_narrowest_phone(language: str) -> None:
    with override(language):
        assert [place.name for place in PLACES if len(str(place.label)) > 11] == []


def test_strings_are_found_in_templates_and_python(small: Path) -> None:
    found = {(message.id, message.context) for message in catalogues.extracted(small) if message.id}
    assert found == {("Hello", None), (("one", "many"), None), ("Open", "verb")}


def test_a_missing_string_is_a_complaint_in_each_language(small: Path) -> None:
    source = catalogues.extracted(small)
    catalogues.write(source, small / "locale")
    found = catalogues.complaints(source, small / "locale")
    assert {f"{language}: no translation of “Hello”" for language in catalogues.LANGUAGES} <= set(found)


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


def test_a_placeholder_that_is_not_the_sources_is_a_complaint(small: Path) -> None:
    (small / "templates" / "c.html").write_text("{% blocktranslate %}For {{ name }}{% endblocktranslate %}")
    catalogues.write(catalogues.extracted(small), small / "locale")
    path = small / "locale" / "fr" / "LC_MESSAGES" / "django.po"
    path.write_text(
        path.read_text().replace('msgid "For %(name)s"\nmsgstr ""', 'msgid "For %(name)s"\nmsgstr "Pour %(nom)s"')
    )
    found = catalogues.complaints(catalogues.extracted(small), small / "locale")
    assert [text for text in found if text.startswith("fr:") and "For %(name)s" in text and "stale" not in text]


FORMAL = {"de": r"\b(Sie|Ihr|Ihre)\b", "es": r"\b(su|sus|introduzca|escriba)\b", "fr": r"\b(vous|votre|vos|\w+ez)\b"}
UNUSED = (
    "phone_password_mismatch",
    "username_password_mismatch",
    "username_blacklisted",
    "select_only_one",
    "invalid_login",
)
"""Nobody has a user name or signs in with a telephone number."""


@pytest.mark.parametrize("language", FORMAL)
def test_the_rules_for_passwords_and_forms_say_du(language: str) -> None:
    with override(language):
        said = [str(forms.IntegerField().error_messages["invalid"]), *password_validators_help_texts()]
        said += [str(text) for name, text in DefaultAccountAdapter.error_messages.items() if name not in UNUSED]
    asked = re.compile(FORMAL[language], re.IGNORECASE if language != "de" else 0)
    assert [text for text in said if asked.search(text)] == []
