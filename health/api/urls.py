from django.urls import path

from health.api import views

urlpatterns = [
    path("api/health/autopilot", views.PublicHealth.as_view()),
    path("api/health/workspace/<uuid:workspace_id>", views.WorkspaceHealth.as_view()),
    path("api/health/check/<str:component>", views.Check.as_view()),
    path("api/health/component/<str:name>", views.ComponentHealth.as_view()),
    path("api/health/incidents", views.Incidents.as_view()),
    path("api/health/remediate/<uuid:incident_id>", views.Remediate.as_view()),
    path("api/autopilot/health", views.AutopilotHealth.as_view()),
    path("api/autopilot/health/check", views.SystemCheck.as_view()),
]
