"""The demo's second phase touches nothing but the sandbox."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from provisioning.demo_studio import DemoOwner

HERE = "http://127.0.0.1:8001"


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> list[str]:
    """Notes whose studio is brought to life, in an installation whose providers are all simulated."""
    names: list[str] = []
    monkeypatch.setattr(DemoOwner, "bring_to_life", lambda owner: bool(names.append(owner.email)))
    monkeypatch.setenv("SANDBOX_BASE_URL", HERE)
    settings.SANDBOX, settings.DEMO_PASSWORD = True, "password"
    settings.STRIPE_API_BASE = settings.TWILIO_API_BASE = settings.WHATSAPP_API_BASE = HERE
    return names


def test_the_demo_is_played_in_the_sandbox(played: list[str]) -> None:
    call_command("play_demo", stdout=StringIO())
    assert played == ["owner@demo.pilar.test"]


@pytest.mark.parametrize("name", ["STRIPE_API_BASE", "TWILIO_API_BASE", "WHATSAPP_API_BASE"])
def test_with_a_real_provider_it_buys_and_sends_nothing(played: list[str], settings: Settings, name: str) -> None:
    setattr(settings, name, "https://api.provider.example")
    call_command("play_demo", stdout=StringIO())
    assert played == []


def test_outside_the_sandbox_it_is_refused(played: list[str], settings: Settings) -> None:
    settings.SANDBOX = False
    with pytest.raises(CommandError, match="sandbox only"):
        call_command("play_demo")
