"""Test databases: one template per state of the migrations, copied for each test process (a copy takes a tenth of a second)."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

from pilar.runtime.postgres import Cluster
from pilar.runtime.roles import grant_schema

ROOT = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("PILAR_DATA_DIR") or ROOT / "var").resolve()
NAME = "_".join(
    ("test", os.environ.get("PILAR_TEST_DB", "suite"), os.environ.get("PYTEST_XDIST_WORKER", "main"), str(os.getpid()))
)
LOGINS = {
    "DATABASE_URL": "pilar_app",
    "DATABASE_PLATFORM_URL": "pilar_platform",
    "DATABASE_OWNER_URL": "pilar_owner",
}
"""The product's variables, and the role that each of them logs in as."""
_cluster = Cluster(DATA_DIR)


def start_server() -> None:
    """Start the embedded server unless it runs already."""
    _cluster.start()


def login_urls(name: str) -> dict[str, str]:
    """Return the three service logins for the database `name`, as the environment variables of the product."""
    start_server()
    return {variable: _cluster.dsn(user, name) for variable, user in LOGINS.items()}


def password_of(user: str) -> str:
    """Return the password of one of the server's roles."""
    return unquote(urlsplit(_cluster.dsn(user, "postgres")).password or "")


def admin(name: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
    """Open an autocommit connection as the server's superuser."""
    return psycopg.connect(_cluster.dsn("postgres", name), autocommit=True)


def create(name: str) -> None:
    """Make a fresh, migrated database called `name`."""
    template = _template()
    with admin() as server:
        _drop(server, name)
        statement = "CREATE DATABASE {} TEMPLATE {} OWNER pilar_owner"
        server.execute(sql.SQL(statement).format(sql.Identifier(name), sql.Identifier(template)))


def drop(name: str) -> None:
    """Remove the database, ending whoever is still connected."""
    with admin() as server:
        _drop(server, name)


def _drop(server: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _template() -> str:
    name = f"pilar_template_{_state_of_migrations()}"
    with admin() as server:
        server.execute("SELECT pg_advisory_lock(7431)")
        exists = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if not exists:
            _build(server, name)
    return name


def _build(server: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    rough = f"{name}_rough"
    _drop(server, rough)
    server.execute(sql.SQL("CREATE DATABASE {} OWNER pilar_owner").format(sql.Identifier(rough)))
    with admin(rough) as inside:
        grant_schema(inside)
    migrate = [sys.executable, "manage.py", "migrate", "-v0"]
    environment = {**os.environ, **login_urls(rough), "DJANGO_SETTINGS_MODULE": "pilar.settings"}
    done = subprocess.run(migrate, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"The migrations failed:\n{done.stderr[-4000:]}")
    server.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(rough), sql.Identifier(name)))


def _state_of_migrations() -> str:
    digest = hashlib.sha256()
    files = [*ROOT.glob("*/migrations/*.py"), *ROOT.glob("pilar/*/migrations/*.py")]
    files += [*ROOT.glob("*/models*.py"), *ROOT.glob("*/*/models*.py"), *ROOT.glob("*/models/*.py")]
    files += [ROOT / "pilar/backplane/protection.py", ROOT / "pilar/backplane/tenant_model.py"]
    for file in sorted(files):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
