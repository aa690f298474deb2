"""Who did something, by the name people know them by."""

from collections.abc import Iterable
from uuid import UUID

from django.utils.translation import gettext as _

from workspaces.models import User


def names(actors: Iterable[str]) -> dict[str, str]:
    """Return a name for each actor text, in one query; programs are called by what they are."""
    ids = {actor: _person(actor) for actor in set(actors) if actor}
    people = {
        user.pk: user.name or user.email for user in User.objects.filter(pk__in=[pk for pk in ids.values() if pk])
    }
    return {actor: people.get(pk) or _("a program") if pk else _("a program") for actor, pk in ids.items()}


def _person(actor: str) -> UUID | None:
    kind, _colon, text = actor.partition(":")
    try:
        return UUID(text) if kind == "user" else None
    except ValueError:
        return None
