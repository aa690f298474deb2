"""Members from a file: read however it was written, judged row by row, taken over once."""

import csv
from io import StringIO
from uuid import UUID

import pytest

from coach import imports, suppression, tables
from coach.models import Consent, Followup, Lead, LeadAlias, MemberImport
from coach.payloads import ImportDue
from pilar.backplane.engine import work_off
from pilar.backplane.tenancy import atomic
from pilar.kernel.ids import uuid7
from pilar.kernel.problems import Conflict, Problem
from pilar.kernel.switchboard import Work
from tests.coach.factories import NOON
from tests.factories import LeadFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_studio", "noon")]
ANNA = "Name;Telefon;Einwilligung am\nAnna Berg;0151 23456789;03.11.2026\n"
ONE = {"mode": "one", "source": "Vertrag", "wording": "Ja, bitte.", "at": "2026-11-03"}
COLUMN = {"mode": "column", "source": "Vertrag", "wording": "Ja, bitte.", "at": ""}


def uploaded(text: str, consent: dict[str, str] | None = None) -> MemberImport:
    with atomic():
        upload = imports.upload(name="list.csv", raw=text.encode(), actor="user:1", now=NOON)
        imports.describe(upload, mapping=upload.mapping, consent=consent or {"mode": "none"})
        return upload


def taken_over(text: str, consent: dict[str, str] | None = None) -> MemberImport:
    upload = uploaded(text, consent)
    with atomic():
        imports.begin(upload, actor="user:1")
    run(upload)
    with atomic():
        return imports.get(upload.pk)


def run(upload: MemberImport) -> None:
    imports.run(Work(uuid7(), upload.workspace_id, "coach.import", ImportDue(import_id=upload.pk), 1, uuid7()))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_umlauts_survive_every_usual_encoding(encoding: str) -> None:
    assert tables.decoded("Jörg Müßig".encode(encoding)) == "Jörg Müßig"


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_the_delimiter_is_found_also_beside_quoted_ones(delimiter: str) -> None:
    text = delimiter.join(['"Name; Vorname, gross"', "Telefon", "Mail"]) + "\nx"
    assert tables.delimiter_of(text) == delimiter


@pytest.mark.parametrize("raw", [b"PK\x03\x04", b"\x00\x01\x02", b"", b"Name;Telefon\n"])
def test_what_is_no_table_is_refused_with_a_way_out(raw: bytes) -> None:
    with pytest.raises(Problem) as refused:
        imports.upload(name="x", raw=raw, actor="user:1", now=NOON)
    assert refused.value.fields["file"]
    assert not MemberImport.objects.exists()


def test_a_file_of_too_many_rows_is_refused() -> None:
    with pytest.raises(Problem, match="10.000"):
        tables.parsed("Name;Telefon\n" + "a;1\n" * 10_001, ";")


def test_columns_are_guessed_by_title_and_by_what_is_in_them() -> None:
    table = tables.parsed("Vorname,Nachname,Kontakt,Post\nAnna,Berg,0151 23456789,a@b.de", ",")
    assert tables.guessed(table) == {"first_name": 0, "last_name": 1, "phone": 2, "email": 3}


def test_a_first_line_with_a_number_is_a_member_and_no_header() -> None:
    table = tables.parsed("Anna;015123456789\nBen;015123456780", ";")
    assert (len(table.rows), table.first_row, tables.guessed(table)["phone"]) == (2, 1, 1)


@pytest.mark.parametrize("written", ["0151 23456789", "+49 151 23456789", "0049151-23456789", "(0151) 23456789"])
def test_numbers_are_understood_as_the_country_writes_them(written: str) -> None:
    taken_over(f"Name;Telefon\nAnna;{written}")
    assert Lead.objects.get().phone == "+4915123456789"


def test_looking_at_it_first_writes_nothing_and_says_what_would_be() -> None:
    LeadFactory(phone="+4915123456780")
    rows = "A;015123456781\nB;015123456781\nC;015123456780\nD;zwölf\nE;"
    found = imports.check(uploaded(f"Name;Telefon\n{rows}"), now=NOON)
    assert (found.counts["new"], found.counts["known"], found.counts["wrong"]) == (1, 2, 2)
    assert [(row.number, row.reason) for row in found.odd][-2:] == [(5, "bad_phone"), (6, "no_phone")]
    assert Lead.objects.count() == 1


def test_people_get_their_names_at_whatsapp_and_the_proof_of_their_consent() -> None:
    taken_over(ANNA, ONE)
    consent = Consent.objects.get()
    assert (consent.state, consent.source, consent.recorded_by) == ("given", "Vertrag", "user:1")
    assert set(LeadAlias.objects.values_list("value", flat=True)) == {"+4915123456789", "4915123456789"}


def test_without_consent_people_are_added_and_never_written_to() -> None:
    taken_over(ANNA)
    work_off()
    assert (Lead.objects.count(), Consent.objects.count(), Followup.objects.count()) == (1, 0, 0)


def test_the_date_of_the_consent_may_stand_in_a_column_and_a_row_without_one_has_none() -> None:
    done = taken_over(ANNA + "Ben;0151 23456780;\nCem;0151 23456781;01.01.2030\n", COLUMN)
    assert Consent.objects.get().lead.name == "Anna Berg"
    assert [reason for _row, _outcome, reason in done.report] == ["", "no_consent_date", "no_consent_date"]


@pytest.mark.parametrize("lacking", ["source", "wording", "at"])
def test_half_a_consent_is_refused_before_anything_happens(lacking: str) -> None:
    with pytest.raises(Problem) as refused:
        uploaded(ANNA, ONE | {lacking: ""})
    assert lacking in refused.value.fields


def test_the_same_file_again_changes_nothing() -> None:
    taken_over(ANNA, ONE)
    again = taken_over(ANNA.replace("Anna Berg", "Someone Else"), ONE)
    assert (imports.counts_of(again)["known"], Lead.objects.get().name, Consent.objects.count()) == (1, "Anna Berg", 1)


def test_the_plan_is_not_exceeded(in_studio: UUID) -> None:
    from workspaces.models import Plan

    Plan.objects.filter(pk="PRO").update(leads=2)
    done = taken_over("Name;Telefon\n" + "".join(f"M{n};01512345678{n}\n" for n in range(4)))
    assert (Lead.objects.count(), imports.counts_of(done)["full"]) == (2, 2)


def test_a_crash_between_two_batches_repeats_and_loses_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "BATCH", 2)
    upload = uploaded("Name;Telefon\n" + "".join(f"M{n};01512345678{n}\n" for n in range(5)))
    imports.begin(upload, actor="user:1")
    with atomic():
        imports._batch(imports.get(upload.pk), imports.table_of(upload), NOON)
    run(upload)
    run(upload)
    assert (Lead.objects.count(), imports.get(upload.pk).done) == (5, 5)


def test_who_said_stop_before_is_not_woken_by_a_file() -> None:
    suppression.add(["+4915123456789"], "erased")
    taken_over(ANNA, ONE)
    assert (Lead.objects.get().status, Consent.objects.get().state) == ("opted_out", "withdrawn")


def test_the_file_is_gone_once_it_was_taken_over() -> None:
    assert taken_over(ANNA).content == ""


def test_an_import_begins_once() -> None:
    done = taken_over(ANNA)
    with pytest.raises(Conflict):
        imports.begin(done, actor="user:1")


def test_no_cell_of_a_report_is_a_formula() -> None:
    text = tables.written(["a"], [["=cmd()"], ["@x"], ["-1+1"], ["+4915123456789"], ["\ttab"], ["＝cmd()"], ["\n=x"]])
    found = [row[0] for row in csv.reader(StringIO(text), delimiter=";")][1:]
    assert found == ["'=cmd()", "'@x", "'-1+1", "+4915123456789", "'\ttab", "'＝cmd()", "'\n=x"]
