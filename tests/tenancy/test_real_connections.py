"""Two connections, two logins, committed transactions: what production runs. Not inside a test's transaction."""

from uuid import uuid4

import pytest
from django.db import OperationalError, ProgrammingError, connection, connections

from coach.models import Lead
from pilar.backplane.tenancy import OutsideTransaction, alias, all_tenants, atomic, tenant
from tests import database
from tests.factories import LeadFactory, WorkspaceFactory


def test_each_scope_works_with_a_role_of_its_own(committed: str) -> None:
    seen = []
    for scope in (tenant(uuid4()), all_tenants("a test of the way across")):
        with scope, atomic(), connections[alias()].cursor() as cursor:
            cursor.execute("SELECT current_user, session_user")
            seen.append(cursor.fetchone())
    assert seen == [("pilar_app", "pilar_app"), ("pilar_platform", "pilar_platform")]


def test_nothing_is_carried_over_to_the_next_transaction(committed: str) -> None:
    studio = WorkspaceFactory().pk
    with tenant(studio), atomic():
        LeadFactory()
    assert connection.connection is not None
    with atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM coach_lead")
        assert cursor.fetchone() == (0,)


def test_a_query_outside_a_transaction_raises_instead_of_finding_nothing(committed: str) -> None:
    with tenant(WorkspaceFactory().pk), pytest.raises(OutsideTransaction):
        Lead.objects.count()


def test_the_application_login_cannot_become_another_role(committed: str) -> None:
    with pytest.raises(ProgrammingError), connection.cursor() as cursor:
        cursor.execute("SET ROLE pilar_platform")


def test_a_session_that_the_server_ended_counts_as_a_database_that_is_away(committed: str) -> None:
    """Web answers 503 to this one, and 500 to any other error of a database."""
    with atomic():
        session = connection.connection.info.backend_pid
    with database.admin() as server:
        server.execute("SELECT pg_terminate_backend(%s, 5000)", [session])
    with pytest.raises(OperationalError), tenant(uuid4()), atomic():
        pass
    connection.close()
