"""Roles from the point of view of `manage.py bootstrap_db`, which may run again at every deploy."""

import psycopg
import pytest

from pilar.runtime import roles
from pilar.runtime.postgres import Cluster

PASSWORDS = {name: f"{name}-secret" for name in roles.SERVICE_ROLES}


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
