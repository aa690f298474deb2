from django.urls import path

from provisioning.api import views

urlpatterns = [
    path("api/provisioning/workspace", views.Workspace.as_view()),
    path("api/provisioning/workspace/<uuid:workspace_id>/status", views.Status.as_view()),
    path("api/provisioning/workspace/<uuid:workspace_id>/retry", views.Retry.as_view()),
    path("api/provisioning/workspace/<uuid:workspace_id>/from-step", views.FromStep.as_view()),
    path("api/provisioning/workspace/<uuid:workspace_id>/defaults", views.Defaults.as_view()),
    path("api/provisioning/status/<uuid:workspace_id>", views.Status.as_view()),
    path("api/provisioning/twilio", views.Reprovision.as_view()),
    path("api/provisioning/twilio/<uuid:workspace_id>/status", views.Status.as_view()),
    path("api/provisioning/twilio/<uuid:workspace_id>/retry", views.Retry.as_view()),
    path("api/provisioning/whatsapp", views.Reprovision.as_view()),
    path("api/provisioning/whatsapp/connect", views.ConnectWhatsApp.as_view()),
    path("api/provisioning/whatsapp/webhook/verify", views.verify_webhook),
    path("api/provisioning/whatsapp/<uuid:workspace_id>/health", views.WhatsAppHealth.as_view()),
    path("api/autopilot/run", views.Run.as_view()),
    path("api/autopilot/reprovision", views.Reprovision.as_view()),
    path("api/autopilot/status", views.Status.as_view()),
]
