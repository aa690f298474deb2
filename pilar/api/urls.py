"""Doors that belong to no app: probes, metrics, the API's description of itself, the routes of the backplane."""

from django.urls import URLPattern, URLResolver, include, path

from pilar.api import documentation, metrics, probes
from pilar.api.autopilot import budgets
from pilar.api.autopilot import views as autopilot

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", probes.healthz, name="healthz"),
    path("readyz", probes.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("api/schema", documentation.Schema.as_view(), name="api-schema"),
    path("api/docs", documentation.Docs.as_view(), name="api-docs"),
    path("api/autopilot/events", autopilot.NewEvent.as_view(), name="autopilot-event-new"),
    path("api/autopilot/events/<uuid:workspace_id>", autopilot.Events.as_view(), name="autopilot-events"),
    path("api/autopilot/jobs", autopilot.NewJob.as_view(), name="autopilot-job-new"),
    path("api/autopilot/jobs/<uuid:workspace_id>", autopilot.Jobs.as_view(), name="autopilot-jobs"),
    path("api/autopilot/locks/acquire", autopilot.AcquireLock.as_view(), name="autopilot-lock-acquire"),
    path("api/autopilot/locks/<uuid:lock_id>", autopilot.Lock.as_view(), name="autopilot-lock"),
    path("api/autopilot/budget/reset", autopilot.BudgetReset.as_view(), name="autopilot-budget-reset"),
    path("api/operator/budget/override", budgets.Override.as_view(), name="operator-budget-override"),
    path("api/autopilot/budget/<uuid:workspace_id>", budgets.Budgets.as_view(), name="autopilot-budgets"),
    path("api/autopilot/cleanup", autopilot.Cleanup.as_view(), name="autopilot-cleanup"),
    path("api/autopilot/", include("pilar.api.autopilot.urls")),
    path("", include("pilar.providers.urls")),
]
