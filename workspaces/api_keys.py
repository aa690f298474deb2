"""Keys for programs (reliability S2): shown once, kept as a hash, revoked with effect on the next request."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from hmac import compare_digest
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from pilar.backplane import audit
from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel.principal import Principal, Role
from pilar.kernel.problems import NotFound, Problem
from workspaces.models import ApiKey, Workspace

MARK = "pilar_"
LONGEST = 200
MOST = 50
USED_EVERY = timedelta(minutes=1)
SCOPES = (
    "events:read", "events:write", "jobs:read", "jobs:write", "locks:write", "leads:read", "leads:write",
    "conversations:read", "conversations:write", "followups:read", "followups:write", "coach:read", "coach:write",
    "health:read", "health:write", "provisioning:read", "provisioning:write", "onboarding:write", "billing:write", "keys:write",
    "people:write", "budget:read", "budget:write",
)  # fmt: skip


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def create(*, workspace_id: UUID, name: str, role: Role, scopes: Iterable[str] = (), actor: str) -> tuple[ApiKey, str]:
    """Make a key; return it with its text, which nobody can read again.

    Raises Problem for an unknown scope, a role that belongs to no workspace, or too many keys.
    """
    wanted = sorted(set(scopes))
    if set(wanted) - set(SCOPES):
        raise Problem(_("There is no such scope."), code="validation_failed", fields={"scopes": ", ".join(SCOPES)})
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    with tenant(workspace_id), atomic():
        Workspace.objects.select_for_update().get(pk=workspace_id)
        if active(workspace_id).count() >= MOST:
            raise Problem(_("There are too many API keys. Revoke one first."), status=409, code="too_many_keys")
        key = ApiKey.objects.create(
            workspace_id=workspace_id,
            name=name,
            prefix=prefix,
            secret_hash=_hash(secret),
            role=role,
            scopes=wanted,
            created_by=actor,
        )
        audit.record(actor, "api_key.created", "api_key", key.pk, after={"name": name, "role": role, "scopes": wanted})
    return key, f"{MARK}{prefix}_{secret}"


def active(workspace_id: UUID) -> QuerySet[ApiKey]:
    """Return the workspace's keys that still open something."""
    return ApiKey.objects.filter(workspace_id=workspace_id, revoked_at=None)


def revoke(*, workspace_id: UUID, key_id: UUID, actor: str, now: datetime) -> None:
    """End a key. Raises NotFound when the workspace has no such active key."""
    with tenant(workspace_id), atomic():
        if not active(workspace_id).filter(pk=key_id).update(revoked_at=now):
            raise NotFound
        audit.record(actor, "api_key.revoked", "api_key", key_id)


def recognize(token: str, *, now: datetime) -> Principal | None:
    """Return the caller that a key's text stands for, or None."""
    prefix, _sep, secret = token.removeprefix(MARK).partition("_")
    if not (token.isascii() and token.isprintable() and secret and len(token) <= LONGEST):
        return None
    key = ApiKey.objects.filter(prefix=prefix, revoked_at=None).select_related("workspace").first()
    if key is None or not compare_digest(key.secret_hash, _hash(secret)):
        return None
    if key.workspace.status == Workspace.Status.CLOSED:
        return None
    _note_use(key, now)
    return Principal(key.workspace_id, f"key:{key.prefix}", Role(key.role), frozenset(key.scopes))


def _note_use(key: ApiKey, now: datetime) -> None:
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - USED_EVERY)
    if key.last_used_at is None or key.last_used_at < now - USED_EVERY:
        ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)
