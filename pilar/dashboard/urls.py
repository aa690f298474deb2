from django.contrib import admin
from django.urls import path

from pilar.dashboard import console, views

app_name = "dashboard"

urlpatterns = [
    path("admin/find/", admin.site.admin_view(console.find), name="console_find"),
    path("dashboard", views.today, name="today"),
    path("dashboard/head", views.head, name="head"),
    path("dashboard/parts/<slug:name>", views.part, name="part"),
    path("dashboard/work", views.work_rows, name="work"),
    path("dashboard/status", views.status, name="status"),
    path("dashboard/search", views.search, name="search"),
    path("dashboard/search/results", views.search_results, name="search_results"),
    path("dashboard/more", views.more, name="more"),
]
