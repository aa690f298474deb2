"""Who may enter a workspace: people, invited people, and programs."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from pilar.kernel.clock import now
from pilar.kernel.ids import uuid7


class MemberRole(models.TextChoices):
    OWNER = "owner", _("owner")
    ADMIN = "admin", _("admin")
    COACH = "coach", _("coach")
    VIEWER = "viewer", _("viewer")


class Membership(models.Model):
    """A person's role in one workspace."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("workspaces.Workspace", on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=MemberRole)
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = (models.UniqueConstraint(fields=["workspace", "user"], name="one_membership_per_person"),)

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.user_id}"


class Invitation(models.Model):
    """An open door for one mailbox. The link's token is stored as a hash, works once and expires."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("workspaces.Workspace", on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=10, choices=MemberRole)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.CharField(max_length=150)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        indexes = (models.Index(fields=["workspace", "created_at"], name="invitation_of_workspace"),)

    def __str__(self) -> str:
        return self.email


def no_scopes() -> list[str]:
    return []


class ApiKey(models.Model):
    """A program's credential (reliability S2): shown once, stored as SHA-256 of 256 random bits, found by its prefix.

    A key without scopes may do whatever its role may.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("workspaces.Workspace", on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16, unique=True, editable=False)
    secret_hash = models.CharField(max_length=64, editable=False)
    role = models.CharField(max_length=10, choices=MemberRole)
    scopes: Any = models.JSONField(default=no_scopes, blank=True)
    created_by = models.CharField(max_length=150)
    created_at = models.DateTimeField(default=now, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        indexes = (models.Index(fields=["workspace", "created_at"], name="api_key_of_workspace"),)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"
