"""What the operators' own pages write as their lists do: studios, moments, and names from the code."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import template
from django.template import Context
from django.utils.translation import gettext

from pilar.backplane import readable
from pilar.kernel import console, switchboard

register = template.Library()


@register.simple_tag(takes_context=True)
def studio(context: Context, workspace_id: UUID) -> str:
    """Name a studio and link to it. A page with many looks their names up at once and gives them as `studios`."""
    names = context.get("studios") or readable.studio_names([workspace_id])
    return readable.studio_link(workspace_id, names)


@register.filter
def moment(at: datetime | None) -> str:
    return console.moment(at)


@register.filter
def exact_moment(at: datetime | None) -> str:
    return console.moment(at, exact=True)


@register.filter
def in_words(value: Any, kind: str) -> str:
    """Write a name from the code in words alone; a dash for none."""
    return switchboard.wordings[kind].word(value) if value else "–"


@register.filter
def sentence(key: str) -> str:
    """Write what the studio is told, without whom it is about: that is none of the operators' business."""
    return gettext(key) if key else ""


@register.filter
def told(value: Any, kind: str) -> str:
    """Write a name from the code in words, with the code where the words are not enough."""
    return readable.coded(kind, value)
