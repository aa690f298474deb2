"""Registering a number at Meta: only where it helps, since ten times in three days is all there is."""

from collections.abc import Iterator
from typing import ClassVar
from uuid import UUID

import pytest
from pytest_django import Settings

from pilar.kernel.errors import ErrorClass, ProviderError
from pilar.kernel.ids import uuid7
from pilar.kernel.steps import StepContext
from pilar.providers import connections
from provisioning.steps.whatsapp_connection import ensure_registration
from tests.providers.misbehaving import StandIn, standing_in

pytestmark = [pytest.mark.django_db, pytest.mark.sandbox]


class _Meta(StandIn):
    """A Meta whose number stays as it is, whoever registers it."""

    status: ClassVar[str] = ""
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.say({"id": "p1", "status": self.status, "platform_type": "CLOUD_API"})

    def do_POST(self) -> None:
        self.body()
        self.asked.append(self.path.rpartition("/")[2])
        self.say({"success": True})


@pytest.fixture
def meta(settings: Settings, in_studio: UUID) -> Iterator[type[_Meta]]:
    identifiers = {"waba_id": "w1", "phone_number_id": "p1"}
    connections.put("whatsapp", identifiers=identifiers, secrets={"token": "t"}, status="pending")
    _Meta.asked.clear()
    with standing_in(_Meta) as settings.WHATSAPP_API_BASE:
        yield _Meta


def register(workspace_id: UUID) -> None:
    ensure_registration(StepContext(workspace_id, uuid7(), 1, uuid7(), {}))


@pytest.mark.parametrize("status", ["BANNED", "RESTRICTED", "RATE_LIMITED", "FLAGGED"])
def test_a_number_that_meta_has_stopped_is_not_registered_again(
    meta: type[_Meta], in_studio: UUID, status: str
) -> None:
    meta.status = status
    with pytest.raises(ProviderError) as found:
        register(in_studio)
    assert (found.value.error_class, meta.asked) == (ErrorClass.INTEGRATION_OFFLINE, ["subscribed_apps"])


def test_a_number_that_lost_its_connection_is_registered_again(meta: type[_Meta], in_studio: UUID) -> None:
    meta.status = "DISCONNECTED"
    with pytest.raises(ProviderError):
        register(in_studio)
    assert meta.asked == ["subscribed_apps", "register"]


def test_a_connected_number_is_left_alone(meta: type[_Meta], in_studio: UUID) -> None:
    meta.status = "CONNECTED"
    register(in_studio)
    assert meta.asked == ["subscribed_apps"]
