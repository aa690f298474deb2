"""The operator's view of studios, plans and purchases. Staff sign in through the product's own door."""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from allauth.account.decorators import secure_admin_login
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db.models import Model, QuerySet
from django.forms import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from pilar.backplane import confirmation
from pilar.backplane.admin_pages import actor_of
from pilar.backplane.audited_admin import AuditedAdmin
from pilar.backplane.tenant_admin import TenantAdmin
from pilar.kernel import clock, money
from workspaces import directory, plan_limits
from workspaces.admin_people import ZonedAdmin
from workspaces.models import (
    ContactRequest,
    DataExport,
    Invoice,
    Membership,
    MoneyBack,
    OnboardingDraft,
    Plan,
    Policy,
    SignUp,
    StudioDocument,
    StudioProfile,
    Subscription,
    Workspace,
)
from workspaces.models.access import MemberRole

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.site_header = admin.site.site_title = "PILAR"
admin.site.index_title = _("Overview")
admin.site.disable_action("delete_selected")


class KeepsAnOwner(BaseInlineFormSet):  # type: ignore[type-arg]  # generic in the stubs only
    """A studio that has an owner goes on having one."""

    def clean(self) -> None:
        """Refuse to take the last owner's role away."""
        super().clean()
        had = any(form.initial.get("role") == MemberRole.OWNER for form in self.initial_forms)
        if had and not any(form.cleaned_data.get("role") == MemberRole.OWNER for form in self.forms):
            raise ValidationError(gettext("A studio needs an owner. Hand it over to somebody first."))


class MembershipInline(TabularInline):  # type: ignore[misc]
    """Who belongs to the studio. Somebody is removed on the studio's own page, which knows its last owner."""

    model = Membership
    formset = KeepsAnOwner
    extra = 0
    can_delete = False
    autocomplete_fields = ("user",)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """Say each field's name to who hears the page: the heads of the columns are no labels."""
        field = super().formfield_for_dbfield(db_field, request, **options)
        if field:
            field.widget.attrs["aria-label"] = str(field.label)
        return field


@admin.register(Workspace)
class WorkspaceAdmin(ZonedAdmin):
    list_display = ("name", "status", "plan", "country", "timezone", "created_at")
    list_filter = ("status", "plan", "country")
    coded: ClassVar = {"country": "country"}
    search_fields = ("name", "=id")
    readonly_fields = ("id", "status", "activated_at", "suspended_at", "created_at")
    inlines: ClassVar = [MembershipInline]
    actions: ClassVar = ["suspend", "resume"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A studio comes from a purchase."""
        return False

    def trail_of(self, row: Model) -> UUID:
        return row.pk if isinstance(row, Workspace) else super().trail_of(row)

    def after_change(self, row: Workspace) -> None:
        """Have the engine keep to the new time zone and the limits of the new plan."""
        plan_limits.apply(row)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **options)
        if field and db_field.name == "plan":
            field.help_text = _(
                "Its limits hold at once. Stripe charges what was bought and brings that back when it changes."
            )
        return field

    @admin.action(description=_("Suspend the autopilot"))
    def suspend(self, request: HttpRequest, rows: QuerySet[Workspace]) -> HttpResponse | None:
        """Have the autopilot of these studios neither send, answer nor set up until it is resumed."""
        told = (
            gettext("Nothing is sent or answered from then on, and a set-up stops. A member's STOP is still obeyed."),
            gettext("The studio reads its data and is told that its autopilot is paused. Stripe goes on charging it."),
        )
        asked = confirmation.ask_about_rows(
            request, rows, gettext("Suspend the autopilot of these studios?"), facts=lambda: told
        )
        if asked is not None:
            return asked
        suspend = partial(directory.suspend, reason="operator")
        self._each(request, rows.exclude(status__in=("suspended", "closed")), suspend)
        return None

    @admin.action(description=_("Resume the autopilot"))
    def resume(self, request: HttpRequest, rows: QuerySet[Workspace]) -> HttpResponse | None:
        """Undo `suspend`."""
        told = gettext("It sends and answers again at once, which costs money; not where the subscription has ended.")
        asked = confirmation.ask_about_rows(
            request, rows, gettext("Resume the autopilot of these studios?"), facts=lambda: [told]
        )
        if asked is not None:
            return asked
        self._each(request, rows.filter(status="suspended"), directory.resume)
        return None

    def _each(self, request: HttpRequest, rows: QuerySet[Workspace], change: Callable[..., Workspace]) -> None:
        chosen = list(rows.values_list("pk", flat=True))
        with confirmation.within_reason(request):
            for workspace_id in chosen:
                change(workspace_id=workspace_id, actor=actor_of(request), now=clock.now())
        text = ngettext("%(count)d studio was changed.", "%(count)d studios were changed.", len(chosen))
        self.message_user(request, text % {"count": len(chosen)}, messages.SUCCESS)


@admin.register(Plan)
class PlanAdmin(AuditedAdmin):
    list_display = ("code", "price", "leads", "messages_per_day", "tokens_per_day", "seats", "is_offered")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Addresses and Stripe's metadata name a plan by its code, so that is given once: another one is another plan."""
        return [*super().get_readonly_fields(request, obj), *(["code"] if obj else [])]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **options)
        if db_field.name == "code":
            text = _("Write it in capital letters, digits and underscores, such as PRO_2027.")
            field.validators.append(RegexValidator(r"\A[A-Z][A-Z0-9_]*\Z", text))
        return field

    def after_change(self, row: Plan) -> None:
        """Have the engine keep to them for all who have bought it already."""
        plan_limits.apply_everywhere(row, now=clock.now())

    @admin.display(description=pgettext_lazy("column", "price"), ordering="price_cents")
    def price(self, plan: Plan) -> str:
        return money.cents(plan.price_cents, plan.currency)


@admin.register(SignUp)
class SignUpAdmin(TenantAdmin):
    list_display = ("studio", "email", "plan", "state", "created_at", "paid_at", "claimed_at")
    list_filter = ("state", "plan")
    search_fields = ("email", "studio", "stripe_session_id")
    list_select_related = ("plan",)


@admin.register(ContactRequest)
class ContactRequestAdmin(AuditedAdmin):
    list_display = ("email", "studio", "created_at", "handled_at")
    search_fields = ("email", "studio")
    readonly_fields = ("name", "email", "studio", "message", "created_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Somebody asked us."""
        return False


@admin.register(Subscription)
class SubscriptionAdmin(TenantAdmin):
    list_display = ("workspace", "plan", "status", "current_period_end", "trial_end", "fetched_at")
    list_filter = ("status", "plan")
    coded: ClassVar = {"status": "subscription"}
    list_select_related = ("plan",)
    search_fields = ("stripe_customer_id", "stripe_subscription_id", "workspace__name")


@admin.register(Invoice)
class InvoiceAdmin(TenantAdmin):
    list_display = (
        "number",
        "workspace",
        "status",
        "total",
        "issued_at",
        "attempts",
        "next_attempt_at",
    )
    list_filter = ("status",)
    coded: ClassVar = {"status": "invoice"}
    search_fields = ("number", "stripe_invoice_id", "workspace__name")

    @admin.display(description=pgettext_lazy("column", "total"), ordering="total_cents")
    def total(self, invoice: Invoice) -> str:
        return money.cents(invoice.total_cents, invoice.currency)


@admin.register(MoneyBack)
class MoneyBackAdmin(TenantAdmin):
    list_display = ("issued_at", "workspace", "kind", "number", "amount", "status")
    list_filter = ("kind", "status")
    coded: ClassVar = {"status": "money_back"}
    search_fields = ("number", "stripe_id", "stripe_invoice_id", "workspace__name")

    @admin.display(description=pgettext_lazy("column", "amount"), ordering="amount_cents")
    def amount(self, back: MoneyBack) -> str:
        return money.cents(back.amount_cents, back.currency)


@admin.register(StudioProfile)
class StudioProfileAdmin(TenantAdmin):
    list_display = ("name", "workspace", "version", "city", "country", "created_at")
    search_fields = ("name", "legal_name")


@admin.register(OnboardingDraft)
class OnboardingDraftAdmin(TenantAdmin):
    list_display = ("workspace", "passed", "updated_by", "updated_at")


@admin.register(StudioDocument)
class StudioDocumentAdmin(TenantAdmin):
    list_display = ("filename", "workspace", "kind", "content_type", "size", "uploaded_at")
    exclude = ("content",)


@admin.register(DataExport)
class DataExportAdmin(TenantAdmin):
    list_display = ("ordered_at", "workspace", "state", "size", "ordered_by", "expires_at")
    list_filter = ("state",)
    exclude = ("content",)


@admin.register(Policy)
class PolicyAdmin(TenantAdmin):
    list_display = ("workspace", "enabled", "version", "updated_at")
