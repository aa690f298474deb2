from django.apps import AppConfig

from pilar.ui import table_names


class UiConfig(AppConfig):
    """Template tags, components and the shell that every page of the product is made of."""

    name = "pilar.ui"
    label = "ui"

    def ready(self) -> None:
        """Give tables and columns the words that operators read."""
        table_names.give()
