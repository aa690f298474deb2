"""Registering a number at Meta: only where it helps, since ten times in three days is all there is."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar
from uuid import UUID

import pytest
from pytest_django import Settings

from pilar.kernel.errors import ErrorClass, ProviderError
from pilar.kernel.ids import uuid7
from pilar.kernel.steps import StepContext
from pilar.providers import connections
from provisioning.steps.whatsapp_connection import ensure_registration

pytestmark = [pytest.mark.django_db, pytest.mark.sandbox]


class _Meta(BaseHTTPRequestHandler):
    """A Meta whose number stays as it is, whoever registers it."""

    status: ClassVar[str] = ""
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self._say({"id": "p1", "status": self.status, "platform_type": "CLOUD_API"})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.asked.append(self.path.rpartition("/")[2])
        self._say({"success": True})

    def _say(self, answer: dict[str, object]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def meta(settings: Settings, in_studio: UUID) -> Iterator[type[_Meta]]:
    identifiers = {"waba_id": "w1", "phone_number_id": "p1"}
    connections.put("whatsapp", identifiers=identifiers, secrets={"token": "t"}, status="pending")
    _Meta.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Meta) as listener:
        Thread(target=listener.serve_forever, args=(0.02,), daemon=True).start()
        settings.WHATSAPP_API_BASE = f"http://127.0.0.1:{listener.server_address[1]}"
        yield _Meta
        listener.shutdown()


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
