from collections.abc import Iterator
from uuid import UUID

import pytest

from pilar.backplane.tenancy import tenant
from pilar.kernel.ids import uuid7
from tests.backplane.trade import Trade


@pytest.fixture
def trade(monkeypatch: pytest.MonkeyPatch) -> Trade:
    return Trade(monkeypatch)


@pytest.fixture
def workspace() -> UUID:
    """An id is all that the backplane knows of a workspace."""
    return uuid7()


@pytest.fixture
def inside(db: None, workspace: UUID) -> Iterator[UUID]:
    with tenant(workspace):
        yield workspace
