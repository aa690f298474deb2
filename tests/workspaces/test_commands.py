"""The commands of operators."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from pilar.kernel import clock
from tests.workspaces.factories import UserFactory
from tests.workspaces.world import World
from workspaces import api_keys, demo
from workspaces.models import Membership, User, Workspace

pytestmark = pytest.mark.django_db


def run(*command: str) -> Any:
    out = StringIO()
    call_command(*command, stdout=out)
    return json.loads(out.getvalue())


def test_api_key_prints_a_working_key_of_the_owners_workspace(world: World) -> None:
    printed = run("api_key", world.people["owner"].email.upper())
    caller = api_keys.recognize(printed["apiKey"], now=clock.now())
    assert caller
    assert str(caller.workspace_id) == printed["workspaceId"] == str(world.workspace_id)
    assert caller.role == "owner"


def test_api_key_refuses_somebody_who_owns_nothing(world: World) -> None:
    with pytest.raises(CommandError, match="owns no workspace"):
        run("api_key", world.people["viewer"].email)


def test_the_demo_is_seeded_once(settings: Any) -> None:
    settings.SANDBOX = True
    run("seed_demo"), run("seed_demo")
    assert (Workspace.objects.count(), Membership.objects.count(), User.objects.count()) == (1, 1, 3)


def test_the_demos_owner_can_sign_in(settings: Any) -> None:
    settings.SANDBOX = True
    run("seed_demo")
    answer = Client().post("/accounts/login/", {"login": demo.OWNER, "password": "tests-demo-password"})
    assert (answer.status_code, answer.headers.get("Location")) == (302, "/dashboard")


def test_the_demo_stays_in_the_sandbox(settings: Any) -> None:
    settings.SANDBOX = False
    with pytest.raises(CommandError, match="sandbox only"):
        run("seed_demo")


def test_operators_have_no_studio_of_their_own(settings: Any) -> None:
    settings.SANDBOX = True
    run("seed_demo")
    assert User.objects.get(email=demo.OPERATOR).is_superuser
    assert not UserFactory().is_superuser
