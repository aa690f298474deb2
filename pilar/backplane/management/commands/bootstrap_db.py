import os
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from pilar.runtime import roles

ALIASES = {roles.OWNER: "owner", roles.APP: "default", roles.PLATFORM: "platform"}


class Command(BaseCommand):
    help = "Creates the database and its roles, with the passwords of the configured addresses. Safe to repeat."
    # Django's checks ask the database for its version: before this command there is none.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--admin-url",
            default=os.environ.get("DATABASE_ADMIN_URL", ""),
            help="A login that may create roles and databases (default: DATABASE_ADMIN_URL).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["admin_url"]:
            raise CommandError("Give the address of an administrator: --admin-url or DATABASE_ADMIN_URL.")
        passwords = {role: self._password(role, alias) for role, alias in ALIASES.items()}
        database = str(settings.DATABASES["default"]["NAME"])
        try:
            roles.ensure_roles(options["admin_url"], passwords=passwords, database=database)
        except psycopg.OperationalError as error:
            raise CommandError(f"The administrator cannot log in: {error}") from error
        self.stdout.write(f"The roles of {database} are in order.")

    def _password(self, role: str, alias: str) -> str:
        configured = settings.DATABASES.get(alias, {})
        if configured.get("USER") != role:
            raise CommandError(f"The address of the {alias} database must log in as {role}.")
        return str(configured["PASSWORD"])
