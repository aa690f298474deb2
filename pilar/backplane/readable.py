"""What operators read in place of ids and of names from the code: studios by name, and words."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from pilar.backplane.tenancy import PLATFORM
from pilar.kernel import switchboard


def studio_names(ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """Return how studios are called; one without a name is called by the end of its id."""
    wanted = {one for one in ids if one}
    named = {one: str(one)[-12:] for one in wanted}
    for find in switchboard.studio_names.values():
        named |= find(wanted - {PLATFORM})
    return named | {PLATFORM: _("the platform")}


def studio_link(workspace_id: UUID | None, names: Mapping[UUID, str]) -> str:
    """Return the name of a studio as a link to all that operators know of it."""
    if workspace_id is None:
        return "–"
    if workspace_id == PLATFORM:
        return names[PLATFORM]
    address = reverse("workspaces:console_studio", args=[workspace_id])
    return format_html('<a class="underline" href="{}">{}</a>', address, names[workspace_id])


def coded(kind: str, value: Any) -> str:
    """Return a name from the code in words, with the code where the words are not enough."""
    if value in (None, ""):
        return "–"
    word, code = switchboard.wordings[kind].told(value)
    return format_html('{} <span class="font-mono text-xs">{}</span>', word, code) if code else word
