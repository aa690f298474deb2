"""The operator's view of people, studios, plans and purchases. Staff sign in through the product's own door."""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from allauth.account.decorators import secure_admin_login
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action

from pilar.backplane import confirmation
from pilar.backplane.admin_pages import actor_of
from pilar.backplane.tenant_admin import TenantAdmin
from pilar.kernel import clock, money
from pilar.ui import letter_pages
from workspaces import directory
from workspaces.models import (
    ApiKey,
    ContactRequest,
    DataExport,
    Invitation,
    Invoice,
    KnownDevice,
    Membership,
    MoneyBack,
    OnboardingDraft,
    Plan,
    Policy,
    SignUp,
    StudioDocument,
    StudioProfile,
    Subscription,
    User,
    Workspace,
)

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.site_header = admin.site.site_title = "PILAR"
admin.site.index_title = _("Overview")


@admin.register(User)
class UserAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ("email", "name", "language", "is_staff", "is_active", "date_joined")
    search_fields = ("email", "name")
    list_filter = ("is_staff", "is_active", "language")
    exclude = ("password", "last_login")
    actions_list: ClassVar = ["letters"]

    def get_urls(self) -> list[Any]:
        frame = path("letters/frame/", self.admin_site.admin_view(letter_pages.frame), name="letters_frame")
        return [frame, *super().get_urls()]

    @action(description=_("Letters"), url_path="letters")  # type: ignore[untyped-decorator]
    def letters(self, request: HttpRequest) -> HttpResponse:
        """Preview every letter that we send to people."""
        return letter_pages.preview(request)


@admin.register(KnownDevice)
class KnownDeviceAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ("user", "first_seen_at", "last_seen_at")
    list_select_related = ("user",)
    search_fields = ("user__email",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


class MembershipInline(TabularInline):  # type: ignore[misc]
    """Who belongs to the studio. Somebody is removed on the studio's own page, which knows its last owner."""

    model = Membership
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
class WorkspaceAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ("name", "status", "plan", "country", "timezone", "created_at")
    list_filter = ("status", "plan", "country")
    search_fields = ("name", "=id")
    readonly_fields = ("id", "status", "activated_at", "suspended_at", "created_at")
    inlines: ClassVar = [MembershipInline]
    actions: ClassVar = ["suspend", "resume"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A studio comes from a purchase."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """All of a studio's data would go with it, without a trail."""
        return False

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
class PlanAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ("code", "price", "leads", "messages_per_day", "tokens_per_day", "seats", "is_offered")

    @admin.display(description=pgettext_lazy("column", "price"), ordering="price_cents")
    def price(self, plan: Plan) -> str:
        return money.cents(plan.price_cents, plan.currency)


@admin.register(SignUp)
class SignUpAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ("studio", "email", "plan", "state", "created_at", "paid_at", "claimed_at")
    list_filter = ("state", "plan")
    search_fields = ("email", "studio", "stripe_session_id")
    readonly_fields = ("id", "stripe_session_id", "checkout_url", "paid_at", "claimed_at", "created_at")


@admin.register(ApiKey)
class ApiKeyAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ("name", "workspace", "prefix", "role", "created_at", "last_used_at", "revoked_at")
    search_fields = ("name", "prefix", "workspace__name")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(Invitation)
class InvitationAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ("email", "workspace", "role", "expires_at", "accepted_at")
    search_fields = ("email",)


@admin.register(ContactRequest)
class ContactRequestAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ("email", "studio", "created_at", "handled_at")
    search_fields = ("email", "studio")


@admin.register(Subscription)
class SubscriptionAdmin(TenantAdmin):
    list_display = ("workspace", "plan", "status", "current_period_end", "trial_end", "fetched_at")
    list_filter = ("status", "plan")
    list_select_related = ("workspace", "plan")
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
    list_select_related = ("workspace",)
    search_fields = ("number", "stripe_invoice_id", "workspace__name")

    @admin.display(description=pgettext_lazy("column", "total"), ordering="total_cents")
    def total(self, invoice: Invoice) -> str:
        return money.cents(invoice.total_cents, invoice.currency)


@admin.register(MoneyBack)
class MoneyBackAdmin(TenantAdmin):
    list_display = ("issued_at", "workspace", "kind", "number", "amount", "status")
    list_filter = ("kind", "status")
    list_select_related = ("workspace",)
    search_fields = ("number", "stripe_id", "stripe_invoice_id", "workspace__name")

    @admin.display(description=pgettext_lazy("column", "amount"), ordering="amount_cents")
    def amount(self, back: MoneyBack) -> str:
        return money.cents(back.amount_cents, back.currency)


@admin.register(StudioProfile)
class StudioProfileAdmin(TenantAdmin):
    list_display = ("name", "workspace", "version", "city", "country", "created_at")
    list_select_related = ("workspace",)
    search_fields = ("name", "legal_name")


@admin.register(OnboardingDraft)
class OnboardingDraftAdmin(TenantAdmin):
    list_display = ("workspace", "passed", "updated_by", "updated_at")
    list_select_related = ("workspace",)


@admin.register(StudioDocument)
class StudioDocumentAdmin(TenantAdmin):
    list_display = ("filename", "workspace", "kind", "content_type", "size", "uploaded_at")
    list_select_related = ("workspace",)
    exclude = ("content",)


@admin.register(DataExport)
class DataExportAdmin(TenantAdmin):
    list_display = ("ordered_at", "workspace", "state", "size", "ordered_by", "expires_at")
    list_select_related = ("workspace",)
    list_filter = ("state",)
    exclude = ("content",)


@admin.register(Policy)
class PolicyAdmin(TenantAdmin):
    list_display = ("workspace", "enabled", "version", "updated_at")
    list_select_related = ("workspace",)
