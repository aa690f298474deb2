"""The operator's view of the engine: work, facts, effects, locks, budgets, records. Changes go through actions, audited."""

from functools import cached_property
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from pilar.backplane import admin_dead, admin_flow, admin_pages, audit, confirmation, estimates
from pilar.backplane.models import (
    ActivityLog,
    AuditLog,
    AutopilotEvent,
    AutopilotJob,
    Budget,
    DistributedLock,
    Effect,
    JobHistory,
    TenantProfile,
    Throttle,
    Wait,
    WebhookReceipt,
    WorkerProcess,
)
from pilar.backplane.tenancy import all_tenants, atomic, tenant
from pilar.backplane.tenant_admin import TenantAdmin
from pilar.kernel import switchboard
from pilar.kernel.problems import Problem


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # generic in the stubs only
    """Counts 10,000 rows at most: counting a queue of millions costs more than running it."""

    @cached_property
    def count(self) -> int:
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment]  # the admin passes nothing else
        return len(rows.values_list("pk")[:10_000])


class TrailAdmin(TenantAdmin):
    """Rows that only grow: newest first, never counted in full."""

    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50


class OwnPage(TenantAdmin):
    """Rows with a page of their own in place of a form: `own_page`, asked for by the field `own_key`."""

    own_page = ""
    own_key = "pk"

    def changeform_view(self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any) -> Any:
        """Lead there, or from what is no row back to the list."""
        with all_tenants("operators open a row of any studio on its own page"), atomic():
            found = self.get_object(request, object_id)
        if found is None:
            return redirect(f"admin:backplane_{self.opts.model_name}_changelist")
        return redirect(self.own_page, getattr(found, self.own_key))


@admin.register(AutopilotJob)
class JobAdmin(OwnPage, TrailAdmin):
    """A job has a page with its attempts and what can be done with it."""

    own_page, own_key = "admin:backplane_job", "public_id"
    list_display = ("type", "workspace_id", "lane", "status", "attempts", "scheduled_at", "error", "thread")
    list_filter = ("status", "lane")
    coded: ClassVar = {"lane": "lane"}
    search_fields = ("=public_id", "=workspace_id", "=correlation_id", "type")
    ordering = ("-id",)
    actions: ClassVar = ["retry", "cancel", "discard"]
    list_before_template = "admin/backplane/_tabs.html"

    def get_urls(self) -> list[Any]:
        guarded = self.admin_site.admin_view
        return [
            path("queue/", guarded(admin_pages.queue), name="backplane_queue"),
            path("queue/part/", guarded(admin_pages.queue_part), name="backplane_queue_part"),
            path("dead/", guarded(admin_dead.dead), name="backplane_dead"),
            path("dead/mend/", guarded(admin_dead.mend), name="backplane_mend"),
            path("replay/", guarded(admin_pages.replay), name="backplane_replay"),
            path("one/<uuid:public_id>/", guarded(admin_pages.job), name="backplane_job"),
            path(
                "timeline/<uuid:workspace_id>/<uuid:correlation_id>/",
                guarded(admin_pages.thread),
                name="backplane_timeline",
            ),
            *super().get_urls(),
        ]

    @admin.display(description=gettext_lazy("timeline"))
    def thread(self, job: AutopilotJob) -> str:
        """Link to all that belongs to the same correlation id."""
        address = reverse("admin:backplane_timeline", args=[job.workspace_id, job.correlation_id])
        return format_html('<a href="{}">{}</a>', address, _("Timeline"))

    @admin.action(description=gettext_lazy("Run again (dead jobs)"))
    def retry(self, request: HttpRequest, rows: QuerySet[AutopilotJob]) -> HttpResponse | None:
        """Give dead jobs a new set of attempts."""
        return self._each(request, rows, "retry", _("Run these jobs again?"))

    @admin.action(description=gettext_lazy("Cancel (waiting or dead jobs)"))
    def cancel(self, request: HttpRequest, rows: QuerySet[AutopilotJob]) -> HttpResponse | None:
        """End jobs without running them."""
        return self._each(request, rows, "cancel", _("Cancel these jobs?"))

    @admin.action(description=gettext_lazy("Discard (dead jobs)"))
    def discard(self, request: HttpRequest, rows: QuerySet[AutopilotJob]) -> HttpResponse | None:
        """Take dead jobs out of the dead letters for good."""
        return self._each(request, rows, "discard", _("Discard these jobs for good?"))

    def _each(
        self, request: HttpRequest, rows: QuerySet[AutopilotJob], what: str, question: str
    ) -> HttpResponse | None:
        asked = confirmation.ask_about_rows(request, rows, question, facts=lambda: self._facts(rows, what))
        if asked is not None:
            return asked
        change, action = admin_pages.CHANGES[what]
        done = 0
        for public_id, workspace_id in list(rows.values_list("public_id", "workspace_id")):
            try:
                with confirmation.within_reason(request), tenant(workspace_id), atomic():
                    change(public_id)
                    audit.record(admin_pages.actor_of(request), action, "job", public_id)
                done += 1
            except Problem as problem:
                self.message_user(request, f"{public_id}: {problem.detail}", messages.WARNING)
        text = ngettext("%(count)d job was changed.", "%(count)d jobs were changed.", done) % {"count": done}
        self.message_user(request, text, messages.SUCCESS)
        return None

    def _facts(self, rows: QuerySet[AutopilotJob], what: str) -> list[str]:
        """What is chosen, by its type; and for work that will run, what it takes."""
        counts = dict(rows.order_by().values_list("type").annotate(Count("pk")))
        chosen = [f"{count} × {name}" for name, count in sorted(counts.items())]
        return chosen + (estimates.told(estimates.of(counts)) if what == "retry" else [])


@admin.register(JobHistory)
class JobHistoryAdmin(OwnPage, TrailAdmin):
    """A finished job has the same page as a living one."""

    own_page = "admin:backplane_job"
    list_display = ("type", "workspace_id", "status", "attempts", "started_at", "finished_at")
    list_filter = ("status", "lane")
    coded: ClassVar = {"lane": "lane"}
    search_fields = ("=public_id", "=workspace_id", "=correlation_id")
    ordering = ("-finished_at",)


@admin.register(AutopilotEvent)
class EventAdmin(TrailAdmin):
    list_display = ("type", "workspace_id", "aggregate_type", "aggregate_id", "scheduled_at", "created_at", "again")
    search_fields = ("=id", "=workspace_id", "=correlation_id", "=aggregate_id")
    ordering = ("-id",)

    @admin.display(description=gettext_lazy("replay"))
    def again(self, event: AutopilotEvent) -> str:
        """Link to the page that hands this event to one of its handlers once more."""
        if event.type not in switchboard.subscriptions:
            return ""
        address = reverse("admin:backplane_replay")
        asked = urlencode({"workspace_id": event.workspace_id, "event_id": event.pk})
        return format_html('<a href="{}?{}">{}</a>', address, asked, _("Replay"))


@admin.register(Wait)
class WaitAdmin(TrailAdmin):
    """What waits for an event. It is ended sooner on the page of its work, by cancelling that."""

    list_display = ("event", "workspace_id", "aggregate_type", "aggregate_id", "until", "outcome", "ended_at", "work")
    list_filter = ("outcome", "event")
    coded: ClassVar = {"event": "event"}
    search_fields = ("=job_id", "=workspace_id", "=correlation_id", "=aggregate_id")
    ordering = ("-begun_at",)

    @admin.display(description=gettext_lazy("work"))
    def work(self, wait: Wait) -> str:
        """Link to the job that begins when the wait ends."""
        return format_html('<a href="{}">{}</a>', reverse("admin:backplane_job", args=[wait.job_id]), _("Work"))


@admin.register(Effect)
class EffectAdmin(TrailAdmin):
    list_display = ("key", "workspace_id", "provider", "operation", "state", "provider_ref", "changed_at")
    list_filter = ("state", "provider")
    coded: ClassVar = {"provider": "provider"}
    search_fields = ("key", "=provider_ref", "=workspace_id", "=correlation_id")
    ordering = ("-changed_at",)


@admin.register(DistributedLock)
class LockAdmin(TenantAdmin):
    list_display = ("name", "scope", "workspace_id", "owner", "acquired_at", "expires_at")
    search_fields = ("name", "owner", "=workspace_id")
    actions: ClassVar = ["release"]

    @admin.action(description=gettext_lazy("Release"))
    def release(self, request: HttpRequest, rows: QuerySet[DistributedLock]) -> HttpResponse | None:
        """Take locks from their holders; what those still write is fenced off by the token."""
        asked = confirmation.ask_about_rows(
            request, rows, _("Take these locks from their holders?"), facts=_about_locks
        )
        if asked is not None:
            return asked
        held = list(rows)
        for lock in held:
            with confirmation.within_reason(request), tenant(lock.workspace_id), atomic():
                DistributedLock.objects.filter(pk=lock.pk, token=lock.token).delete()
                actor, owner = admin_pages.actor_of(request), {"owner": lock.owner}
                audit.record(actor, "lock.released", "lock", lock.pk, before=owner)
        text = ngettext("%(count)d lock was released.", "%(count)d locks were released.", len(held))
        self.message_user(request, text % {"count": len(held)}, messages.SUCCESS)
        return None


def _about_locks() -> list[str]:
    return [_("Who holds one now can write nothing more under it; the next one who asks gets it at once.")]


@admin.register(Budget)
class BudgetAdmin(TenantAdmin):
    list_display = ("resource", "workspace_id", "daily", "hourly", "policy", "override_daily", "override_until")
    search_fields = ("=workspace_id",)


@admin.register(TenantProfile)
class TenantProfileAdmin(OwnPage):
    """A studio's share, limits and budgets are changed on a page that audits."""

    own_page = "admin:backplane_flow"
    list_display = ("workspace_id", "timezone", "weight", "max_running", "rate", "paused")
    list_filter = ("paused",)
    search_fields = ("=workspace_id",)

    def get_urls(self) -> list[Any]:
        guarded = self.admin_site.admin_view
        return [
            path("<uuid:workspace_id>/flow/", guarded(admin_flow.flow), name="backplane_flow"),
            *super().get_urls(),
        ]


@admin.register(Throttle)
class ThrottleAdmin(TenantAdmin):
    list_display = ("provider", "workspace_id", "held_until", "max_running")
    coded: ClassVar = {"provider": "provider"}
    search_fields = ("provider", "=workspace_id")


@admin.register(ActivityLog)
class ActivityAdmin(TrailAdmin):
    list_display = ("kind", "workspace_id", "sentence", "subject_type", "at")
    search_fields = ("=workspace_id", "=correlation_id", "=subject_id")
    ordering = ("-at",)

    @admin.display(description=gettext_lazy("what the studio reads"))
    def sentence(self, entry: ActivityLog) -> str:
        """Without whom it is about: that is none of the operators' business."""
        return _(entry.summary_key)


@admin.register(AuditLog)
class AuditAdmin(TrailAdmin):
    list_display = ("action", "workspace_id", "actor", "object_type", "object_id", "at")
    search_fields = ("=workspace_id", "=object_id", "actor", "action")
    ordering = ("-at",)


@admin.register(WebhookReceipt)
class ReceiptAdmin(TrailAdmin):
    list_display = ("provider", "event_id", "workspace_id", "received_at", "processed_at", "error")
    list_filter = ("provider",)
    coded: ClassVar = {"provider": "provider"}
    search_fields = ("=event_id", "=workspace_id")
    exclude = ("body",)
    ordering = ("-received_at",)


@admin.register(WorkerProcess)
class WorkerAdmin(TenantAdmin):
    list_display = ("id", "kind", "host", "pid", "running", "started_at", "beat_at", "lost_at")
    list_filter = ("kind",)
    coded: ClassVar = {"kind": "process"}
