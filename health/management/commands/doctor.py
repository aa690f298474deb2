"""`manage.py doctor`: what is configured, what is missing, and what that disables."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from health import doctor
from health.doctor import Level

_SIGNS = {Level.FINE: "ok     ", Level.MISSING: "missing", Level.WRONG: "WRONG  "}


class Command(BaseCommand):
    help = "Say what is configured, what is missing and what that disables. Ends with 1 when something is wrong."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        found = doctor.examine()
        for diagnosis in found:
            self.stdout.write(f"{_SIGNS[diagnosis.level]}  {diagnosis.subject}: {diagnosis.text}")
        wrong = sum(diagnosis.level is Level.WRONG for diagnosis in found)
        self.stdout.write(f"\n{wrong} to put right." if wrong else "\nNothing to put right.")
        if wrong:
            sys.exit(1)
