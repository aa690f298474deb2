from django.urls import path

from provisioning.pages import views

app_name = "provisioning"

urlpatterns = [
    path("setup", views.live, name="live"),
    path("setup/progress", views.progress, name="progress"),
    path("setup/rerun", views.rerun, name="rerun"),
    path("onboarding/whatsapp", views.connect_whatsapp, name="whatsapp"),
]
