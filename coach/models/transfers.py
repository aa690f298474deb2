"""People who come in from a file, go out as one, or are erased."""

from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from pilar.backplane.tenant_model import TenantModel


class MemberImport(TenantModel):
    """One uploaded file of members. The file itself is gone as soon as it was imported; what stays holds no personal data.

    `report` has [row number, outcome, reason] of each row. `done` counts the rows whose batch is committed, so a batch is
    never taken twice.
    """

    retention: ClassVar[timedelta] = timedelta(days=90)
    file_retention: ClassVar[timedelta] = timedelta(days=7)

    class Status(models.TextChoices):
        UPLOADED = "uploaded", _("uploaded, not begun")
        RUNNING = "running", _("running")
        DONE = "done", pgettext_lazy("import", "done")
        CANCELLED = "cancelled", _("thrown away")

    file_name = models.CharField(max_length=120)
    content = models.TextField(blank=True)
    """The table as text, whatever the encoding of the file was; empty when it is finished."""
    delimiter = models.CharField(max_length=1)
    rows = models.PositiveIntegerField()
    mapping = models.JSONField(default=dict)
    consent = models.JSONField(default=dict)
    status = models.CharField(max_length=10, choices=Status, default=Status.UPLOADED)
    done = models.PositiveIntegerField(default=0)
    report: Any = models.JSONField(default=list)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-created_at"], name="coach_import_latest"),
            models.Index(fields=["created_at"], name="coach_import_age"),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} {self.status}"


class MemberExport(TenantModel):
    """A file with what we know of some people. It can be fetched from the session that asked for it, until it expires."""

    lifetime: ClassVar[timedelta] = timedelta(hours=24)

    lead_refs: Any = models.JSONField(default=list)
    """Ids of the people in the file, so that an erasure finds it."""
    content = models.BinaryField(null=True, blank=True)
    session = models.CharField(max_length=64)
    """Hash of the session that may fetch it."""
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ready_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="coach_export_age")]

    def __str__(self) -> str:
        return f"export {self.id}"


class Erasure(TenantModel):
    """The proof that somebody was erased, without saying who: `lead_ref` is the id that the audit trail knows.

    `traces` says what to look for in the other tables, sealed; it is emptied when nothing is left to look for.
    """

    retention: ClassVar[timedelta] = timedelta(days=3 * 365)
    """Claims become time-barred after three years (section 195 BGB)."""

    lead_ref = models.UUIDField()
    report = models.JSONField(default=dict)
    traces = models.BinaryField(default=b"", blank=True)
    requested_by = models.CharField(max_length=200)
    requested_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "lead_ref"], name="coach_erasure_once")]
        indexes = [models.Index(fields=["requested_at"], name="coach_erasure_age")]

    def __str__(self) -> str:
        return f"erasure of {UUID(str(self.lead_ref))}"
