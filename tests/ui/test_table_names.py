"""Operators read words above columns, beside fields and over tables, not names from the code."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets, label_for_field
from django.test import RequestFactory
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import override

from pilar.backplane import budgets
from pilar.backplane.tenancy import all_tenants
from pilar.kernel import console, switchboard
from pilar.ui.table_names import ROOMS
from workspaces.models import Invoice, User

pytestmark = pytest.mark.thorough
OURS = [(model, page) for model, page in admin.site._registry.items() if model._meta.app_label in ROOMS]


def columns(page: Any) -> set[str]:
    filters = (one if isinstance(one, str) else one[0] for one in page.list_filter)
    return {str(name) for name in (*page.list_display, *filters)}


def unnamed(page: Any) -> list[str]:
    labels = {name: label_for_field(name, page.model, page, return_attr=True) for name in columns(page)}
    fields = {field.name for field in page.model._meta.fields}
    return [name for name, (label, _attr) in labels.items() if name in fields and not isinstance(label, Promise)]


def test_there_are_tables_to_look_at() -> None:
    assert len(OURS) > 50


@pytest.mark.parametrize("page", [page for _model, page in OURS], ids=lambda page: page.model._meta.label)
def test_every_column_and_every_table_has_a_word(page: Any) -> None:
    assert not unnamed(page), "give these columns a word in pilar/ui/column_names.py"
    assert isinstance(page.model._meta.verbose_name, Promise), "give this table a name in pilar/ui/table_names.py"


@pytest.mark.parametrize("page", admin.site._registry.values(), ids=lambda page: page.model._meta.label)
def test_every_field_of_a_page_has_a_word(page: Any, rf: RequestFactory) -> None:
    request = rf.get("/")
    request.user = User(is_staff=True)
    with all_tenants("a test"):
        shown = set(flatten_fieldsets(page.get_fieldsets(request)))
    fields = [field for field in page.model._meta.fields if field.name in shown]
    assert not [field.name for field in fields if not isinstance(field.verbose_name, Promise)], (
        "give these fields a word in pilar/ui/column_names.py"
    )


EVERYWHERE = {"Twilio", "WhatsApp", "Stripe", "OpenAI", "Groq", "Anthropic"}


def choices(model: Any) -> Iterator[tuple[str, Any]]:
    for field in model._meta.fields:
        yield from ((f"{field.name}: {value}", label) for value, label in field.flatchoices)


@pytest.mark.parametrize("model", [model for model, _page in OURS], ids=lambda model: model._meta.label)
def test_every_choice_has_a_word(model: Any) -> None:
    """Without a label Django makes one of the code's own name, which stays English in every language."""
    unnamed = [name for name, label in choices(model) if not isinstance(label, Promise) | (label in EVERYWHERE)]
    assert not unnamed, "give these choices a label with gettext_lazy where they are declared"


def test_every_budget_has_a_word() -> None:
    ours = {known.name: known.label for known in switchboard.budget_resources.values()}
    assert [name for name, label in ours.items() if not isinstance(label, Promise)] == []
    with override("de"):
        assert (budgets.label_of("tokens"), budgets.label_of("gone")) == ("KI-Text, in Token", "gone")


def test_the_words_are_in_the_language_of_the_reader() -> None:
    with override("de"):
        assert str(Invoice._meta.get_field("total_cents").verbose_name) == "Summe in Cent"
        assert str(Invoice._meta.app_config.verbose_name) == "Studios und Menschen"


def test_operators_read_a_moment_in_their_own_time_zone_and_way() -> None:
    at = datetime(2026, 11, 28, 18, 38, tzinfo=UTC)
    with override("de"), timezone.override("Europe/Berlin"):
        assert (console.moment(at), console.moment(None)) == ("28.11.2026 19:38", "–")


def test_a_name_that_a_model_gives_itself_stays() -> None:
    with override("de"):
        assert str(User._meta.get_field("digest").verbose_name) == "Zusammenfassung per E-Mail"
