"""`manage.py api_key EMAIL`: one line of JSON with a fresh key of that owner's workspace (reliability T5)."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from pilar.kernel.principal import Role
from workspaces import api_keys
from workspaces.models import Membership
from workspaces.models.user import normal_email


class Command(BaseCommand):
    help = 'Print {"workspaceId", "apiKey"} with a fresh owner-scoped key for the workspace of an owner.'

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        email = normal_email(options["email"])
        rows = Membership.objects.filter(user__email=email, role="owner").order_by("created_at", "pk")
        membership = rows.first()
        if membership is None:
            raise CommandError(f"{email} owns no workspace. Give the address of an owner.")
        _key, text = api_keys.create(
            workspace_id=membership.workspace_id, name="command line", role=Role.OWNER, actor="command:api_key"
        )
        self.stdout.write(json.dumps({"workspaceId": str(membership.workspace_id), "apiKey": text}))
