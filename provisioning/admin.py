"""The operator's view of set-up: every run, its steps, and ordering them again."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from pilar.backplane import audit, confirmation
from pilar.backplane.tenancy import atomic, tenant
from pilar.backplane.tenant_admin import TenantAdmin
from pilar.kernel.clock import now
from provisioning import pipeline
from provisioning.models import ProvisioningJob, ProvisioningStep, WorkspaceDefaults


@admin.register(ProvisioningJob)
class ProvisioningJobAdmin(TenantAdmin):
    list_display = ("workspace", "status", "trigger", "started_at", "finished_at", "correlation_id")
    list_filter = ("status", "trigger")
    list_select_related = ("workspace",)
    search_fields = ("workspace__name", "=workspace_id", "=correlation_id")
    ordering = ("-started_at",)
    actions: ClassVar = ["run_again"]

    @admin.action(description=_("Run set-up again"))
    def run_again(self, request: HttpRequest, rows: QuerySet[ProvisioningJob]) -> HttpResponse | None:
        """Order the failed steps again, or open a new run where all is done."""
        asked = confirmation.ask_about_rows(request, rows, gettext("Run the set-up of these studios again?"))
        if asked is not None:
            return asked
        actor = f"operator:{request.user.pk}"
        studios: list[Any] = list(rows.values_list("workspace_id", flat=True).distinct())
        for studio in studios:
            with tenant(studio), atomic():
                pipeline.start(trigger=ProvisioningJob.Trigger.MANUAL, now=now(), again=True)
                pipeline.retry(now=now())
                pipeline.wake(now=now())
                audit.record(actor, "provisioning.run_again", "workspace", studio)
        self.message_user(
            request, _("Set-up runs again for %(count)d studios.") % {"count": len(studios)}, messages.SUCCESS
        )
        return None


@admin.register(ProvisioningStep)
class ProvisioningStepAdmin(TenantAdmin):
    list_display = ("name", "workspace", "status", "attempts", "waiting_code", "error_class", "completed_at")
    list_filter = ("status", "name", "waiting_on", "error_class")
    list_select_related = ("workspace",)
    search_fields = ("workspace__name", "=workspace_id")
    exclude = ("result",)


@admin.register(WorkspaceDefaults)
class WorkspaceDefaultsAdmin(TenantAdmin):
    list_display = ("workspace", "version", "author", "created_at")
    list_select_related = ("workspace",)
