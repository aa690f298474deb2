from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "pilar.dashboard"
    label = "dashboard"
