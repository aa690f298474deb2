from django.contrib import admin

from pilar.backplane.tenant_admin import TenantAdmin
from pilar.security.models import CspReport


@admin.register(CspReport)
class CspReportAdmin(TenantAdmin):
    list_display = ("directive", "document", "blocked", "count", "last_seen")
    list_filter = ("directive",)
