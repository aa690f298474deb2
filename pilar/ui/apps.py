from django.apps import AppConfig


class UiConfig(AppConfig):
    """Template tags, components and the shell that every page of the product is made of."""

    name = "pilar.ui"
    label = "ui"
