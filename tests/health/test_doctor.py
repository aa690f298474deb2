"""`manage.py doctor`: says what is missing and what that disables, whatever is missing, and tells no secret."""

from io import StringIO

import psycopg
import pytest
from django.core.management import call_command
from pytest_django import Settings

from health import doctor
from health.doctor import Level
from tests.health.conftest import a_worker

pytestmark = pytest.mark.django_db


def levels() -> dict[str, Level]:
    order = list(Level)
    return {found.subject: found.level for found in sorted(doctor.examine(), key=lambda one: order.index(one.level))}


def text_of(subject: str) -> str:
    return " ".join(found.text for found in doctor.examine() if found.subject == subject)


@pytest.fixture
def complete(settings: Settings) -> Settings:
    """An installation to which nothing is missing."""
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRETS = "sk_test_secret1", ["whsec_secret2"]
    settings.STRIPE_PRICES, settings.STRIPE_API_BASE = {"BASIC": "a", "PRO": "b"}, "https://api.stripe.com"
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = "ACsecret3", "secret4"
    settings.WHATSAPP_APP_ID, settings.WHATSAPP_APP_SECRETS = "1", ["secret5"]
    settings.WHATSAPP_CONFIG_ID, settings.WHATSAPP_VERIFY_TOKENS = "2", ["secret6"]
    settings.OPENAI_API_KEY, settings.ELEVENLABS_API_KEY = "sk-secret7", "secret8"
    settings.SMTP_HOST, settings.SMTP_PASSWORD = "mail.example", "secret9"
    settings.PUBLIC_BASE_URL, settings.IS_HTTPS, settings.DEBUG = "https://pilar.example", True, False
    return settings


def test_a_complete_installation_lacks_nothing(complete: Settings) -> None:
    a_worker()
    a_worker(kind="beat")
    assert set(levels().values()) == {Level.FINE}, doctor.examine()


@pytest.mark.parametrize(
    ("name", "subject", "says"),
    [
        ("STRIPE_SECRET_KEY", "Stripe", "pay"),
        ("TWILIO_ACCOUNT_SID", "Twilio", "number"),
        ("WHATSAPP_APP_ID", "WhatsApp", "WhatsApp"),
        ("OPENAI_API_KEY", "Language models", "person"),
        ("SMTP_HOST", "Mail", "password"),
        ("CRON_SECRET", "CRON_SECRET", "routes"),
    ],
)
def test_what_is_missing_is_normal_and_says_what_it_disables(
    complete: Settings, name: str, subject: str, says: str
) -> None:
    for key in (name, "GROQ_API_KEY", "ANTHROPIC_API_KEY"):
        setattr(complete, key, "")
    assert levels()[subject] is Level.MISSING
    assert says in text_of(subject)


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        ({"STRIPE_WEBHOOK_SECRETS": []}, "Stripe"),
        ({"STRIPE_PRICES": {"BASIC": "a", "PRO": ""}}, "Stripe"),
        ({"STRIPE_SECRET_KEY": "sk_live_x", "STRIPE_API_BASE": "http://127.0.0.1:8001"}, "Stripe"),
        ({"TWILIO_AUTH_TOKEN": ""}, "Twilio"),
        ({"WHATSAPP_APP_SECRETS": []}, "WhatsApp"),
        ({"ENCRYPTION_KEYS": ["short"]}, "PILAR_ENCRYPTION_KEYS"),
        ({"DEBUG": True}, "PILAR_DEBUG"),
        ({"PUBLIC_BASE_URL": "http://pilar.example", "IS_HTTPS": False}, "PUBLIC_BASE_URL"),
    ],
)
def test_what_does_not_fit_together_is_wrong(complete: Settings, changes: dict[str, object], subject: str) -> None:
    for name, value in changes.items():
        setattr(complete, name, value)
    assert levels()[subject] is Level.WRONG


def test_without_a_database_it_says_so_and_goes_on(complete: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_login: object) -> None:
        raise psycopg.OperationalError("connection refused for password=secret0")

    monkeypatch.setattr(psycopg, "connect", away)
    assert levels()["Database"] is Level.WRONG
    assert "secret0" not in text_of("Database")


def test_missing_processes_are_named(complete: Settings) -> None:
    assert (levels()["Worker"], levels()["Beat"]) == (Level.MISSING, Level.MISSING)


def test_the_command_ends_with_1_when_something_is_wrong_and_tells_no_secret(complete: Settings) -> None:
    out = StringIO()
    call_command("doctor", stdout=out)
    assert "secret" not in out.getvalue().lower().replace("cron_secret", "")
    complete.TWILIO_AUTH_TOKEN = ""
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", stdout=out)
    assert ended.value.code == 1
