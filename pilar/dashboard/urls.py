from django.urls import path

from pilar.dashboard import views

app_name = "dashboard"

urlpatterns = [
    path("dashboard", views.today, name="today"),
    path("dashboard/widgets", views.widgets, name="widgets"),
    path("dashboard/more", views.more, name="more"),
]
