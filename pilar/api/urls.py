"""Doors that belong to no app: probes, metrics, the API's description of itself, the routes of the backplane."""

from django.urls import URLPattern, URLResolver, path

from pilar.api import documentation, metrics, probes

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", probes.healthz, name="healthz"),
    path("readyz", probes.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("api/schema", documentation.Schema.as_view(), name="api-schema"),
    path("api/docs", documentation.Docs.as_view(), name="api-docs"),
]
