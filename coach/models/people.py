"""The people a studio coaches, how WhatsApp names them, and what they agreed to."""

from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Concat, Lower
from django.utils.translation import gettext_lazy as _

from pilar.backplane.tenant_model import TenantModel


class Lead(TenantModel):
    """A member or prospect of the studio. `phone` is E.164, empty for people WhatsApp names by user id only."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("active")
        OPTED_OUT = "opted_out", _("said stop")
        UNREACHABLE = "unreachable", _("unreachable")

    name = models.CharField(max_length=120, blank=True)
    phone = models.CharField(max_length=16, blank=True)
    email = models.EmailField(blank=True)
    language = models.CharField(max_length=2, default="de")
    timezone = models.CharField(max_length=64, default="Europe/Berlin")
    tags = models.JSONField(default=list, blank=True)
    status = models.CharField(max_length=16, choices=Status, default=Status.ACTIVE)
    source = models.CharField(max_length=40, default="manual")
    opted_out_at = models.DateTimeField(null=True, blank=True)
    paused_until = models.DateTimeField(null=True, blank=True)
    """Nothing is sent on our own initiative before this: the person or the studio wants quiet."""
    nudges_paused_until = models.DateTimeField(null=True, blank=True)
    """Set when WhatsApp holds marketing back for this person (131049, 130472)."""
    capped_times = models.PositiveSmallIntegerField(default=0)
    undeliverable_times = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    search = models.GeneratedField(
        expression=Lower(Concat("name", Value(" "), "phone", Value(" "), "email", output_field=models.TextField())),
        output_field=models.TextField(),
        db_persist=True,
    )
    """What the search box looks through, kept by PostgreSQL itself (docs/coach.md says why there is no trigram index)."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "phone"], condition=~Q(phone=""), name="coach_lead_phone_once")
        ]
        indexes = [
            models.Index(fields=["workspace", "-id"], name="coach_lead_newest"),
            models.Index(fields=["workspace", "name", "id"], name="coach_lead_name"),
            models.Index(fields=["workspace", "id"], include=["search"], name="coach_lead_search"),
        ]

    def __str__(self) -> str:
        return self.name or self.phone or str(self.id)

    @property
    def first_name(self) -> str:
        """The word to address the person by; empty when no name is known."""
        return self.name.split()[0] if self.name.split() else ""


class LeadAlias(TenantModel):
    """One name under which WhatsApp knows a lead. Aliases are added, never moved silently (providers.md 3.3)."""

    class Kind(models.TextChoices):
        PHONE = "phone", _("telephone number")
        BSUID = "bsuid", _("WhatsApp's id of the person for this studio")
        WA_ID = "wa_id", _("WhatsApp's number of the person")

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="aliases", db_index=False)
    kind = models.CharField(max_length=8, choices=Kind)
    value = models.CharField(max_length=150)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "kind", "value"], name="coach_alias_once_per_studio")
        ]
        indexes = [models.Index(fields=["workspace", "lead"], name="coach_alias_lead")]

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


class Consent(TenantModel):
    """One agreement for one purpose, with its proof (GDPR Art. 7 (1)). Rows are only ever added or closed, not edited.

    `proof_message` is the message by which the contact confirmed it in the chat (double opt-in).
    """

    class Purpose(models.TextChoices):
        COACHING = "coaching", _("Coaching messages")
        OFFERS = "offers", _("Offers")
        HEALTH_DATA = "health_data", _("Health data")

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="consents", db_index=False)
    purpose = models.CharField(max_length=16, choices=Purpose, default=Purpose.COACHING)
    source = models.CharField(max_length=80, blank=True)
    wording = models.TextField(blank=True)
    version = models.CharField(max_length=20, default="1")
    at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    proof_message = models.ForeignKey(
        "coach.Message", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.CharField(max_length=40, blank=True)
    recorded_by = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["workspace", "lead", "purpose"], name="coach_consent_lead")]

    def __str__(self) -> str:
        return f"{self.purpose} ({self.state})"

    @property
    def proven(self) -> bool:
        """Whether who, when and to which words is on record."""
        return bool(self.source and self.wording and self.at)

    @property
    def state(self) -> str:
        """`withdrawn`, `given` (confirmed or proven) or `pending`."""
        if self.withdrawn_at:
            return "withdrawn"
        return "given" if self.confirmed_at or self.proven else "pending"


class Suppression(TenantModel):
    """A contact that must not be woken, kept as a keyed hash so that erased people stay unknown (GDPR Art. 17)."""

    class Reason(models.TextChoices):
        STOP = "stop", _("said stop")
        ERASED = "erased", _("erased")

    digest = models.CharField(max_length=64)
    reason = models.CharField(max_length=8, choices=Reason)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "digest"], name="coach_suppressed_once")]

    def __str__(self) -> str:
        return f"{self.reason}:{self.digest[:8]}"
