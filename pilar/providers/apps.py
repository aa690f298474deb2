import threading
from importlib import import_module

from django.apps import AppConfig
from django.conf import settings


class ProvidersConfig(AppConfig):
    name = "pilar.providers"
    label = "providers"

    def ready(self) -> None:
        """Let workers import the models' libraries beside their start: they take seconds, and the first member waits."""
        if settings.PROCESS == "worker":
            threading.Thread(target=import_module, args=("pilar.providers.ai.models",), daemon=True).start()
