"""The operator's view of health over all studios."""

from django.contrib import admin

from health.models import HealthCheck, Incident
from pilar.backplane.tenant_admin import TenantAdmin


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
    search_fields = ("=workspace_id", "title")
    ordering = ("-detected_at",)
