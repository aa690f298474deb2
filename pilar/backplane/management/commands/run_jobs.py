from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from pilar.backplane.engine import work_off
from pilar.kernel.switchboard import LANES


class Command(BaseCommand):
    help = "Runs the work that is due, here and now, and ends."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--lane", action="append", choices=LANES, help="Only this lane; may be repeated.")
        parser.add_argument("--limit", type=int, default=1000)

    def handle(self, *args: Any, **options: Any) -> None:
        runs = work_off(options["lane"], limit=options["limit"])
        self.stdout.write(f"{runs} jobs were run.")
