from django.contrib import admin
from django.urls import path

from pilar.dashboard import console, views

app_name = "dashboard"

urlpatterns = [
    path("admin/find/", admin.site.admin_view(console.find), name="console_find"),
    path("dashboard", views.today, name="today"),
    path("dashboard/widgets", views.widgets, name="widgets"),
    path("dashboard/more", views.more, name="more"),
]
