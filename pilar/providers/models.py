"""What a workspace holds at its providers, and what we know of each provider's state."""

from datetime import timedelta
from typing import Any, ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from pilar.backplane.tenant_model import TenantModel, TenantRow
from pilar.kernel.ids import uuid7


class Provider(models.TextChoices):
    TWILIO = "twilio", "Twilio"
    WHATSAPP = "whatsapp", "WhatsApp"
    EMAIL = "email", _("E-mail")
    STRIPE = "stripe", "Stripe"
    AI = "ai", _("AI")
    VOICE = "voice", _("Voice")


class Connection(TenantModel):
    """A workspace's own account at one provider. Secrets are sealed; nothing here is a secret in clear."""

    class Status(models.TextChoices):
        NOT_CONFIGURED = "not_configured", _("Not configured")
        PENDING = "pending", _("Pending")
        CONNECTED = "connected", _("Connected")
        DEGRADED = "degraded", _("Degraded")
        DISCONNECTED = "disconnected", _("Disconnected")

    provider = models.CharField(max_length=16, choices=Provider)
    status = models.CharField(max_length=16, choices=Status, default=Status.PENDING)
    identifiers = models.JSONField(default=dict)
    secrets = models.JSONField(default=dict, help_text=_("Name of each secret and its sealed value."))
    last_success_at = models.DateTimeField(null=True, blank=True)
    last_error_class = models.CharField(max_length=32, blank=True)
    last_error = models.CharField(max_length=300, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "provider"], name="connection_once")]

    def __str__(self) -> str:
        return f"{self.get_provider_display()}: {self.get_status_display()}"


class ProviderRoute(models.Model):
    """Which workspace an id of a provider belongs to. Global: webhooks arrive before we know whose they are."""

    provider = models.CharField(max_length=16)
    kind = models.CharField(max_length=32)
    external_id = models.CharField(max_length=128)
    workspace_id = models.UUIDField(db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider", "kind", "external_id"], name="route_once")]

    def __str__(self) -> str:
        return f"{self.provider} {self.kind} {self.external_id}"


class PhoneNumber(TenantModel):
    """A number bought for the workspace."""

    e164 = models.CharField(max_length=20)
    sid = models.CharField(max_length=40)
    country = models.CharField(max_length=2)
    kind = models.CharField(max_length=16, default="local")
    status = models.CharField(max_length=24, default="active")
    capabilities = models.JSONField(default=dict)
    webhook_urls = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "e164"], name="phone_number_once"),
            models.UniqueConstraint(fields=["workspace", "sid"], name="phone_sid_once"),
        ]

    def __str__(self) -> str:
        return self.e164


class MessageTemplate(TenantModel):
    """A WhatsApp template as Meta knows it; `params` names the placeholders of the body in order."""

    name = models.CharField(max_length=512)
    language = models.CharField(max_length=16)
    category = models.CharField(max_length=16)
    components = models.JSONField(default=list)
    params = models.JSONField(default=list)
    status = models.CharField(max_length=24, default="PENDING")
    quality = models.CharField(max_length=16, blank=True)
    provider_id = models.CharField(max_length=64, blank=True)
    rejected_reason = models.CharField(max_length=300, blank=True)
    status_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When Meta last said so; older news is ignored.")
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "name", "language"], name="template_once")]

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"

    @property
    def usable(self) -> bool:
        """Whether Meta lets us send it now (providers.md 3.4)."""
        return self.status in ("APPROVED", "REINSTATED")


class ProviderCall(TenantRow):
    """One call to a provider: what was asked and how it ended, never what was said."""

    retention: ClassVar[timedelta] = timedelta(days=30)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.CharField(max_length=16)
    operation = models.CharField(max_length=64)
    outcome = models.CharField(max_length=32, help_text=_("ok, an error class, or what happened to one contact."))
    code = models.CharField(max_length=64, blank=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    message = models.CharField(max_length=300, blank=True)
    request_id = models.CharField(max_length=128, blank=True)
    milliseconds = models.PositiveIntegerField()
    micro_euro = models.BigIntegerField(
        null=True, blank=True, help_text=_("What it cost; empty where no price is known or nothing is asked.")
    )
    correlation_id = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["workspace_id", "-at"], name="provider_call_newest"),
            models.Index(fields=["at"], name="provider_call_age"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.operation}: {self.outcome}"


class Price(models.Model):
    """What the operators know a message, a million tokens or a currency to cost from a day on; wins over our own list."""

    class Kind(models.TextChoices):
        MESSAGE = "message", _("a WhatsApp message")
        INPUT = "input", _("a million tokens read")
        OUTPUT = "output", _("a million tokens written")
        CURRENCY = "currency", _("one unit of a currency")

    kind = models.CharField(max_length=8, choices=Kind)
    name = models.CharField(
        max_length=120, help_text=_("“DE marketing”, the model as “openai/gpt-5-mini”, or the currency.")
    )
    amount = models.DecimalField(
        max_digits=12, decimal_places=6, validators=[MinValueValidator(0)], help_text=_("A currency: in euro.")
    )
    currency = models.CharField(max_length=3, default="EUR")
    since = models.DateField()
    source = models.CharField(max_length=200)

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        constraints = [models.UniqueConstraint(fields=["kind", "name", "since"], name="price_once")]

    def __str__(self) -> str:
        return f"{self.name} {self.since}"


class Breaker(TenantRow):
    """Consecutive failures of one provider in one workspace; all processes read and write this row."""

    provider = models.CharField(max_length=16)
    failures = models.PositiveIntegerField(default=0)
    open_until = models.DateTimeField(null=True, blank=True)
    probe_until = models.DateTimeField(null=True, blank=True)
    error_class = models.CharField(max_length=32, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace_id", "provider"], name="breaker_once")]

    def __str__(self) -> str:
        return f"{self.provider}: {self.failures}"


class GlobalBreaker(models.Model):
    """Opens when the breakers of several workspaces opened on the same provider within a short time, and when
    credentials of ours are refused; then `credentials` is their fingerprint and the pause holds for those alone.
    """

    provider = models.CharField(primary_key=True, max_length=16)
    tripped: Any = models.JSONField(default=dict)
    open_until = models.DateTimeField(null=True, blank=True)
    probe_until = models.DateTimeField(null=True, blank=True)
    refusals = models.PositiveIntegerField(default=0, db_default=0)
    credentials = models.CharField(max_length=64, default="", db_default="", blank=True)

    def __str__(self) -> str:
        return self.provider
