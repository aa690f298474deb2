"""Roles from the point of view of `manage.py bootstrap_db`, which may run again at every deploy."""

import os
import subprocess
import sys

import psycopg
import pytest

from pilar.runtime import roles
from pilar.runtime.postgres import Cluster
from tests.database import LOGINS, ROOT

PASSWORDS = {name: f"{name}-secret" for name in roles.SERVICE_ROLES}


def bootstrap_db(cluster: Cluster, database: str, *, admin: str) -> subprocess.CompletedProcess[str]:
    """Run the command as `docker compose up` does, for a server that knows neither the database nor the passwords."""
    server = cluster.dsn("postgres", database).rpartition("@")[2]
    addresses = {name: f"postgresql://{role}:{PASSWORDS[role]}@{server}" for name, role in LOGINS.items()}
    environment = {**os.environ, **addresses, "DATABASE_ADMIN_URL": admin, "DJANGO_SETTINGS_MODULE": "pilar.settings"}
    argv = [sys.executable, "manage.py", "bootstrap_db"]
    return subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.processes
def test_running_again_corrects_a_role_that_was_given_too_much(cluster: Cluster) -> None:
    admin = cluster.dsn("postgres", "postgres")
    with psycopg.connect(admin) as superuser:
        superuser.execute("ALTER ROLE pilar_app SUPERUSER BYPASSRLS")
    cluster.bootstrap()
    with psycopg.connect(admin) as superuser:
        powers = "SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = 'pilar_app'"
        assert superuser.execute(powers).fetchone() == (False, False)


@pytest.mark.processes
def test_a_database_of_another_name_gets_the_same_roles_and_no_test_role_rights(cluster: Cluster) -> None:
    admin = cluster.dsn("postgres", "postgres")
    roles.ensure_roles(admin, passwords=PASSWORDS, database="elsewhere")
    with psycopg.connect(admin, user="pilar_owner", password="pilar_owner-secret", dbname="elsewhere") as owner:
        owner.execute("CREATE TABLE mine (id int)")
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(cluster.dsn("pilar_test", "elsewhere"))
    cluster.bootstrap()


@pytest.mark.processes
def test_a_transaction_forgotten_by_the_application_is_ended(cluster: Cluster) -> None:
    cluster.bootstrap()
    with psycopg.connect(cluster.dsn("pilar_app", "pilar")) as forgotten:
        assert forgotten.execute("SHOW idle_in_transaction_session_timeout").fetchone() == ("1min",)


@pytest.mark.processes
def test_the_command_prepares_a_server_that_knows_nothing_of_us(cluster: Cluster) -> None:
    done = bootstrap_db(cluster, "fresh", admin=cluster.dsn("postgres", "postgres"))
    assert (done.returncode, done.stdout) == (0, "The roles of fresh are in order.\n"), done.stderr
    owner = cluster.dsn("postgres", "fresh")
    with psycopg.connect(owner, user="pilar_owner", password=PASSWORDS["pilar_owner"]) as connection:
        connection.execute("CREATE TABLE mine (id int)")
    cluster.bootstrap()


@pytest.mark.processes
def test_the_command_says_so_when_the_administrator_cannot_log_in(cluster: Cluster) -> None:
    done = bootstrap_db(cluster, "nothing", admin=cluster.dsn("postgres", "absent"))
    assert done.returncode == 1
    assert done.stderr.startswith("CommandError: The administrator cannot log in: ")
