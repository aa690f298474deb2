from django.apps import AppConfig


class SecurityConfig(AppConfig):
    name = "pilar.security"
    label = "security"
