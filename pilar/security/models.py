from django.db import models
from django.utils.translation import gettext_lazy as _


class CspReport(models.Model):
    """What browsers refused to load or run, folded: one row for each directive, page and blocked source."""

    directive = models.CharField(max_length=60)
    document = models.CharField(max_length=200)
    blocked = models.CharField(max_length=200)
    count = models.PositiveIntegerField(default=1)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()

    class Meta:
        verbose_name = _("blocked content")
        verbose_name_plural = _("blocked content")
        constraints = (models.UniqueConstraint(fields=["directive", "document", "blocked"], name="csp_report_once"),)

    def __str__(self) -> str:
        return f"{self.directive} {self.blocked}"
