"""The list of contacts that must not be woken: keyed hashes only, matched by any alias (providers.md section 7, no. 5)."""

import hashlib
import hmac
from collections.abc import Iterable

from django.conf import settings

from coach.models import Lead, LeadAlias, Suppression
from pilar.backplane import tenancy


def digest(value: str, *, secret: str) -> str:
    """Return the keyed hash of one alias in the current workspace; numbers count by their digits."""
    key = hashlib.sha256(b"suppression:" + secret.encode() + tenancy.current().bytes).digest()
    return hmac.new(key, value.lstrip("+").encode(), hashlib.sha256).hexdigest()


def names_of(lead: Lead) -> set[str]:
    """Return every name under which the lead can be reached."""
    aliases = LeadAlias.objects.filter(lead=lead).values_list("value", flat=True)
    return {name for name in (lead.phone, *aliases) if name}


def add(names: Iterable[str], reason: str) -> None:
    """Put names on the list; those on it stay."""
    rows = [Suppression(digest=digest(name, secret=settings.SECRET_KEY), reason=reason) for name in names]
    Suppression.objects.bulk_create(rows, ignore_conflicts=True)


def matches(names: Iterable[str]) -> bool:
    """Say whether any of the names is on the list, also after the secret was rotated."""
    return Suppression.objects.filter(digest__in=digests(names)).exists()


def listed(names: Iterable[str]) -> set[str]:
    """Return those of many names that are on the list, in one query."""
    digest_of = {name: digests([name]) for name in names}
    wanted = [value for digests in digest_of.values() for value in digests]
    known = set(Suppression.objects.filter(digest__in=wanted).values_list("digest", flat=True))
    return {name for name, digests in digest_of.items() if known.intersection(digests)}


def lift(names: Iterable[str]) -> None:
    """Take names off the list: only the person's own new opt-in does that."""
    Suppression.objects.filter(digest__in=digests(names)).delete()


def digests(names: Iterable[str]) -> list[str]:
    """Return the hashes of the names under every secret that may have been in force."""
    secrets = [str(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    return [digest(name, secret=secret) for name in names for secret in secrets]
