"""What operators change by hand in the admin leaves a word in the trail: a page is read-only, or its base records."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import RequestFactory

from pilar.backplane.audited_admin import AuditedAdmin
from pilar.backplane.confirmation import SHORTEST_REASON
from workspaces.models import User

pytestmark = pytest.mark.thorough
PAGES = [pytest.param(page, id=page.model._meta.label) for page in admin.site._registry.values()]


def _permissions(page: Any, rf: RequestFactory) -> set[str]:
    request = rf.get("/")
    request.user = User(is_staff=True)
    return {name for name, has in page.get_model_perms(request).items() if has} - {"view"}


def test_some_pages_are_written_on(rf: RequestFactory) -> None:
    assert sum(bool(_permissions(page, rf)) for page in admin.site._registry.values()) >= 5


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_read_only_or_records(page: Any, rf: RequestFactory) -> None:
    assert isinstance(page, AuditedAdmin) or not _permissions(page, rf)


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_changed_past_the_form(page: Any) -> None:
    """Neither in the list nor by deleting rows of a table below it: both would be saved without a word."""
    assert not page.list_editable
    assert not any(inline.can_delete for inline in page.inlines)


def test_a_form_is_not_taken_without_a_reason(rf: RequestFactory) -> None:
    request = rf.get("/")
    request.user = User(is_staff=True)
    for page in admin.site._registry.values():
        if isinstance(page, AuditedAdmin):
            fields = page.get_form(request).base_fields
            reason = fields["reason"]
            assert (reason.required, reason.min_length) == (True, SHORTEST_REASON)
            assert not set(page.readonly_fields) & set(fields)
