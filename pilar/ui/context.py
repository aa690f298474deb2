"""What the shell around every page shows."""

from collections.abc import Callable, Iterator
from functools import cached_property, lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string

from pilar.ui.navigation import Link, places

THEMES = ("auto", "light", "dark")
THEME_COOKIE = "theme"
SIDEBAR_COOKIE = "sidebar"

Source = Callable[[HttpRequest], dict[str, Any] | None]


class Shell:
    """Answers the base template's questions, each only when it is asked."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @property
    def theme(self) -> str:
        """The reader's choice: `auto` follows the device."""
        chosen = self._request.COOKIES.get(THEME_COOKIE, "auto")
        return chosen if chosen in THEMES else "auto"

    @property
    def workspace(self) -> Any:
        return getattr(self._request, "workspace", None)

    @property
    def workspaces(self) -> Any:
        return getattr(self._request, "workspaces", ())

    @property
    def support(self) -> Any:
        """The visit of an operator to this studio: who, why and until when."""
        return getattr(self._request, "support", None)

    @property
    def role(self) -> str:
        return str(getattr(getattr(self._request, "principal", None), "role", ""))

    @property
    def is_admin(self) -> bool:
        """Whether the reader may see the pages of owner and admin."""
        return self.role in ("owner", "admin")

    def places(self) -> Iterator[Link]:
        return places(self._request)

    def status(self) -> dict[str, Any] | None:
        """The dot in the header; None before a workspace exists."""
        return status_of(self._request)

    @cached_property
    def notice(self) -> dict[str, Any] | None:
        """What every page says above its content, such as a payment that failed; None when there is nothing to say."""
        source = _source(getattr(settings, "PILAR_UI_NOTICE", ""))
        return source(self._request) if source else None

    @property
    def is_slim(self) -> bool:
        """Whether the reader has folded the sidebar to its icons."""
        return self._request.COOKIES.get(SIDEBAR_COOKIE) == "slim"


def status_of(request: HttpRequest) -> dict[str, Any] | None:
    """Return the state of the studio as the room says that the settings name; None before there is one."""
    source = _source(getattr(settings, "PILAR_UI_STATUS", ""))
    return source(request) if source else None


@lru_cache
def _source(path: str) -> Source | None:
    return import_string(path) if path else None


def page(request: HttpRequest) -> dict[str, Any]:
    """Template context processor: `shell`, asked only by templates that show it."""
    return {"shell": SimpleLazyObject(lambda: Shell(request))}
