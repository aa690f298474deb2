"""What is offered, what was bought, and what Stripe says about it."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from pilar.backplane.tenant_model import TenantModel
from pilar.kernel.clock import now
from pilar.kernel.ids import uuid7

GERMAN_VAT_PERCENT = 19


class Plan(models.Model):
    """An offer with its limits (design section 6). Money is in cents of `currency`; the Stripe price is in the
    settings.
    """

    code = models.CharField(max_length=20, primary_key=True)
    name = models.CharField(max_length=60)
    price_cents = models.PositiveIntegerField()
    currency = models.CharField(max_length=3, default="EUR")
    leads = models.PositiveIntegerField()
    messages_per_day = models.PositiveIntegerField()
    tokens_per_day = models.PositiveIntegerField()
    seats = models.PositiveIntegerField()
    trial_days = models.PositiveIntegerField()
    is_offered = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("plan")
        verbose_name_plural = _("plans")
        ordering = ("position", "code")

    def __str__(self) -> str:
        return self.name

    @property
    def gross_cents(self) -> int:
        """The price with German VAT, for the words beside it; what is charged is reckoned by Stripe Tax."""
        return round(self.price_cents * (100 + GERMAN_VAT_PERCENT) / 100)


class Subscription(TenantModel):
    """Mirror of the workspace's subscription at Stripe: always a copy of what was fetched, never of what an event said.

    `revision` counts the changes applied. A copy is only written when the revision is still the one read before the
    fetch, so a slow answer can never overwrite a newer one.
    """

    stripe_customer_id = models.CharField(max_length=255)
    stripe_subscription_id = models.CharField(max_length=255)
    status = models.CharField(max_length=30)
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    current_period_end = models.DateTimeField(null=True, blank=True)
    trial_end = models.DateTimeField(null=True, blank=True)
    cancel_at = models.DateTimeField(null=True, blank=True)
    cancel_at_period_end = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    revision = models.PositiveIntegerField(default=0)
    fetched_at = models.DateTimeField()

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        constraints = (models.UniqueConstraint(fields=["workspace"], name="one_subscription_per_workspace"),)

    def __str__(self) -> str:
        return f"{self.plan_id} {self.status}"


class Invoice(TenantModel):
    """Copy of an invoice at Stripe, kept for the list in the studio's settings: amounts are in cents of `currency`.

    `asked_at` is when the fetch of this copy began. An answer asked for earlier never replaces it.
    """

    stripe_invoice_id = models.CharField(max_length=255)
    number = models.CharField(max_length=60, blank=True)
    status = models.CharField(max_length=20)
    total_cents = models.IntegerField()
    tax_cents = models.IntegerField()
    due_cents = models.IntegerField()
    currency = models.CharField(max_length=3)
    issued_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    page_url = models.URLField(max_length=2000, blank=True)
    pdf_url = models.URLField(max_length=2000, blank=True)
    asked_at = models.DateTimeField()

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        constraints = (models.UniqueConstraint(fields=["workspace", "stripe_invoice_id"], name="same_invoice_once"),)
        indexes = (models.Index(fields=["workspace", "-issued_at"], name="invoice_of_workspace"),)

    def __str__(self) -> str:
        return self.number or self.stripe_invoice_id

    @property
    def net_cents(self) -> int:
        return self.total_cents - self.tax_cents


class MoneyBack(TenantModel):
    """Copy of a refund or a credit note at Stripe: `amount_cents` is what the studio gets back of an invoice.

    A credit note names the refunds that it was paid out by, so that the same money is not shown twice. `asked_at` as
    on an invoice.
    """

    class Kind(models.TextChoices):
        REFUND = "refund", _("refund")
        CREDIT_NOTE = "credit_note", _("credit note")

    kind = models.CharField(max_length=12, choices=Kind)
    stripe_id = models.CharField(max_length=255)
    stripe_invoice_id = models.CharField(max_length=255, blank=True)
    number = models.CharField(max_length=80, blank=True)
    status = models.CharField(max_length=20)
    amount_cents = models.IntegerField()
    currency = models.CharField(max_length=3)
    refund_ids = models.JSONField(default=list, blank=True)
    is_credit = models.BooleanField(default=False)
    pdf_url = models.URLField(max_length=2000, blank=True)
    issued_at = models.DateTimeField()
    asked_at = models.DateTimeField()
    invoice_number = ""
    """The number of the invoice, where a list has looked it up."""

    class Meta:
        verbose_name = _("money that went back")
        verbose_name_plural = _("money that went back")
        constraints = (models.UniqueConstraint(fields=["workspace", "stripe_id"], name="same_money_back_once"),)
        indexes = (models.Index(fields=["workspace", "-issued_at"], name="money_back_of_workspace"),)

    def __str__(self) -> str:
        return self.number or self.stripe_id


class SignUp(models.Model):
    """A purchase on its way to a workspace: written before the checkout session is made, or when one we did not
    make was paid.

    Who pays before signing in gets a claim link: its token is stored as a hash, works once, expires and can be
    sent again.
    """

    class State(models.TextChoices):
        OPEN = "open", _("not paid")
        AWAITING_PAYMENT = "awaiting_payment", _("payment under way")
        PAID = "paid", _("paid")
        CLAIMED = "claimed", _("claimed")
        EXPIRED = "expired", _("expired")
        FAILED = "failed", _("payment failed")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    state = models.CharField(max_length=20, choices=State, default=State.OPEN)
    email = models.EmailField()
    studio = models.CharField(max_length=120)
    country = models.CharField(max_length=2, default="DE")
    language = models.CharField(max_length=5, default="de")
    affiliate = models.CharField(max_length=80, blank=True)
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    stripe_session_id = models.CharField(max_length=255, unique=True, null=True, blank=True)
    checkout_url = models.URLField(max_length=2000, blank=True)
    token_hash = models.CharField(max_length=64, unique=True, null=True, blank=True, editable=False)
    token_expires_at = models.DateTimeField(null=True, blank=True)
    links_sent = models.PositiveSmallIntegerField(default=0)
    paid_at = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        verbose_name = _("sign-up")
        verbose_name_plural = _("sign-ups")
        indexes = (
            models.Index(fields=["email", "created_at"], name="sign_up_email"),
            models.Index(fields=["workspace", "created_at"], name="sign_up_workspace"),
        )

    def __str__(self) -> str:
        return f"{self.studio} ({self.state})"
