"""The query ring: what code may see and write in a scope, in Django and in raw SQL."""

from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, InternalError, ProgrammingError, connection

from coach.models import Lead
from pilar.backplane.tenancy import NoTenant, WrongTenant, all_tenants, atomic, current, savepoint, tenant
from tests.factories import LeadFactory, WorkspaceFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_studios() -> tuple[UUID, UUID]:
    mine, other = WorkspaceFactory().pk, WorkspaceFactory().pk
    for studio in (mine, other):
        with tenant(studio):
            LeadFactory()
    return mine, other


def count_by_sql() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM coach_lead")
        return int(cursor.fetchone()[0])


def test_a_query_without_a_scope_raises() -> None:
    with pytest.raises(NoTenant):
        Lead.objects.count()


def test_a_scope_sees_its_own_rows_only(two_studios: tuple[UUID, UUID]) -> None:
    with tenant(two_studios[0]), atomic():
        assert {lead.workspace_id for lead in Lead.objects.all()} == {two_studios[0]}


def test_raw_sql_in_a_scope_sees_its_own_rows_only(two_studios: tuple[UUID, UUID]) -> None:
    with tenant(two_studios[0]), atomic():
        assert count_by_sql() == 1


def test_raw_sql_without_a_scope_sees_nothing(two_studios: tuple[UUID, UUID]) -> None:
    assert count_by_sql() == 0


def test_raw_sql_cannot_give_a_row_to_another_studio(two_studios: tuple[UUID, UUID]) -> None:
    mine, other = two_studios
    with tenant(mine), pytest.raises((InternalError, ProgrammingError)), atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE coach_lead SET workspace_id = %s", [other])


def test_a_row_of_another_studio_cannot_be_saved(two_studios: tuple[UUID, UUID]) -> None:
    with tenant(two_studios[0]), pytest.raises(WrongTenant):
        LeadFactory(workspace_id=two_studios[1])


def test_a_scope_cannot_be_opened_inside_another_studios() -> None:
    with tenant(uuid4()), pytest.raises(WrongTenant), tenant(uuid4()):
        pass


def test_crossing_tenants_sees_all_and_leaves_no_trace(two_studios: tuple[UUID, UUID]) -> None:
    with all_tenants("a test of the way across"), atomic():
        assert Lead.objects.filter(workspace_id__in=two_studios).count() == 2
    assert count_by_sql() == 0


def test_a_scope_opened_inside_a_transaction_ends_with_its_block(two_studios: tuple[UUID, UUID]) -> None:
    with atomic():
        with tenant(two_studios[0]):
            assert count_by_sql() == 1
        assert count_by_sql() == 0


def test_a_failed_savepoint_keeps_the_scope(two_studios: tuple[UUID, UUID]) -> None:
    with tenant(two_studios[0]), atomic():
        with pytest.raises(IntegrityError), savepoint(), connection.cursor() as cursor:
            cursor.execute("UPDATE coach_lead SET name = NULL")
        assert count_by_sql() == 1


def test_no_scope_has_no_current_workspace() -> None:
    with pytest.raises(NoTenant):
        current()
    with all_tenants("a test of the way across"), pytest.raises(NoTenant):
        current()


def point_at(lead_id: UUID) -> None:
    with connection.cursor() as cursor:
        statement = (
            "INSERT INTO coach_leadalias (id, workspace_id, lead_id, kind, value) VALUES (%s, %s, %s, 'phone', '1')"
        )
        cursor.execute(statement, [uuid4(), current(), lead_id])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_reference_to_another_studios_row_is_refused(two_studios: tuple[UUID, UUID]) -> None:
    mine, other = two_studios
    with tenant(other), atomic():
        foreign = Lead.objects.get()
    with tenant(mine), pytest.raises(IntegrityError), atomic():
        point_at(foreign.pk)
