from django.db import models
from django.utils.translation import gettext_lazy as _

from pilar.kernel.clock import now
from pilar.kernel.ids import uuid7


class Workspace(models.Model):
    """One studio: the tenant. What it told us about itself is in `StudioProfile`, what it pays in `Subscription`."""

    class Status(models.TextChoices):
        PENDING = "pending", _("being set up")
        ACTIVE = "active", _("active")
        SUSPENDED = "suspended", _("suspended")
        CLOSED = "closed", _("closed")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=120)
    country = models.CharField(_("country"), max_length=2, default="DE")
    language = models.CharField(_("language"), max_length=5, default="de")
    timezone = models.CharField(_("time zone"), max_length=64, default="Europe/Berlin")
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    plan = models.ForeignKey("workspaces.Plan", on_delete=models.PROTECT, related_name="+", default="BASIC")
    activated_at = models.DateTimeField(null=True, blank=True)
    suspended_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        verbose_name = _("workspace")
        verbose_name_plural = _("workspaces")
        indexes = (models.Index(fields=["status", "created_at"], name="workspace_status"),)

    def __str__(self) -> str:
        return self.name
