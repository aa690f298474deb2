"""`manage.py translations`: bring the catalogues up to date; with `--check` only say what is wrong."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from pilar.ui import catalogues


class Command(BaseCommand):
    help = "Extract, update and compile the message catalogues (no gettext programs needed)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="change nothing; fail when something is stale or missing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        source = catalogues.extracted(Path(settings.BASE_DIR))
        folder = Path(settings.LOCALE_PATHS[0])
        if options["check"]:
            self._check(catalogues.complaints(source, folder))
            return
        for language, missing in catalogues.write(source, folder).items():
            self.stdout.write(f"{language}: {len(source)} strings, {missing} without translation")
            for text in catalogues.untranslated(catalogues.stored(folder, language)):
                self.stdout.write(f"{language} lacks: {text}")

    def _check(self, complaints: list[str]) -> None:
        if complaints:
            raise CommandError("\n".join(complaints))
        self.stdout.write("The catalogues are up to date and complete.")
