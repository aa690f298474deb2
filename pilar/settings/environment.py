"""Reads the environment, and fails early with a sentence that names the variable."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parent.parent.parent
env = environ.Env()
if (ROOT / ".env").exists():
    env.read_env(ROOT / ".env")


def text(name: str, default: str = "") -> str:
    """Return the variable, or `default` when it is absent or empty."""
    return str(env.str(name, default="")).strip() or default


def listed(name: str, default: str = "") -> list[str]:
    """Return a comma list, without empty entries."""
    return [entry.strip() for entry in text(name, default).split(",") if entry.strip()]


def networks(name: str, default: str = "") -> list[IPv4Network | IPv6Network]:
    """Return a comma list of networks. Raises ImproperlyConfigured naming the variable when one is none."""
    try:
        return [ip_network(entry) for entry in listed(name, default)]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a comma list of networks such as 10.0.0.0/8: {error}.") from error


def number(name: str, default: int) -> int:
    """Return a whole number. Raises ImproperlyConfigured naming the variable when it is none."""
    value = text(name, str(default))
    if not value.isdigit():
        raise ImproperlyConfigured(f"{name} must be a whole number, but it is {value!r}.")
    return int(value)


def switch(name: str) -> bool:
    """Return whether the variable is on. Raises ImproperlyConfigured when it is neither on nor off."""
    value = text(name, "0").lower()
    if value not in {"0", "1", "true", "false", "on", "off", "yes", "no"}:
        raise ImproperlyConfigured(f"{name} must be 1 or 0, but it is {value!r}.")
    return value in {"1", "true", "on", "yes"}


def url(name: str, default: str) -> str:
    """Return a base URL without a slash at the end. Raises ImproperlyConfigured when it is no http(s) address."""
    value = text(name, default).rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise ImproperlyConfigured(f"{name} must be a full http(s) address, but it is {value!r}.")
    return value


def service(name: str, *schemes: str) -> str:
    """Return the address of a service, or an empty text when it is absent. Raises ImproperlyConfigured, without the
    value, which may hold a password, when it is an address of another kind.
    """
    value = text(name)
    if value and not value.startswith(tuple(f"{scheme}://" for scheme in schemes)):
        raise ImproperlyConfigured(f"{name} must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}.")
    return value


def required(name: str, purpose: str) -> str:
    """Return a variable that we cannot run without. Raises ImproperlyConfigured telling what it is for."""
    value = text(name)
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. It is needed for {purpose}; see .env.example.")
    return value
