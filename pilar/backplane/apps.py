from typing import Any

from django.apps import AppConfig
from django.db import connections, transaction  # noqa: TID251 - the owner's connection belongs to no scope
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules

from pilar.kernel import switchboard


class BackplaneConfig(AppConfig):
    name = "pilar.backplane"
    label = "backplane"

    def ready(self) -> None:
        """Discover every app's switchboard, as Django discovers `admin.py`, and refuse loose wires."""
        autodiscover_modules("autopilot")
        wrong = switchboard.check_wiring()
        if wrong:
            raise RuntimeError("The switchboard has loose ends: " + "; ".join(wrong))
        post_migrate.connect(_protect, sender=self)


def _protect(using: str, **_: Any) -> None:
    from pilar.backplane.protection import protect  # noqa: PLC0415 - needs the loaded models

    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        protect(cursor)
