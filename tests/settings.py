"""The product's settings with what a test changes: addresses, secrets, and one database login that plays both roles."""

import os

os.environ.setdefault("DJANGO_SECRET_KEY", "tests-only-" + "x" * 50)
os.environ.setdefault("PILAR_ENCRYPTION_KEYS", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
os.environ.setdefault("CRON_SECRET", "tests-cron-secret")
os.environ.setdefault("PILAR_DEMO_PASSWORD", "tests-demo-password")

from tests import database

os.environ.update(database.login_urls(database.NAME))

from pilar.settings import *  # noqa: F403
from pilar.settings import DATABASES, LOGGING, STATIC_ROOT

del DATABASES["owner"]
DATABASES["platform"]["OPTIONS"].pop("pool", None)
DATABASES["default"]["OPTIONS"].pop("pool", None)
DATABASES["default"] |= {"USER": "pilar_test", "PASSWORD": database.password_of("pilar_test"), "SWITCH_ROLES": True}
PLATFORM_DATABASE = "default"
RELEASE_CONNECTIONS = False
REDIS_URL = ""
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # Argon2 takes its time on purpose
DOORBELL = False
LOGGING["root"]["level"] = "WARNING"
WHITENOISE_USE_FINDERS = False  # it would list all static files for each client a test makes
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # WhiteNoise complains of a folder that is not there, in every test
