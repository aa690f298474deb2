"""The studio's whole data as one file."""

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from pilar.backplane.tenant_model import TenantModel


class DataExport(TenantModel):
    """One order of all data. The file is gone when its time is over, or when somebody in it was erased."""

    lifetime: ClassVar[timedelta] = timedelta(days=7)

    class State(models.TextChoices):
        WORKING = "working", _("being made")
        READY = "ready", pgettext_lazy("export", "ready")
        TOO_LARGE = "too_large", _("too large")

    state = models.CharField(max_length=10, choices=State, default=State.WORKING)
    content = models.BinaryField(null=True)
    size = models.PositiveBigIntegerField(default=0)
    ordered_by = models.CharField(max_length=200)
    ordered_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-ordered_at"], name="export_latest"),
            models.Index(fields=["expires_at"], name="export_age"),
        ]

    def __str__(self) -> str:
        return f"export {self.ordered_at:%Y-%m-%d %H:%M}"

    @property
    def is_ready(self) -> bool:
        return self.state == self.State.READY
