"""Short notes at the edge of the page after something was done; they are Django's messages."""

from django.contrib import messages
from django.http import HttpRequest

_MARK = "undo:"


def undoable(request: HttpRequest, text: str, *, url: str) -> None:
    """Say what was done, with a button that posts to `url` to undo it. Works without JavaScript."""
    messages.success(request, text, extra_tags=f"{_MARK}{url}")


def undo_url(extra_tags: str) -> str:
    """Return where the message's undo button posts to, empty for a message without one."""
    return extra_tags.removeprefix(_MARK) if extra_tags.startswith(_MARK) else ""
