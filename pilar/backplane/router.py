"""Sends each query to the connection of the scope in force; only the owner's connection changes the schema."""

from typing import Any

from django.conf import settings

from pilar.backplane import tenancy


class ScopeRouter:
    def db_for_read(self, model: Any, **hints: Any) -> str:
        return tenancy.alias()

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return tenancy.alias()

    def allow_relation(self, first: Any, second: Any, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == settings.OWNER_DATABASE
