"""What the studio told us: its particulars, its papers, its rules for the operator."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from pilar.backplane.tenant_model import TenantModel
from pilar.kernel.clock import now


class StudioProfile(TenantModel):
    """The particulars of the studio, as needed for a number, a coach and an invoice. Each change is a new version."""

    version = models.PositiveIntegerField()
    name = models.CharField(max_length=120)
    legal_name = models.CharField(max_length=200)
    street = models.CharField(max_length=200)
    postal_code = models.CharField(max_length=20)
    city = models.CharField(max_length=120)
    country = models.CharField(max_length=2)
    register_number = models.CharField(max_length=60, blank=True)
    vat_id = models.CharField(max_length=20, blank=True)
    website = models.URLField(max_length=300, blank=True)
    representative_name = models.CharField(max_length=150)
    representative_email = models.EmailField()
    opening_hours: Any = models.JSONField(default=dict, blank=True)
    goals = models.TextField(max_length=2000, blank=True)
    tone = models.CharField(max_length=200, blank=True)
    window_start = models.TimeField(null=True, blank=True)
    window_end = models.TimeField(null=True, blank=True)
    created_by = models.CharField(max_length=150)
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        verbose_name = _("studio profile")
        verbose_name_plural = _("studio profiles")
        constraints = (models.UniqueConstraint(fields=["workspace", "version"], name="one_profile_per_version"),)

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


def no_answers() -> dict[str, Any]:
    return {}


def no_steps() -> list[str]:
    return []


class OnboardingDraft(TenantModel):
    """What the studio has told us so far in the onboarding, finished or not; one row, gone on with on any device.

    `passed` names the steps that were finished or left out on purpose.
    """

    answers: Any = models.JSONField(default=no_answers, blank=True)
    passed: Any = models.JSONField(default=no_steps, blank=True)
    updated_by = models.CharField(max_length=150, blank=True)
    updated_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = _("onboarding draft")
        verbose_name_plural = _("onboarding drafts")
        constraints = (models.UniqueConstraint(fields=["workspace"], name="one_draft_per_workspace"),)

    def __str__(self) -> str:
        return f"{len(self.passed)} steps"


class StudioDocument(TenantModel):
    """A paper that proves the studio's name or address to a provider. Kept in the database, never on a public path."""

    class Kind(models.TextChoices):
        REGISTER_EXTRACT = "register_extract", _("extract from the register of companies")
        TRADE_LICENCE = "trade_licence", _("trade licence")
        ADDRESS_PROOF = "address_proof", _("proof of address")
        IDENTITY = "identity", _("identity document of the representative")
        OTHER = "other", _("other paper")

    kind = models.CharField(max_length=20, choices=Kind)
    filename = models.CharField(max_length=150)
    content_type = models.CharField(max_length=50)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    uploaded_by = models.CharField(max_length=150)
    uploaded_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        verbose_name = _("studio document")
        verbose_name_plural = _("studio documents")
        constraints = (models.UniqueConstraint(fields=["workspace", "kind", "sha256"], name="same_paper_once"),)
        indexes = (models.Index(fields=["workspace", "uploaded_at"], name="document_of_workspace"),)

    def __str__(self) -> str:
        return self.filename


class Policy(TenantModel):
    """What the operator may do for this workspace (specification: Operator Runtime v2); one row, versioned by
    number.
    """

    enabled = models.BooleanField(default=True)
    rules: Any = models.JSONField(default=dict, blank=True)
    version = models.PositiveIntegerField(default=1)
    updated_by = models.CharField(max_length=150, blank=True)
    updated_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        constraints = (models.UniqueConstraint(fields=["workspace"], name="one_policy_per_workspace"),)

    def __str__(self) -> str:
        return f"v{self.version}"
