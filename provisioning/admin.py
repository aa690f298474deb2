"""The operator's view of set-up: every run, its steps, and ordering them again."""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from pilar.backplane import audit, confirmation
from pilar.backplane.admin_pages import actor_of
from pilar.backplane.tenancy import atomic, tenant
from pilar.backplane.tenant_admin import TenantAdmin
from pilar.kernel.clock import now
from pilar.kernel.ids import uuid7
from pilar.ui import words
from provisioning import admin_plan, pipeline, resuming
from provisioning.models import ProvisioningJob, ProvisioningStep, WorkspaceDefaults


@admin.register(ProvisioningJob)
class ProvisioningJobAdmin(TenantAdmin):
    list_display = ("workspace", "status", "trigger", "from_step", "started_at", "finished_at", "correlation_id")
    list_filter = ("status", "trigger")
    search_fields = ("workspace__name", "=workspace__id", "=correlation_id")
    ordering = ("-started_at",)
    actions: ClassVar = ["run_again"]
    readonly_fields = ("differences",)

    @admin.display(description=_("Different from the run before"))
    def differences(self, run: ProvisioningJob) -> str:
        """Name each result that is another one than before."""
        found = resuming.differences(run)
        lines = ((f"{words.word('setup', one.step)}: {one.name}", one.before, one.after) for one in found)
        return format_html_join(mark_safe("<br>"), "{}: {} → {}", lines) or "–"

    @admin.action(description=_("Run set-up again"))
    def run_again(self, request: HttpRequest, rows: QuerySet[ProvisioningJob]) -> HttpResponse | None:
        """Order the failed steps again, or open a new run where all is done."""
        asked = confirmation.ask_about_rows(
            request, rows, gettext("Run the set-up of these studios again?"), facts=_about
        )
        if asked is not None:
            return asked
        actor = actor_of(request)
        studios: list[Any] = list(rows.values_list("workspace_id", flat=True).distinct())
        for studio in studios:
            with confirmation.within_reason(request), tenant(studio), atomic():
                pipeline.start(trigger=ProvisioningJob.Trigger.MANUAL, now=now(), again=True)
                pipeline.retry(now=now())
                pipeline.wake(now=now())
                audit.record(actor, "provisioning.run_again", "workspace", studio)
        self.message_user(
            request, _("Set-up runs again for %(count)d studios.") % {"count": len(studios)}, messages.SUCCESS
        )
        return None


def _about() -> list[str]:
    return [
        gettext(
            "Steps that failed run again. Where all is done, a new run begins: "
            "it looks for what exists at the providers and buys nothing twice."
        )
    ]


@admin.register(ProvisioningStep)
class ProvisioningStepAdmin(TenantAdmin):
    list_display = ("name", "workspace", "status", "attempts", "waiting_code", "error_class", "completed_at")
    list_filter = ("status", "name", "waiting_on", "error_class")
    coded: ClassVar = {"name": "setup", "waiting_on": "waits_for", "error_class": "error_class"}
    search_fields = ("workspace__name", "=workspace__id")
    exclude = ("result",)
    actions: ClassVar = ["run_from_here"]

    @admin.action(description=_("Run the set-up again from this step on"))
    def run_from_here(self, request: HttpRequest, rows: QuerySet[ProvisioningStep]) -> HttpResponse | None:
        """Have each studio run the chosen step and all that build on it again; its other results are kept."""
        chosen: list[tuple[UUID, str]] = list(rows.order_by("name").values_list("workspace_id", "name").distinct())
        asked = confirmation.ask_about_rows(
            request,
            rows,
            gettext("Run the set-up of these studios again from this step on?"),
            facts=lambda: admin_plan.facts(chosen),
            things=lambda: admin_plan.studios(chosen),
            key=str(uuid7()),
        )
        if asked is not None:
            return asked
        with confirmation.within_reason(request):
            count = resuming.start_many(chosen, actor=actor_of(request), key=request.POST.get("key", ""))
        self.message_user(request, _("Set-up runs again for %(count)d studios.") % {"count": count}, messages.SUCCESS)
        return None


@admin.register(WorkspaceDefaults)
class WorkspaceDefaultsAdmin(TenantAdmin):
    list_display = ("workspace", "version", "author", "created_at")
