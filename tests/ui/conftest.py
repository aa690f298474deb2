from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation

Draw = Callable[..., str]


@pytest.fixture(autouse=True)
def german() -> Iterator[None]:
    with translation.override("de"):
        yield


@pytest.fixture(autouse=True)
def without_studio_data(settings: Any) -> None:
    """The status dot and the notice of the shell ask the database, which these tests do without."""
    settings.PILAR_UI_STATUS = settings.PILAR_UI_NOTICE = ""


@pytest.fixture
def visitor(rf: RequestFactory) -> HttpRequest:
    """A request as the middleware leaves it, without touching the database."""
    request = rf.get("/dashboard")
    request.user = AnonymousUser()
    request.workspace = SimpleNamespace(id=1, name="Studio Nord")  # type: ignore[attr-defined]
    request.principal = SimpleNamespace(role="owner")  # type: ignore[attr-defined]
    request._messages = CookieStorage(request)  # type: ignore[attr-defined]
    return request


@pytest.fixture
def draw(visitor: HttpRequest) -> Draw:
    def drawn(template: str, context: dict[str, Any] | None = None) -> str:
        return render_to_string(template, context, visitor)

    return drawn
