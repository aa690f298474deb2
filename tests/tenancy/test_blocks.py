"""Blocks inside blocks: a nested `atomic()` joins, a `savepoint()` is undone by itself."""

from contextlib import suppress
from uuid import UUID

import pytest
from django.db import IntegrityError, connection
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from coach.models import Lead
from pilar.backplane.tenancy import all_tenants, atomic, savepoint
from tests.factories import LeadFactory

pytestmark = pytest.mark.django_db


def names() -> set[str]:
    with atomic():
        return set(Lead.objects.values_list("name", flat=True))


def add_and_fail(name: str) -> None:
    with atomic():
        LeadFactory(name=name)
        raise ZeroDivisionError


def break_a_constraint() -> None:
    with atomic(), connection.cursor() as cursor:
        LeadFactory(name="Inner")
        cursor.execute("UPDATE coach_lead SET name = NULL")


def test_a_nested_block_costs_no_statement(in_studio: UUID) -> None:
    with atomic(), CaptureQueriesContext(connection) as seen, atomic():
        names()
    assert len(seen) == 1


def test_the_outermost_block_is_undone_by_itself_also_in_the_transaction_of_a_test(in_studio: UUID) -> None:
    with suppress(ZeroDivisionError):
        add_and_fail("Outer")
    assert names() == set()


def test_an_error_through_a_joined_block_undoes_all(in_studio: UUID) -> None:
    with suppress(ZeroDivisionError), atomic():
        LeadFactory(name="Outer")
        add_and_fail("Inner")
    assert names() == set()


def test_after_an_error_in_a_savepoint_the_outer_block_goes_on(in_studio: UUID) -> None:
    with atomic():
        LeadFactory(name="Outer")
        with suppress(IntegrityError), savepoint():
            break_a_constraint()
        LeadFactory(name="After")
    assert names() == {"Outer", "After"}


def test_who_swallows_the_error_of_a_joined_block_hears_of_it(in_studio: UUID) -> None:
    with pytest.raises(TransactionManagementError, match="Say savepoint"), atomic(), suppress(ZeroDivisionError):
        add_and_fail("Inner")


def test_a_durable_block_is_refused_inside_another(in_studio: UUID) -> None:
    with pytest.raises(RuntimeError, match="durable"), atomic(), atomic(durable=True):
        pass


def test_what_crosses_tenants_joins_no_studios_transaction(in_studio: UUID) -> None:
    """It works on another connection; the tests have one for both, so that only the savepoint tells them apart."""
    with atomic():
        with suppress(ZeroDivisionError), all_tenants("a test of the way across"), atomic():
            raise ZeroDivisionError
        assert names() == set()


def test_a_savepoint_outside_a_transaction_is_one(in_studio: UUID) -> None:
    with savepoint():
        LeadFactory(name="Kept")
    assert names() == {"Kept"}
