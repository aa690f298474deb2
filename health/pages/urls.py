from django.urls import path

from health.pages import incidents

app_name = "health"

urlpatterns = [path("dashboard/incidents", incidents.incidents, name="incidents")]
