"""`manage.py play_demo`: the second phase of the demo, once the product answers. Started by `make up`."""

from typing import Any

import httpx
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from provisioning.demo_studio import DemoOwner
from provisioning.scripted_customer import Stuck, sandbox_address
from workspaces import demo


class Command(BaseCommand):
    help = "Bring the demo studio to life in the sandbox: it pays, is set up, and its members write. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError("play_demo runs in the sandbox only: set PILAR_SANDBOX=1, or use `make up`.")
        bases = (settings.STRIPE_API_BASE, settings.TWILIO_API_BASE, settings.WHATSAPP_API_BASE)
        if not all(base.startswith(sandbox_address()) for base in bases):
            self.stdout.write("A provider of this installation is real, so the demo studio buys and sends nothing.")
            return
        owner = DemoOwner(
            product=settings.PUBLIC_BASE_URL,
            sandbox=sandbox_address(),
            email=demo.OWNER,
            name=demo.STUDIO.name,
            plan="PRO",
            country=demo.STUDIO.country,
            password=settings.DEMO_PASSWORD,
            workspace_id=str(demo.WORKSPACE),
        )
        try:
            is_new = owner.bring_to_life()
        except (Stuck, httpx.HTTPError) as error:
            raise CommandError(f"The demo studio did not come to life: {error}") from error
        self.stdout.write("The demo studio is alive." if is_new else "The demo studio was alive already.")
