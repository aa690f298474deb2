"""`manage.py seed_demo`: the demo's logins and studio, in the sandbox only."""

import json
import secrets
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from pilar.kernel import clock
from workspaces import demo


class Command(BaseCommand):
    help = "Make the demo's people and studio; the password is PILAR_DEMO_PASSWORD, or a fresh one that is printed."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError("seed_demo runs in the sandbox only: set PILAR_SANDBOX=1, or use `make up`.")
        password = settings.DEMO_PASSWORD or secrets.token_urlsafe(12)
        demo.seed(password=password, now=clock.now())
        shown = "PILAR_DEMO_PASSWORD" if settings.DEMO_PASSWORD else password
        people = {"owner": demo.OWNER, "partner": demo.PARTNER, "operator": demo.OPERATOR}
        self.stdout.write(json.dumps(people | {"password": shown}))
