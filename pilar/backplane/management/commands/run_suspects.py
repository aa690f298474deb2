import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Runs, one at a time, the jobs that were in two workers as these died. Workers start it when it is needed."
    requires_system_checks = ()

    def handle(self, *_args: Any, **_options: Any) -> None:
        from pilar.backplane.engine.ward import run_suspects  # noqa: PLC0415 - the engine loads only where it runs

        ending = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ending.set())
        runs = run_suspects(ending)
        self.stdout.write(f"{runs} suspects were run")
