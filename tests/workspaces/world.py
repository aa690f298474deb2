"""A world with an owner, a coach, a viewer, and an outsider who owns a second studio."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.test import Client

from pilar.kernel.principal import Role
from tests.factories import WorkspaceFactory
from tests.workspaces.factories import MembershipFactory, UserFactory
from workspaces import api_keys, founding, plan_limits
from workspaces.models import User, Workspace

CRON = {"Authorization": "Bearer tests-cron-secret"}


@dataclass
class World:
    workspace_id: UUID
    foreign_id: UUID
    people: dict[str, User]
    _keys: dict[str, str] = field(default_factory=dict)

    def headers(self, who: str) -> dict[str, str]:
        """Credentials of a program that acts for `who`; "system" is the platform's own, "nobody" has none."""
        if who == "nobody":
            return {}
        return CRON if who == "system" else {"Authorization": f"Bearer {self._key_of(who)}"}

    def _key_of(self, who: str) -> str:
        if who not in self._keys:
            home, role = (self.foreign_id, Role.OWNER) if who == "outsider" else (self.workspace_id, Role(who))
            self._keys[who] = api_keys.create(workspace_id=home, name=who, role=role, actor="test")[1]
        return self._keys[who]

    def browser(self, who: str) -> Client:
        """A browser in which `who` is signed in."""
        client = Client()
        if who != "nobody":
            client.force_login(self.people[who], backend="allauth.account.auth_backends.AuthenticationBackend")
        return client


def make_world() -> World:
    mine, foreign = WorkspaceFactory(), WorkspaceFactory()
    people = {role: MembershipFactory(workspace=mine, role=role).user for role in ("owner", "admin", "coach", "viewer")}
    people["outsider"] = MembershipFactory(workspace=foreign, role="owner").user
    people["stranger"] = UserFactory()
    people["operator"] = UserFactory(is_staff=True)
    return World(mine.pk, foreign.pk, people)


def call(client: Any, method: str, path: str, *, headers: dict[str, str], body: Any = None) -> Any:
    """Send one request as a program does."""
    sent = {} if body is None else {"data": body, "content_type": "application/json"}
    return client.generic(method, path, **_encoded(sent), headers=headers)


def _encoded(sent: dict[str, Any]) -> dict[str, Any]:
    import json

    if "data" in sent and not isinstance(sent["data"], bytes | str):
        sent["data"] = json.dumps(sent["data"])
    return sent


__all__ = ["World", "call", "founding", "make_world", "plan_limits", "Workspace"]
