from typing import Any

from django.core.management.base import BaseCommand

from pilar.backplane import vault
from pilar.backplane.tenancy import all_tenants


class Command(BaseCommand):
    help = "Wraps every studio's data key with the first of PILAR_ENCRYPTION_KEYS and says how many remain."

    def handle(self, *args: Any, **options: Any) -> None:
        total = 0
        with all_tenants("data keys are wrapped again by a new master key"):
            while True:
                wrapped, remaining = vault.rewrap()
                total += wrapped
                if not wrapped:
                    break
        self.stdout.write(f"{total} data keys were wrapped anew, {remaining} remain.")
