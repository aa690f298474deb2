"""Operators read words in the admin's lists: no page shows ids of studios or names from the code without saying more."""

from typing import Any

import pytest
from django.contrib import admin
from django.db.models import CharField, SmallIntegerField
from django.test import RequestFactory

from pilar.backplane.readable_admin import STUDIO, ReadableAdmin
from pilar.kernel import switchboard
from workspaces.models import User

pytestmark = pytest.mark.thorough
PAGES = [pytest.param(page, id=page.model._meta.label) for page in admin.site._registry.values()]
AS_THEY_ARE = {"providers.Price.currency", "security.CspReport.directive", "coach.Message.error_code"}
"""Written like that by everybody who has to do with them."""


@pytest.mark.parametrize("page", PAGES)
def test_a_filter_over_free_text_offers_words(page: Any) -> None:
    fields = [page.opts.get_field(name) for name in page.list_filter]
    free = [one for one in fields if isinstance(one, CharField | SmallIntegerField) and not one.choices]
    wordless = {f"{page.opts.label}.{one.name}" for one in free if one.name not in page.coded}
    assert wordless <= AS_THEY_ARE


@pytest.mark.parametrize("page", PAGES)
def test_what_is_told_in_words_has_them(page: Any) -> None:
    assert isinstance(page, ReadableAdmin)
    assert set(page.coded.values()) <= set(switchboard.wordings)
    assert all(page.opts.get_field(name) for name in page.coded)


@pytest.mark.parametrize("page", PAGES)
def test_no_list_shows_the_id_of_a_studio(page: Any, rf: RequestFactory) -> None:
    request = rf.get("/")
    request.user = User(is_staff=True)
    assert not {"workspace", "workspace_id"} & {
        name for name in page.get_list_display(request) if isinstance(name, str)
    }


@pytest.mark.parametrize("page", PAGES)
def test_each_row_leads_to_its_own_page(page: Any, rf: RequestFactory) -> None:
    """And not its studio's name, which is a link already: a link in a link leads nowhere."""
    request = rf.get("/")
    request.user = User(is_staff=True)
    [column] = page.get_list_display_links(request, page.get_list_display(request))
    assert getattr(column, "__name__", column) not in STUDIO
