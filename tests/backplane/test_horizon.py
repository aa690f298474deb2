"""An open snapshot is seen, by its age where we may see that, else by how many transactions it reaches back."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as product

from pilar.backplane import horizon
from pilar.backplane.horizon import Horizon
from tests import database


@pytest.fixture
def forgotten(committed: str) -> Iterator[Any]:
    """A session that took its snapshot and was left alone."""
    with database.admin(committed) as session:
        session.execute("SET application_name = 'report'")
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        session.execute("SELECT 1")
        session.execute("SELECT txid_current()")
        yield session


def test_a_forgotten_transaction_of_another_role_is_seen(forgotten: Any) -> None:
    assert horizon.look().holder.startswith("report ")


@pytest.mark.django_db
def test_without_one_nothing_is_held() -> None:
    assert horizon.look() == Horizon(0.0, 0, "")


@pytest.mark.parametrize(
    ("found", "is_old"),
    [
        (Horizon(299.0, 10, "x"), False),
        (Horizon(301.0, 10, "x"), True),
        (Horizon(0.0, 600_000, "replication slot x"), True),
    ],
)
def test_it_is_old_by_time_or_by_transactions(found: Horizon, is_old: bool) -> None:
    assert found.is_old is is_old


def test_the_products_own_sessions_may_not_forget_a_transaction() -> None:
    options = [product.DATABASES[alias]["OPTIONS"]["options"] for alias in ("default", "platform")]
    assert options == ["-c idle_in_transaction_session_timeout=60s"] * 2
