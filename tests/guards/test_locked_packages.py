"""What servers install is enough: the suite's own packages must not lend the product what its lock leaves out."""

import os
import subprocess
import sys

import pytest

from tests.database import ROOT
from tests.guards.sources import MODULES

pytestmark = [pytest.mark.thorough, pytest.mark.processes]

ONLY_LOCKED = """
import importlib, importlib.metadata, re, sys

def plain(names):
    return {re.sub(r"[-_.]+", "-", name).lower() for name in names}

locked = plain(re.findall(r"^([A-Za-z0-9._-]+)==", open("requirements.txt").read(), re.MULTILINE))
owners = importlib.metadata.packages_distributions()

class OnlyLocked:
    def find_spec(self, name, path=None, target=None):
        if path is None and name in owners and not plain(owners[name]) & locked:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, OnlyLocked())
"""
SERVE = """
import django
django.setup()
for name in sys.argv[1:]:
    importlib.import_module(name)
from pilar.celery import app
with app.connection_for_write("redis://127.0.0.1:1/0") as connection:
    assert connection.transport.driver_type == "redis"
"""
SERVERS = (
    "gunicorn.app.wsgiapp",
    "gunicorn.workers.gthread",
    "celery.bin.celery",
    "celery.apps.beat",
    "celery.concurrency.thread",
)


def modules() -> list[str]:
    files = [file for file in MODULES if file.name not in ("__init__.py", "__main__.py")]
    return sorted(".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files)


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-c", ONLY_LOCKED + program, *arguments]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    return subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_every_module_and_every_server_starts_with_the_locked_packages_alone() -> None:
    done = run(SERVE, *modules(), *SERVERS)
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_guard_hides_what_is_not_locked() -> None:
    assert "No module named 'pytest'" in run("import pytest").stderr
