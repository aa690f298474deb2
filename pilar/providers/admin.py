"""The operator's view of connections, numbers, templates and calls. Secrets show only that they are there."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from pilar.backplane import audit, confirmation
from pilar.backplane.admin_pages import actor_of
from pilar.backplane.audited_admin import AuditedAdmin
from pilar.backplane.tenancy import PLATFORM, atomic, tenant
from pilar.backplane.tenant_admin import TenantAdmin
from pilar.kernel import money
from pilar.providers import prices
from pilar.providers.models import (
    Breaker,
    Connection,
    GlobalBreaker,
    MessageTemplate,
    PhoneNumber,
    Price,
    ProviderCall,
    ProviderRoute,
)


@admin.register(Connection)
class ConnectionAdmin(TenantAdmin):
    list_display = ("workspace", "provider", "status", "last_success_at", "last_error_class")
    list_filter = ("provider", "status", "last_error_class")
    coded: ClassVar = {"last_error_class": "error_class"}
    search_fields = ("workspace__name",)
    exclude = ("secrets",)
    readonly_fields = ("sealed",)

    @admin.display(description=_("Secrets"))
    def sealed(self, connection: Connection) -> str:
        """Name the secrets that are stored, each with dots in place of its value."""
        return ", ".join(f"{name}: ••••" for name in sorted(connection.secrets)) or "–"


@admin.register(PhoneNumber)
class PhoneNumberAdmin(TenantAdmin):
    list_display = ("e164", "workspace", "country", "kind", "status")
    list_filter = ("country", "status")
    coded: ClassVar = {"country": "country", "status": "connection"}
    search_fields = ("e164", "sid")


@admin.register(MessageTemplate)
class MessageTemplateAdmin(TenantAdmin):
    list_display = ("name", "language", "workspace", "category", "status", "quality")
    list_filter = ("status", "category", "language")
    coded: ClassVar = {"status": "approval", "category": "template_category", "language": "language"}
    search_fields = ("name",)


@admin.register(ProviderCall)
class ProviderCallAdmin(TenantAdmin):
    list_display = ("at", "provider", "operation", "outcome", "code", "milliseconds", "price", "workspace_id")
    list_filter = ("provider", "outcome")
    coded: ClassVar = {"provider": "provider", "outcome": "outcome"}
    search_fields = ("correlation_id", "workspace_id", "request_id")
    ordering = ("-at",)
    show_full_result_count = False

    @admin.display(description=pgettext_lazy("column", "price"), ordering="micro_euro")
    def price(self, call: ProviderCall) -> str:
        """What the call cost, with all its digits; nothing where no price is known."""
        return "–" if call.micro_euro is None else money.exact(call.micro_euro)


@admin.register(Price)
class PriceAdmin(AuditedAdmin):
    """What the operators know better than the list that comes with us, which stands above the form."""

    list_display = ("kind", "name", "amount", "currency", "since", "source")
    list_filter = ("kind", "currency")
    search_fields = ("name",)
    ordering = ("kind", "name", "-since")
    list_before_template = "admin/providers/price_list.html"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Without it the listed price holds again."""
        return True

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        shown: HttpResponse = super().changelist_view(request, {**(extra_context or {}), "listed": _named()})
        return shown


def _named() -> list[tuple[str, prices.Known]]:
    return [(str(Price.Kind(one.kind).label), one) for one in prices.listed()]


@admin.register(Breaker)
class BreakerAdmin(TenantAdmin):
    list_display = ("provider", "workspace_id", "failures", "open_until", "error_class")
    list_filter = ("provider", "error_class")
    coded: ClassVar = {"provider": "provider", "error_class": "error_class"}
    actions = ("close",)

    @admin.action(description=_("Close the chosen breakers"), permissions=["view"])
    def close(self, request: HttpRequest, chosen: QuerySet[Breaker]) -> HttpResponse | None:
        """Let calls through again at once."""
        asked = _ask(request, chosen)
        if asked is not None:
            return asked
        for breaker in list(chosen):
            before = {"open_until": breaker.open_until, "error_class": breaker.error_class}
            with confirmation.within_reason(request), tenant(breaker.workspace_id), atomic():
                Breaker.objects.filter(pk=breaker.pk).update(
                    failures=0, open_until=None, probe_until=None, error_class=""
                )
                audit.record(actor_of(request), "breaker.closed", "provider", breaker.provider, before=before)
        return None


def _ask(request: HttpRequest, chosen: QuerySet[Any]) -> HttpResponse | None:
    told = gettext("Calls go out again at once, also to a provider that is still down; each that fails takes its time.")
    return confirmation.ask_about_rows(
        request, chosen, gettext("Let these providers be called again?"), facts=lambda: [told]
    )


@admin.register(ProviderRoute)
class ProviderRouteAdmin(TenantAdmin):
    list_display = ("provider", "kind", "external_id", "workspace_id", "created_at")
    list_filter = ("provider", "kind")
    coded: ClassVar = {"provider": "provider", "kind": "route"}
    search_fields = ("external_id", "workspace_id")


@admin.register(GlobalBreaker)
class GlobalBreakerAdmin(TenantAdmin):
    list_display = ("provider", "open_until", "probe_until", "refusals")
    coded: ClassVar = {"provider": "provider"}
    exclude = ("credentials",)
    actions = ("close",)

    @admin.action(description=_("Close the chosen breakers"), permissions=["view"])
    def close(self, request: HttpRequest, chosen: QuerySet[GlobalBreaker]) -> HttpResponse | None:
        """Let calls of all studios through again at once."""
        asked = _ask(request, chosen)
        if asked is not None:
            return asked
        with confirmation.within_reason(request), tenant(PLATFORM), atomic():
            for breaker in list(chosen):
                before = {"open_until": breaker.open_until}
                breaker.delete()
                audit.record(actor_of(request), "breaker.closed", "provider", breaker.provider, before=before)
        return None
