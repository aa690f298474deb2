from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error, connections

from pilar.backplane.engine import workers
from pilar.backplane.tenancy import alias, all_tenants, atomic


class Command(BaseCommand):
    help = "Fails unless this host's worker or beat has lately told the database that it lives: a container's health check."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=("worker", "beat"))

    def handle(self, *args: Any, **options: Any) -> None:
        kind = options["kind"]
        try:
            with all_tenants("a container asks for its process"), atomic(), connections[alias()].cursor() as cursor:
                lives = workers.lives_here(cursor, kind=kind)
        except Error as error:
            raise CommandError(f"The database does not answer: {error}") from error
        if not lives:
            raise CommandError(f"No {kind} of this host has told within {workers.DEAD_AFTER:g} s that it lives.")
