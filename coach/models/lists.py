"""Lists of people: saved segments, and what was done to many at once."""

from datetime import timedelta
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from pilar.backplane.tenant_model import TenantModel


class Segment(TenantModel):
    """A saved filter of the list of members: the query of the page under a name."""

    name = models.CharField(max_length=60)
    filter = models.JSONField(default=dict)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="coach_segment_once")]

    def __str__(self) -> str:
        return self.name


class BulkAction(TenantModel):
    """One change to many people. `targets` are frozen when it begins, `done` counts those it has passed.

    `before` is what undoing needs: a list of [lead id, value] of the people that were really changed.
    """

    retention: ClassVar[timedelta] = timedelta(days=30)
    undoable: ClassVar[timedelta] = timedelta(minutes=30)

    class Kind(models.TextChoices):
        TAG = "tag", _("add a tag")
        UNTAG = "untag", _("take a tag away")
        PAUSE = "pause", pgettext_lazy("bulk action", "pause")
        RESUME = "resume", pgettext_lazy("bulk action", "resume")
        EXPORT = "export", pgettext_lazy("bulk action", "export")
        ERASE = "erase", pgettext_lazy("bulk action", "erase")

    class Status(models.TextChoices):
        RUNNING = "running", _("running")
        DONE = "done", pgettext_lazy("bulk action", "done")
        UNDONE = "undone", pgettext_lazy("bulk action", "undone")

    kind = models.CharField(max_length=8, choices=Kind)
    params = models.JSONField(default=dict)
    targets: Any = models.JSONField(default=list)
    before: Any = models.JSONField(default=list)
    done = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    status = models.CharField(max_length=8, choices=Status, default=Status.RUNNING)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="coach_bulk_age")]

    def __str__(self) -> str:
        return f"{self.kind} {self.status}"

    @property
    def total(self) -> int:
        return len(self.targets)
