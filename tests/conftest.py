"""Fixtures for every room. The suite runs as the application's role, or it would prove nothing about isolation."""

import gc
from collections.abc import Iterator
from uuid import UUID

import pytest
from django.db import connections
from hypothesis import is_hypothesis_test
from pytest_django.plugin import DjangoDbBlocker
from xdist.remote import Producer

from pilar.backplane.tenancy import tenant
from tests import database
from tests.e2e.installation import Installation, installed
from tests.scheduling import Together

FIXTURES_OF = {
    "sandbox": {"simulator", "_sandbox", "_running", "far", "purchase_at_stripe"},
    "committed": {"committed"},
    "requests": {"api", "ask", "client", "connected", "operator", "owner"},
}
"""The markers that tests get by the fixtures they use."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests in which real parts are at work: they are no unit tests."""
    for item in items:
        for marker, fixtures in FIXTURES_OF.items():
            if fixtures & set(getattr(item, "fixturenames", ())):
                item.add_marker(marker)
        if is_hypothesis_test(getattr(item, "obj", None)):
            item.add_marker("thorough")


def pytest_collection_finish() -> None:
    """What was imported and collected stays until the end: the collector need not walk it again and again."""
    gc.collect()
    gc.freeze()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Together:
    return Together(config, log)


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Replaces pytest-django's: a copy of the migrated template, reached as pilar_app."""
    database.create(database.NAME)
    with django_db_blocker.unblock(), connections["default"].cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == ("pilar_app", False, False)
    yield
    with django_db_blocker.unblock():
        connections.close_all()
    database.drop(database.NAME)


@pytest.fixture(scope="session", autouse=True)
def _at_once() -> None:
    """No test waits before a read of a provider is tried again."""
    from pilar.providers import calls

    calls.PAUSE = (0.0, 0.0)


@pytest.fixture
def committed(request: pytest.FixtureRequest, settings: object, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """The real thing: committed transactions on the two real connections. Yields the database's name; emptied afterwards."""
    request.getfixturevalue("django_db_setup")
    name = f"{database.NAME}_real"
    database.create(name)
    settings.PLATFORM_DATABASE = "platform"  # type: ignore[attr-defined]
    before = {alias: dict(connections[alias].settings_dict) for alias in ("default", "platform")}
    with django_db_blocker.unblock():
        _use_real_logins(name)
        try:
            yield name
        finally:
            for alias, old in before.items():
                connections[alias].close()
                connections[alias].settings_dict = old
            connections["default"].switches_roles = True  # type: ignore[attr-defined]
            database.drop(name)


@pytest.fixture
def threads(committed: str) -> Iterator[str]:
    """Like `committed`, also for the threads of a test: their connections are made from the settings."""
    before = {alias: connections.settings[alias] for alias in ("default", "platform")}
    for alias in before:
        connections.settings[alias] = {**connections[alias].settings_dict, "SWITCH_ROLES": False}
    yield committed
    connections.settings.update(before)


def _use_real_logins(name: str) -> None:
    for alias, user in (("default", "pilar_app"), ("platform", "pilar_platform")):
        connection = connections[alias]
        connection.close()
        login = {"NAME": name, "USER": user, "PASSWORD": database.password_of(user)}
        connection.settings_dict = {**connection.settings_dict, **login}
        connection.switches_roles = False  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A whole installation as `make up` runs it, without the demo's life, for all tests that need one: a start costs ten
    seconds and more.
    """
    with installed(tmp_path_factory.mktemp("installation"), PILAR_DEMO="0") as found:
        yield found


@pytest.fixture
def studio(db: None) -> UUID:
    """An active workspace's id; the scope is not entered."""
    from tests.factories import WorkspaceFactory

    return WorkspaceFactory().pk  # type: ignore[no-any-return]


@pytest.fixture
def in_studio(studio: UUID) -> Iterator[UUID]:
    """Inside the scope of an active workspace."""
    with tenant(studio):
        yield studio
