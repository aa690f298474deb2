from django.apps import AppConfig


class ProvidersConfig(AppConfig):
    name = "pilar.providers"
    label = "providers"
