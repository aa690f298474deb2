"""What the browser keeps for a person: as tight as the address allows."""

import os
import subprocess
import sys

NAMES = ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "DEVICE_COOKIE_NAME")
FLAGS = ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY", "CSRF_COOKIE_HTTPONLY")


def test_in_production_every_cookie_is_bound_to_the_host_and_to_https() -> None:
    read = f"from tests.settings import *; print(*[globals()[n] for n in {NAMES + FLAGS}])"
    given = os.environ | {"PUBLIC_BASE_URL": "https://pilar.example", "ALLOWED_HOSTS": "pilar.example"}
    shown = subprocess.run([sys.executable, "-c", read], env=given, capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["__Host-session", "__Host-csrf", "__Host-device", *["True"] * 4]
