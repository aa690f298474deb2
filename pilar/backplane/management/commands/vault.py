from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from pilar.backplane import vault
from pilar.backplane.tenancy import all_tenants


class Command(BaseCommand):
    help = "`vault rewrap` wraps all data keys with the first of PILAR_ENCRYPTION_KEYS and says how many remain."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["rewrap"])
        parser.add_argument("--limit", type=int, default=None, help="Wrap at most so many keys, then stop.")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Fails while keys remain that no master key opens: those secrets would be lost with the old master key."""
        done, remaining = self._rewrap(options["limit"])
        self.stdout.write(f"{done} data keys were wrapped anew, {remaining} remain.")
        if remaining == 0:
            self.stdout.write("The older master keys are no longer needed and can be taken out.")

    def _rewrap(self, limit: int | None) -> tuple[int, int]:
        done, remaining = 0, 1
        while remaining and (limit is None or done < limit):
            try:
                with all_tenants("data keys of every workspace are wrapped anew"):
                    wrapped, remaining = vault.rewrap(min(1000, limit - done) if limit is not None else 1000)
            except vault.Broken as error:
                raise CommandError(f"After {done} keys: {error}") from error
            if not wrapped:
                break
            done += wrapped
        return done, remaining
