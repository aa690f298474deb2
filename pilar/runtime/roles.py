"""The roles of the database and what each may do (docs/deployment.md).

`pilar_owner` owns the tables and migrates, `pilar_app` serves requests and jobs under row-level security,
`pilar_platform` crosses studios on a connection of its own. None is a superuser or may bypass these policies.
"""

from collections.abc import Mapping

import psycopg
from psycopg import sql

OWNER = "pilar_owner"
APP = "pilar_app"
PLATFORM = "pilar_platform"
TEST = "pilar_test"
DATABASE = "pilar"
SERVICE_ROLES = (OWNER, APP, PLATFORM)

_POWERLESS = "NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOREPLICATION NOINHERIT"


def ensure_roles(admin_dsn: str, *, passwords: Mapping[str, str], database: str = DATABASE) -> None:
    """Create or correct the roles, the database and its grants; safe to run again at any time.

    `admin_dsn` logs in as a role that may create roles and databases. `passwords` holds one for each of
    `SERVICE_ROLES`; one for `pilar_test` makes that role of the test suite too (never in production: it may
    become each of the others). Raises KeyError for a missing password, psycopg.Error as the server says it.
    """
    with psycopg.connect(admin_dsn, autocommit=True) as admin:
        _serialise(admin)
        for role in SERVICE_ROLES:
            _ensure_login(admin, role=role, password=passwords[role], extra="NOCREATEDB")
        for role in (APP, PLATFORM):
            _limit_forgotten_transactions(admin, role=role)
        if TEST in passwords:
            _ensure_login(admin, role=TEST, password=passwords[TEST], extra="CREATEDB")
            _let_test_become_the_others(admin)
        _ensure_database(admin, database=database)
    with psycopg.connect(admin_dsn, dbname=database, autocommit=True) as admin:
        _serialise(admin)
        grant_schema(admin)


def grant_schema(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Let the owner create in the schema and the others look into it; also for each test database.

    Rights on the tables follow the models (`pilar.backplane.protection`). There are no default privileges:
    they would also open each new partition, which by its own name is not covered by its parent's policies.
    """
    for statement, role in (
        ("GRANT USAGE, CREATE ON SCHEMA public TO {}", OWNER),
        ("GRANT USAGE ON SCHEMA public TO {}", APP),
        ("GRANT USAGE ON SCHEMA public TO {}", PLATFORM),
    ):
        connection.execute(sql.SQL(statement).format(sql.Identifier(role)))


def _serialise(admin: psycopg.Connection[tuple[object, ...]]) -> None:
    """Two starts at once would both update the same catalogue rows, which PostgreSQL refuses."""
    admin.execute("SELECT pg_advisory_lock(hashtext('pilar.roles'))")


def _ensure_login(admin: psycopg.Connection[tuple[object, ...]], *, role: str, password: str, extra: str) -> None:
    found = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    verb = "ALTER" if found else "CREATE"
    admin.execute(
        sql.SQL(f"{verb} ROLE {{}} LOGIN {_POWERLESS} {extra} PASSWORD {{}}").format(
            sql.Identifier(role), sql.Literal(password)
        )
    )


def _limit_forgotten_transactions(admin: psycopg.Connection[tuple[object, ...]], *, role: str) -> None:
    """While one is open nothing that died since can be cleaned up, and every claim of the queue reads all of it."""
    statement = sql.SQL("ALTER ROLE {} SET idle_in_transaction_session_timeout = '60s'")
    admin.execute(statement.format(sql.Identifier(role)))


def _let_test_become_the_others(admin: psycopg.Connection[tuple[object, ...]]) -> None:
    """Membership without inheritance: the tests have no right but the one they take by SET ROLE."""
    options = " WITH INHERIT FALSE, SET TRUE" if admin.info.server_version >= 160000 else ""
    for role in SERVICE_ROLES:
        admin.execute(sql.SQL(f"GRANT {{}} TO {{}}{options}").format(sql.Identifier(role), sql.Identifier(TEST)))


def _ensure_database(admin: psycopg.Connection[tuple[object, ...]], *, database: str) -> None:
    name, owner = sql.Identifier(database), sql.Identifier(OWNER)
    if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
        if admin.info.parameter_status("is_superuser") != "on":
            admin.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(owner))
        admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, owner))
    admin.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    for role in SERVICE_ROLES:
        admin.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, sql.Identifier(role)))
