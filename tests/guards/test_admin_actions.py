"""No action of the admin does anything before it was asked about."""

from typing import Any

import pytest
from django.contrib import admin
from django.template.response import TemplateResponse
from django.test import RequestFactory

from pilar.backplane.tenancy import all_tenants, atomic
from workspaces.models import User

ACTIONS = [
    pytest.param(page, action.func, id=f"{page.model._meta.label}.{action.name}")
    for page in admin.site._registry.values()
    for action in page._get_base_actions()
]


def test_there_are_actions_to_look_at() -> None:
    assert len(ACTIONS) > 8


def test_nothing_is_deleted_in_bulk(rf: RequestFactory) -> None:
    """Django's own action asks no reason and leaves nothing in the trail."""
    assert "delete_selected" not in dict(admin.site.actions)


@pytest.mark.django_db
@pytest.mark.parametrize(("page", "act"), ACTIONS)
def test_each_action_asks_first(page: Any, act: Any, rf: RequestFactory) -> None:
    request = rf.post("/")
    request.user = User(is_staff=True)
    with all_tenants("a test looks at everything"), atomic():
        assert isinstance(act(page, request, page.model._default_manager.none()), TemplateResponse)
