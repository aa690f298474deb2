from django.db import models
from django.utils.translation import gettext_lazy as _

from pilar.kernel.clock import now
from pilar.kernel.ids import uuid7


class ContactRequest(models.Model):
    """A message from the public site, before there is any workspace."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=150)
    email = models.EmailField()
    studio = models.CharField(max_length=120, blank=True)
    message = models.TextField(max_length=4000)
    handled_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        verbose_name = _("contact request")
        verbose_name_plural = _("contact requests")

    def __str__(self) -> str:
        return self.email
