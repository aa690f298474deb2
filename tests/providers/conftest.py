"""The real adapters against the HTTP sandbox, a process of its own on free ports."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from pytest_django import Settings

from pilar.backplane import tenants
from tests.sandbox.serving import HTTP

TWILIO_MAIN = "AC" + "0" * 31 + "1"


@dataclass(frozen=True)
class Sandbox:
    url: str
    smtp_port: int

    def post(self, path: str, **body: Any) -> Any:
        answer = HTTP.post(f"{self.url}{path}", json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def get(self, path: str) -> Any:
        return HTTP.get(f"{self.url}{path}").json()

    def fault(self, provider: str, kind: str, *, operation: str = "*", **more: Any) -> None:
        self.post("/_control/faults", provider=provider, operation=operation, kind=kind, **more)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def simulator() -> Iterator[Sandbox]:
    port, smtp = _free_port(), _free_port()
    given = {
        "SANDBOX_PORT": port,
        "SANDBOX_SMTP_PORT": smtp,
        "SANDBOX_LATENCY_MS": 0,
        "PUBLIC_BASE_URL": f"http://127.0.0.1:{_free_port()}",
    }
    environ = {**os.environ, **{name: str(value) for name, value in given.items()}}
    process = subprocess.Popen([sys.executable, "-m", "pilar.sandbox"], env=environ)
    sandbox = Sandbox(f"http://127.0.0.1:{port}", smtp)
    try:
        _wait_until_up(sandbox)
        yield sandbox
    finally:
        process.terminate()
        process.wait(10)


def _wait_until_up(sandbox: Sandbox) -> None:
    for _ in range(100):
        try:
            HTTP.get(f"{sandbox.url}/_control/state")
            return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise RuntimeError("the sandbox did not start")


@pytest.fixture
def sandbox(simulator: Sandbox, settings: Settings) -> Iterator[Sandbox]:
    """Point every provider at the sandbox, with the keys it accepts; faults and state are gone afterwards."""
    settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE = "sk_test_sandbox", simulator.url
    settings.STRIPE_PRICES = {"BASIC": "price_basic", "PRO": "price_pro"}
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = TWILIO_MAIN, "sandbox-twilio-token"
    settings.TWILIO_API_BASE = simulator.url
    settings.WHATSAPP_APP_ID, settings.WHATSAPP_APP_SECRETS = "1000000001", ["sandbox-app-secret"]
    settings.WHATSAPP_API_BASE = simulator.url
    settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "sk-sandbox-openai", f"{simulator.url}/v1"
    settings.GROQ_API_KEY, settings.GROQ_BASE_URL = "gsk-sandbox", simulator.url
    settings.ANTHROPIC_API_KEY, settings.ANTHROPIC_BASE_URL = "sk-ant-sandbox", simulator.url
    settings.ELEVENLABS_API_KEY, settings.ELEVENLABS_BASE_URL = "sandbox-elevenlabs", simulator.url
    settings.SMTP_HOST, settings.SMTP_PORT = "127.0.0.1", simulator.smtp_port
    settings.SMTP_USER, settings.SMTP_PASSWORD = "sandbox", "sandbox-smtp"
    yield simulator
    simulator.post("/_control/reset")


@pytest.fixture
def member_of(in_studio: UUID) -> Callable[[], UUID]:
    """The studio in force, known to the backplane."""
    tenants.put(in_studio, timezone="Europe/Berlin")
    return lambda: in_studio
