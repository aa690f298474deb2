"""The five places of the shell, in their order."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True, slots=True)
class Place:
    name: str
    label: str | Promise
    icon: str
    route: str
    under: tuple[str, ...]
    """Path prefixes that belong to this place; the longest match of all places wins."""
    key: str
    """After "g", the key that opens it."""


PLACES = (
    Place("today", pgettext_lazy("navigation", "Today"), "house", "dashboard:today", ("/dashboard",), "h"),
    Place(
        "chats",
        pgettext_lazy("navigation", "Chats"),
        "messages-square",
        "coach:chats",
        ("/dashboard/chats", "/dashboard/messages"),
        "c",
    ),
    Place("members", _("Members"), "users", "coach:members", ("/dashboard/members",), "m"),
    Place(
        "automation",
        pgettext_lazy("navigation", "Automation"),
        "sparkles",
        "coach:automation",
        ("/dashboard/automation",),
        "a",
    ),
    Place(
        "more",
        pgettext_lazy("navigation", "More"),
        "ellipsis",
        "dashboard:more",
        ("/dashboard/more", "/dashboard/settings", "/account", "/setup", "/onboarding"),
        "s",
    ),
)


@dataclass(frozen=True, slots=True)
class Link:
    name: str
    label: str | Promise
    icon: str
    url: str
    current: bool
    key: str = ""


def _current(path: str) -> str:
    matches = [(len(prefix), place.name) for place in PLACES for prefix in place.under if path.startswith(prefix)]
    return max(matches)[1] if matches else ""


def places(request: HttpRequest) -> Iterator[Link]:
    """Yield the links of the shell, with the place the reader is in marked."""
    current = _current(request.path)
    for place in PLACES:
        yield Link(place.name, place.label, place.icon, reverse(place.route), place.name == current, place.key)
