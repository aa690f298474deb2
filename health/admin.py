"""The operator's view of health over all studios, and one repair for all that have the same cause."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from health import repairs
from health.models import HealthCheck, Incident
from pilar.backplane import confirmation
from pilar.backplane.admin_pages import actor_of
from pilar.backplane.confirmation import About
from pilar.backplane.readable import studio_names
from pilar.backplane.tenancy import all_tenants, atomic
from pilar.backplane.tenant_admin import TenantAdmin
from pilar.kernel import clock, switchboard
from pilar.kernel.console import list_of


@admin.register(HealthCheck)
class HealthCheckAdmin(TenantAdmin):
    list_display = ("probe", "component", "workspace_id", "status", "summary", "last_check", "consecutive_failures")
    list_filter = ("status", "component", "severity")
    search_fields = ("=workspace_id", "probe")
    ordering = ("-last_check",)


@admin.register(Incident)
class IncidentAdmin(TenantAdmin):
    list_display = ("title", "component", "workspace_id", "severity", "status", "detected_at", "resolved_at")
    list_filter = ("status", "severity", "component")
    search_fields = ("=workspace_id", "title", "=code")
    ordering = ("-detected_at",)

    def get_urls(self) -> list[Any]:
        return [path("heal/", self.admin_site.admin_view(heal), name="health_heal"), *super().get_urls()]


def heal(request: HttpRequest) -> HttpResponse:
    """Show which studios have this cause, and repair them all after a yes."""
    code = (request.POST or request.GET).get("code", "")[:60]
    if code not in switchboard.remediations:
        messages.error(request, _("There is no automatic repair for this."))
        return redirect("admin:index")
    with all_tenants("operators repair one cause in all studios that have it"), atomic():
        asked = confirmation.ask(
            request,
            question=_("Repair “%(code)s” in all these studios?") % {"code": code},
            about=lambda: _affected(code),
            carry={"code": code},
            back=reverse("admin:index"),
        )
        if asked is not None:
            return asked.render()
        with confirmation.within_reason(request):
            count = repairs.order_all(code, actor=actor_of(request), now=clock.now())
    text = ngettext("%(n)s repair was ordered.", "%(n)s repairs were ordered.", count) % {"n": count}
    messages.success(request, text)
    return redirect(list_of("health_incident", q=code))


def _affected(code: str) -> About:
    found = list(repairs.ongoing(code))
    names = studio_names(one.workspace_id for one in found)
    return About([f"{names[one.workspace_id]}: {one.title}" for one in found])
