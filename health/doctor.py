"""What is configured, what is missing, and what that disables. Needs no database, asks no provider, tells no secret."""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import psycopg
import redis
from django.conf import settings
from django.db import Error, connections
from django.db.migrations.loader import MigrationLoader

from pilar.backplane import sql
from pilar.backplane.tenancy import all_tenants, atomic

LOOPBACK = ("127.0.0.1", "localhost", "::1")
MASTER_KEY_BYTES = 32


class Level(StrEnum):
    """`missing` is a normal state in which something is left out; `wrong` must be put right."""

    FINE = "ok"
    MISSING = "missing"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    level: Level
    subject: str
    text: str


def examine() -> list[Diagnosis]:
    """Look at everything that can be seen from here."""
    parts = (_installation, _providers, _models, _mail, _database, _redis)
    return [found for part in parts for found in part()]


def _fine(subject: str, text: str) -> Diagnosis:
    return Diagnosis(Level.FINE, subject, text)


def _missing(subject: str, text: str) -> Diagnosis:
    return Diagnosis(Level.MISSING, subject, text)


def _wrong(subject: str, text: str) -> Diagnosis:
    return Diagnosis(Level.WRONG, subject, text)


def _host(address: str) -> str:
    return urlsplit(address).hostname or ""


def _installation() -> Iterator[Diagnosis]:
    host = _host(settings.PUBLIC_BASE_URL)
    if host in LOOPBACK and not settings.SANDBOX:
        yield _missing("PUBLIC_BASE_URL", f"{host} cannot be reached from outside: no provider's webhook arrives.")
    elif host not in LOOPBACK and not settings.IS_HTTPS:
        yield _wrong("PUBLIC_BASE_URL", "It is not https: sessions and webhooks travel in clear, Meta refuses it.")
    else:
        yield _fine("PUBLIC_BASE_URL", settings.PUBLIC_BASE_URL)
    if settings.DEBUG and host not in LOOPBACK:
        yield _wrong("PILAR_DEBUG", "It is on where others reach it: error pages show the inside. Set PILAR_DEBUG=0.")
    unusable = [place for place, key in enumerate(settings.ENCRYPTION_KEYS, 1) if not _is_master_key(key)]
    if unusable:
        yield _wrong("PILAR_ENCRYPTION_KEYS", f"Key {unusable[0]} is not 32 bytes in base64: openssl rand -base64 32")
    else:
        yield _fine("PILAR_ENCRYPTION_KEYS", f"{len(settings.ENCRYPTION_KEYS)} master key(s).")
    if settings.CRON_SECRET:
        yield _fine("CRON_SECRET", "Set.")
    else:
        yield _missing("CRON_SECRET", "The system routes answer nobody. The schedule inside works without them.")


def _is_master_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)) == MASTER_KEY_BYTES
    except (binascii.Error, ValueError):
        return False


@dataclass(frozen=True, slots=True)
class _Service:
    """Variables that belong together: `key` switches the service on, `needed` must then be there too."""

    name: str
    key: str
    needed: tuple[tuple[str, str], ...]
    without: str
    base: str = ""


_SERVICES = (
    _Service(
        "Stripe",
        "STRIPE_SECRET_KEY",
        (
            ("STRIPE_WEBHOOK_SECRETS", "STRIPE_WEBHOOK_SECRET: its webhooks are refused, payments are noticed late."),
            ("STRIPE_PRICES", "STRIPE_PRICE_BASIC, STRIPE_PRICE_PRO: nobody can buy a plan."),
        ),
        "Nobody is asked to pay; set-up skips the payment.",
        "STRIPE_API_BASE",
    ),
    _Service(
        "Twilio",
        "TWILIO_ACCOUNT_SID",
        (("TWILIO_AUTH_TOKEN", "TWILIO_AUTH_TOKEN: no call to Twilio is accepted."),),
        "No phone number is bought; set-up skips these steps.",
    ),
    _Service(
        "WhatsApp",
        "WHATSAPP_APP_ID",
        (
            ("WHATSAPP_APP_SECRETS", "WHATSAPP_APP_SECRET: studios cannot connect, webhooks are refused."),
            ("WHATSAPP_CONFIG_ID", "WHATSAPP_CONFIG_ID: studios cannot connect through Meta's window."),
            ("WHATSAPP_VERIFY_TOKENS", "WHATSAPP_VERIFY_TOKEN: Meta cannot verify our webhook."),
        ),
        "No WhatsApp message is sent or received; set-up skips these steps.",
        "WHATSAPP_API_BASE",
    ),
    _Service("ElevenLabs", "ELEVENLABS_API_KEY", (), "No voices."),
)


def _providers() -> Iterator[Diagnosis]:
    for service in _SERVICES:
        key = getattr(settings, service.key)
        lacking = [text for name, text in service.needed if not _is_set(getattr(settings, name))]
        if not key:
            yield _missing(service.name, f"{service.key} is not set. {service.without}")
        elif lacking:
            yield from (_wrong(service.name, f"Not set, although {service.key} is: {text}") for text in lacking)
        elif "live" in key and _host(getattr(settings, service.base, "")) in LOOPBACK:
            yield _wrong(service.name, f"A live key would be sent to {service.base} on this machine.")
        else:
            yield _fine(service.name, "Configured.")


def _is_set(value: object) -> bool:
    return all(value.values()) if isinstance(value, dict) else bool(value)


def _models() -> Iterator[Diagnosis]:
    names = ("OPENAI", "GROQ", "ANTHROPIC")
    asked = [name.capitalize() for name in names if getattr(settings, f"{name}_API_KEY")]
    if asked:
        yield _fine("Language models", f"Asked in this order: {', '.join(asked)}.")
    else:
        yield _missing("Language models", "No key is set: replies are your own texts, or a person's.")


def _mail() -> Iterator[Diagnosis]:
    if settings.SMTP_HOST:
        yield _fine("Mail", f"Through {settings.SMTP_HOST}:{settings.SMTP_PORT}.")
    else:
        yield _missing("Mail", "SMTP_HOST is not set: no links to claim a studio, no new passwords, no notices.")


def _database() -> Iterator[Diagnosis]:
    """Over plain connections: a pool would go on knocking for ten seconds at a server that is away."""
    for alias in dict.fromkeys(("default", str(settings.PLATFORM_DATABASE))):
        try:
            with psycopg.connect(**_login(alias)) as connection:
                yield _role(connection)
                if alias == "default":
                    yield _migrations(connection)
        except psycopg.Error as error:
            role = settings.DATABASES[alias]["USER"]
            yield _wrong("Database", f"{role} cannot log in ({type(error).__name__}). Nothing works without it.")
            return
    yield from _processes()


def _login(alias: str) -> dict[str, Any]:
    place = connections[alias].settings_dict
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    return {name: place[key] for name, key in names.items() if place.get(key)} | {"connect_timeout": 3}


def _role(connection: psycopg.Connection[Any]) -> Diagnosis:
    statement = "SELECT current_user, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
    user, is_free = connection.execute(statement).fetchone() or ("", True)
    if is_free:
        return _wrong("Database", f"{user} is held by no row-level security: studios are not kept apart.")
    return _fine("Database", f"{user} logs in.")


def _migrations(connection: psycopg.Connection[Any]) -> Diagnosis:
    try:
        applied = set(connection.execute("SELECT app, name FROM django_migrations").fetchall())
    except psycopg.errors.InsufficientPrivilege:
        return _fine("Migrations", "This role may not ask.")
    except psycopg.errors.UndefinedTable:
        connection.rollback()
        applied = set()
    waiting = MigrationLoader(None).disk_migrations.keys() - applied
    if waiting:
        return _wrong("Migrations", f"{len(waiting)} are not applied: manage.py migrate")
    return _fine("Migrations", "All are applied.")


_ALIVE = """
SELECT kind, count(*) FROM autopilot_worker
WHERE lost_at IS NULL AND beat_at > statement_timestamp() - interval '1 minute' GROUP BY kind
"""


def _processes() -> Iterator[Diagnosis]:
    try:
        with all_tenants("the doctor counts living processes"), atomic():
            alive = dict(sql.rows(_ALIVE))
    except Error:
        return
    for kind, without in (("worker", "nothing is sent, nothing is set up"), ("beat", "nothing recurring happens")):
        count = alive.get(kind, 0)
        if count:
            yield _fine(kind.capitalize(), f"{count} alive.")
        else:
            yield _missing(kind.capitalize(), f"None is running: {without}. python -m pilar.runtime {kind}")


def _redis() -> Iterator[Diagnosis]:
    if not settings.REDIS_URL:
        yield _fine("Redis", "Not used: all works without, a little slower.")
        return
    server = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
    try:
        server.ping()
        yield _fine("Redis", "Answers.")
    except (redis.RedisError, OSError) as error:
        yield _missing("Redis", f"Does not answer ({type(error).__name__}): everything goes on, a little slower.")
    finally:
        server.close()
