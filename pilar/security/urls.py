from django.urls import URLPattern, URLResolver, path

from pilar.security import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/security/audit/<uuid:workspace_id>", views.Audit.as_view(), name="security-audit"),
    path("api/security/csp-report", views.CspReports.as_view(), name="csp-report"),
]
