"""Connections and routes: sealed secrets, and ids that belong to one workspace."""

from uuid import UUID

import pytest
from django.db import connections as databases

from pilar.backplane import vault
from pilar.backplane.tenancy import all_tenants, atomic, tenant
from pilar.kernel.errors import ErrorClass, NotConfigured
from pilar.kernel.problems import Conflict
from pilar.providers import breakers, connections, routes
from pilar.providers.models import Connection
from tests.factories import WorkspaceFactory

pytestmark = pytest.mark.django_db


def test_a_secret_is_read_back_and_stands_nowhere_in_clear(in_studio: UUID) -> None:
    connection = connections.put("whatsapp", secrets={"token": "EAAG-very-secret"})
    assert connections.secret(connection, "token") == "EAAG-very-secret"
    with databases["default"].cursor() as cursor, atomic():
        cursor.execute("SELECT * FROM providers_connection")
        assert "very-secret" not in str(cursor.fetchall())


def test_changing_one_thing_keeps_the_others(in_studio: UUID) -> None:
    connections.put("twilio", identifiers={"account_sid": "AC1"}, secrets={"auth_token": "a"})
    changed = connections.put("twilio", identifiers={"api_key_sid": "SK1"}, secrets={"api_key_secret": "b"})
    assert changed.identifiers == {"account_sid": "AC1", "api_key_sid": "SK1"}
    assert [connections.secret(changed, name) for name in ("auth_token", "api_key_secret")] == ["a", "b"]


def test_a_secret_that_was_never_stored_is_not_configured(in_studio: UUID) -> None:
    with pytest.raises(NotConfigured):
        connections.secret(connections.put("twilio"), "auth_token")


def test_a_secret_moved_to_another_provider_does_not_open(in_studio: UUID) -> None:
    sealed = connections.put("twilio", secrets={"token": "a"}).secrets
    other = connections.put("whatsapp")
    other.secrets = sealed
    with pytest.raises(vault.Broken):
        connections.secret(other, "token")


def test_another_studio_has_no_such_connection(studio: UUID) -> None:
    with tenant(studio):
        connections.put("twilio", identifiers={"account_sid": "AC1"})
    with tenant(WorkspaceFactory().pk):
        assert connections.get("twilio") is None


def test_new_secrets_forget_the_failures_of_the_old(in_studio: UUID) -> None:
    connections.put("ai", secrets={"key": "old"})
    with atomic():
        for _ in range(5):
            breakers.failed("openai", ErrorClass.THIRD_PARTY_AUTH_FAILED)
    connections.put("ai", secrets={"key": "new"})
    with atomic():
        assert not breakers.admit("openai").suspicious


def test_an_id_is_bound_once_and_again_by_the_same_studio(studio: UUID) -> None:
    for _ in range(2):
        routes.bind("whatsapp", "waba_id", "w1", studio)
    assert routes.find("whatsapp", "waba_id", "w1") == studio
    assert routes.external_id("whatsapp", "waba_id", studio) == "w1"


def test_an_id_of_another_studio_is_refused_without_telling_whose(studio: UUID) -> None:
    routes.bind("whatsapp", "waba_id", "w1", studio)
    with pytest.raises(Conflict) as found:
        routes.bind("whatsapp", "waba_id", "w1", WorkspaceFactory().pk)
    assert str(studio) not in found.value.detail
    assert routes.find("whatsapp", "waba_id", "w1") == studio


def test_an_id_that_was_given_up_is_free_again(studio: UUID) -> None:
    routes.bind("whatsapp", "waba_id", "w1", studio)
    routes.release("whatsapp", "waba_id", "w1", studio)
    routes.bind("whatsapp", "waba_id", "w1", WorkspaceFactory().pk)
    assert routes.find("whatsapp", "waba_id", "w1") != studio


def test_an_erased_studio_holds_no_id(studio: UUID) -> None:
    routes.bind("whatsapp", "waba_id", "w1", studio)
    routes.bind("twilio", "account_sid", "AC1", studio)
    routes.release_all(studio)
    assert routes.find("twilio", "account_sid", "AC1") is None


def test_one_connection_a_provider(in_studio: UUID) -> None:
    connections.put("twilio")
    connections.put("twilio", status="degraded")
    with all_tenants("a test counts"), atomic():
        assert Connection.objects.count() == 1
