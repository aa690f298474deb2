"""`manage.py play_customer`: scripted customers for demonstrations, checks and benchmarks; one line of JSON a studio."""

import json
from argparse import ArgumentParser
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from provisioning.scripted_customer import ScriptedCustomer, Stuck, sandbox_address

AT_ONCE = 8


class Command(BaseCommand):
    help = "Play a customer in the sandbox from payment to a member who agreed, through public HTTP routes only."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument("--name", required=True)
        parser.add_argument("--plan", default="PRO", choices=sorted(settings.STRIPE_PRICES))
        parser.add_argument("--country", default="DE")
        parser.add_argument("--count", type=int, default=1)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["count"] < 1:
            raise CommandError("--count must be at least 1.")
        customers = [self._customer(options, place) for place in range(options["count"])]
        with ThreadPoolExecutor(min(AT_ONCE, len(customers))) as pool:
            for outcome in pool.map(self._play, customers):
                self.stdout.write(json.dumps(outcome))

    def _customer(self, options: dict[str, Any], place: int) -> ScriptedCustomer:
        local, _at, domain = options["email"].partition("@")
        several = options["count"] > 1
        return ScriptedCustomer(
            product=settings.PUBLIC_BASE_URL,
            sandbox=sandbox_address(),
            email=f"{local}+{place + 1}@{domain}" if several else options["email"],
            name=f"{options['name']} {place + 1}" if several else options["name"],
            plan=options["plan"],
            country=options["country"].upper(),
        )

    def _play(self, customer: ScriptedCustomer) -> dict[str, Any]:
        try:
            return customer.play()
        except Stuck as error:
            raise CommandError(f"{customer.email}: {error}") from error
