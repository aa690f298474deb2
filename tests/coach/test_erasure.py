"""After an erasure nothing leads to the person any more, in no table; what must stay, stays."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from coach import erasure, exports, imports, leads
from coach.models import Erasure, Lead, MemberExport, MemberImport
from coach.payloads import ErasureDue, ExportDue
from pilar.backplane import events, receipts, sql
from pilar.backplane.engine import work_off
from pilar.backplane.models import AuditLog, WebhookReceipt
from pilar.backplane.tenancy import all_tenants, atomic, tenant
from pilar.kernel import clock
from pilar.kernel.ids import uuid7
from pilar.kernel.switchboard import Reschedule, Work
from pilar.providers import routes
from tests.coach.conftest import Model, Phone
from tests.coach.factories import NOON, inbound, willing_lead

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
NAME, NUMBER, EMAIL, TEXT = (
    "Zita Quastenfloh",
    "+4915199887766",
    "zita@quastenfloh.example",
    "Mein Knie schmerzt seit Mittwoch",
)


_COLUMNS = """
SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c
JOIN pg_class k ON k.relname = c.table_name AND k.relkind IN ('r', 'p') AND NOT k.relispartition
WHERE c.table_schema = 'public' AND k.relnamespace = 'public'::regnamespace
  AND c.data_type IN ('text', 'character varying', 'json', 'jsonb', 'bytea', 'ARRAY')
"""


def mentions(*words: str) -> set[str]:
    """Return each text, JSON or binary column of any table in which any of the words stands, in any workspace."""
    with all_tenants("look for what is left of a person"), atomic():
        parts = [
            f"SELECT '{table}.{column}' WHERE EXISTS (SELECT FROM \"{table}\" WHERE "
            + (f"encode(\"{column}\", 'escape')" if kind == "bytea" else f'"{column}"::text')
            + " ILIKE ANY(%(words)s))"
            for table, column, kind in sql.rows(_COLUMNS)
        ]
        found = sql.rows(" UNION ALL ".join(parts), {"words": [f"%{word}%" for word in words]})
    return {place for (place,) in found}


WORDS = (NAME, "Quastenfloh", NUMBER.lstrip("+"), "Knie schmerzt")


@pytest.fixture
def person(studio: UUID, phone: Phone, model: Model) -> Lead:
    """Somebody who wrote, was answered, was changed, exported and stands in a waiting upload."""
    with tenant(studio), atomic():
        routes.bind("whatsapp", "phone_number_id", "1", studio)
        lead = willing_lead(name=NAME, phone=NUMBER, email=EMAIL)
        leads.change(lead, {"name": f"{NAME} neu"}, actor="test")
        wrote = inbound(lead, TEXT, profile_name=NAME)
        body = f'{{"entry": "1", "from": "{wrote.sender}", "text": "{TEXT}", "name": "{NAME}"}}'.encode()
        receipt, _ = receipts.store("whatsapp", "", "r1", body, {})
        receipts.settle(receipt.pk)
        events.publish("whatsapp.inbound", wrote, key=wrote.message_id)
        export = exports.request(lead_ids=[lead.pk], session="s", actor="test", now=NOON)
        imports.upload(name="a.csv", raw=f"Name;Telefon\n{NAME};0151 99887766".encode(), actor="test", now=NOON)
    work_off()
    with tenant(studio):
        exports.write(Work(uuid7(), studio, "x", ExportDue(export_id=export.pk), 1, uuid7()))
    return lead


def erase(studio: UUID, lead: Lead) -> Erasure:
    with tenant(studio), atomic():
        found = erasure.erase(Lead.objects.get(pk=lead.pk), actor="user:1", now=NOON)
    work_off()
    with tenant(studio), atomic():
        return Erasure.objects.get(pk=found.pk)


def test_before_it_the_person_is_in_many_places(person: Lead) -> None:
    assert {"autopilot_event.payload", "coach_message.body", "autopilot_receipt.body"} < mentions(*WORDS)


def test_no_table_holds_number_name_or_words_afterwards(studio: UUID, person: Lead) -> None:
    erase(studio, person)
    assert mentions(*WORDS) == set()


def test_the_report_says_what_was_erased_and_when_it_was_finished(studio: UUID, person: Lead) -> None:
    proof = erase(studio, person)
    assert proof.finished_at == NOON
    assert {name: proof.report[name] for name in ("member", "messages", "webhooks", "transfers")} == {
        "member": 1, "messages": 2, "webhooks": 1, "transfers": 2,
    }  # fmt: skip
    assert proof.report["events"] >= 1


def test_the_audit_keeps_the_id_as_a_pseudonym(studio: UUID, person: Lead) -> None:
    erase(studio, person)
    with tenant(studio), atomic():
        actions = set(AuditLog.objects.filter(object_id=str(person.pk)).values_list("action", flat=True))
    assert {"lead.changed", "lead.erased"} <= actions


def test_the_traces_are_sealed_while_they_are_needed_and_gone_afterwards(studio: UUID, person: Lead) -> None:
    with tenant(studio), atomic():
        waiting = erasure.erase(person, actor="test", now=NOON)
        assert NUMBER.lstrip("+").encode() not in bytes(waiting.traces)
    work_off()
    with tenant(studio), atomic():
        assert bytes(Erasure.objects.get(pk=waiting.pk).traces) == b""


@pytest.mark.parametrize(("waited", "pause"), [(0, 10), (60, 60), (10 * 24 * 3600, 3600)])
def test_a_webhook_that_waits_is_looked_at_again_more_and_more_rarely(
    studio: UUID, person: Lead, waited: int, pause: int
) -> None:
    now = clock.now()
    with tenant(studio), atomic():
        WebhookReceipt.objects.update(processed_at=None, workspace_id=studio)
        waiting = erasure.erase(person, actor="test", now=now - timedelta(seconds=waited))
    with tenant(studio):
        again = erasure.clear(Work(uuid7(), studio, "x", ErasureDue(erasure_id=waiting.pk), 1, uuid7()))
    assert isinstance(again, Reschedule)
    assert pause <= (again.at - now).total_seconds() < pause + 5


def test_the_same_number_in_another_studio_stays(studio: UUID, person: Lead, other: UUID) -> None:
    erase(studio, person)
    with tenant(other), atomic():
        assert Lead.objects.get().name == NAME


@pytest.fixture
def other(db: None) -> UUID:
    from tests.factories import LeadFactory, WorkspaceFactory

    found: UUID = WorkspaceFactory().pk
    with tenant(found), atomic():
        LeadFactory(name=NAME, phone=NUMBER)
    return found


def test_files_that_held_the_person_are_gone(studio: UUID, person: Lead) -> None:
    erase(studio, person)
    with tenant(studio), atomic():
        assert not MemberExport.objects.exists()
        assert MemberImport.objects.get().content == ""


def test_a_number_that_contains_theirs_is_left_alone(studio: UUID, person: Lead, work_of: Callable[..., None]) -> None:
    work_of(studio, f"{NUMBER.lstrip('+')}9")
    erase(studio, person)
    assert mentions(f"{NUMBER.lstrip('+')}9") >= {"autopilot_event.payload"}


@pytest.fixture
def work_of() -> Callable[..., None]:
    def publish(studio: UUID, sender: str) -> None:
        from pilar.providers.events import WhatsAppPreference

        with tenant(studio), atomic():
            events.publish("whatsapp.preference", WhatsAppPreference(sender=sender, value="resume"), key=sender)

    return publish
