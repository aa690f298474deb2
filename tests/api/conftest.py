from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.core.cache import cache
from django.test import Client

from pilar.kernel.ids import uuid7
from tests.backplane.trade import Trade
from tests.workspaces.world import World, call, make_world


@pytest.fixture
def trade(monkeypatch: pytest.MonkeyPatch) -> Trade:
    return Trade(monkeypatch)


@pytest.fixture
def workspace(db: None) -> UUID:
    """An id is all that the backplane knows of a workspace."""
    return uuid7()


@pytest.fixture
def world(db: None) -> World:
    cache.clear()
    return make_world()


@pytest.fixture
def ask(world: World) -> Callable[..., Any]:
    """Send one request as a program: `ask("POST", "/api/api-keys", who="owner", body={...})`."""
    client = Client(raise_request_exception=True)

    def send(method: str, path: str, *, who: str = "owner", body: Any = None, headers: Any = None) -> Any:
        return call(client, method, path, headers={**world.headers(who), **(headers or {})}, body=body)

    return send
