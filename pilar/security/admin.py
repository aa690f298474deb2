from django.contrib import admin
from unfold.admin import ModelAdmin

from pilar.security.models import CspReport


@admin.register(CspReport)
class CspReportAdmin(ModelAdmin):  # type: ignore[misc]  # unfold carries no types
    list_display = ("directive", "document", "blocked", "count", "last_seen")
    list_filter = ("directive",)
