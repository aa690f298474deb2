from uuid import UUID

import pytest
from django.db import ProgrammingError, connection

from pilar.backplane import audit, sql
from pilar.backplane.models import AuditLog
from pilar.backplane.tenancy import all_tenants, atomic, tenant
from pilar.kernel.ids import uuid7

pytestmark = pytest.mark.django_db


def sealed(workspace: UUID, entries: int = 3) -> None:
    with tenant(workspace):
        for number in range(entries):
            audit.record("anna", "changed", "lead", str(number), after={"n": number})
    with all_tenants("seal"):
        audit.seal()


def verdict(workspace: UUID) -> audit.Verdict:
    with tenant(workspace):
        return audit.verify()


def as_owner(statement: str) -> None:
    """Do what no role of the application may: only the tables' owner could tamper."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE pilar_owner")
        cursor.execute("ALTER TABLE autopilot_audit NO FORCE ROW LEVEL SECURITY")
        cursor.execute("ALTER TABLE autopilot_audit_seal NO FORCE ROW LEVEL SECURITY")
        cursor.execute(statement)
        cursor.execute("SET LOCAL ROLE pilar_app")


def test_an_untouched_chain_verifies(workspace: UUID) -> None:
    sealed(workspace)
    assert verdict(workspace) == audit.Verdict(entries=3, unsealed=0, broken_at=None)


def test_a_chain_goes_on_where_it_ended(workspace: UUID) -> None:
    sealed(workspace)
    sealed(workspace)
    assert verdict(workspace) == audit.Verdict(entries=6, unsealed=0, broken_at=None)


def test_entries_not_yet_sealed_are_counted(workspace: UUID) -> None:
    sealed(workspace)
    with tenant(workspace):
        audit.record("anna", "changed", "lead", "9")
    assert verdict(workspace).unsealed == 1


def test_workspaces_have_chains_of_their_own(workspace: UUID) -> None:
    other = uuid7()
    sealed(workspace)
    sealed(other, 2)
    assert (verdict(workspace).entries, verdict(other).entries) == (3, 2)


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE autopilot_audit SET actor = 'somebody' WHERE object_id = '1'",
        "UPDATE autopilot_audit SET after = '{\"n\": 8}' WHERE object_id = '1'",
        "DELETE FROM autopilot_audit WHERE object_id = '1'",
        "DELETE FROM autopilot_audit_seal WHERE number = 2",
    ],
)
def test_tampering_breaks_the_chain_where_it_happened(workspace: UUID, tampering: str) -> None:
    sealed(workspace)
    as_owner(tampering)
    assert verdict(workspace).broken_at == 2


@pytest.mark.parametrize("statement", ["UPDATE autopilot_audit SET actor = 'x'", "DELETE FROM autopilot_audit"])
def test_the_application_cannot_change_or_remove_entries(workspace: UUID, statement: str) -> None:
    sealed(workspace)
    with tenant(workspace), pytest.raises(ProgrammingError, match="permission denied"), atomic():
        sql.run(statement)


def test_secrets_and_personal_data_are_masked_before_they_are_kept(workspace: UUID) -> None:
    with tenant(workspace):
        audit.record("anna", "changed", "lead", "1", before={"api_token": "abc"}, after={"note": "anna@example.com"})
        entry = AuditLog.objects.get()
    assert "abc" not in str(entry.before)
    assert "anna@example.com" not in str(entry.after)
