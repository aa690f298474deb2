"""Members from a file: uploaded, looked at, and taken over in batches by a job (issue 4).

Nothing is written twice: a number that is known already is left as it is, and a batch and its place in the file are one
transaction. Without a proven consent people are added and never written to first.
"""

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from coach import import_rows, numbers, suppression, tables, texts
from coach.aliases import Contact
from coach.import_rows import NEW, Row, Rules
from coach.models import Consent, Lead, LeadAlias, MemberImport
from coach.payloads import ImportDue
from coach.tables import Table
from pilar.backplane import activity, audit, jobs
from pilar.backplane.tenancy import atomic, current
from pilar.kernel import clock
from pilar.kernel.problems import Conflict, NotFound, Problem
from pilar.kernel.switchboard import Empty, Work
from workspaces.models import Workspace

BATCH = 500
SAMPLE = 6
MOST_SHOWN = 200
"""Rows with a remark that a page lists; the report has all of them."""
LARGEST_FILE = 10 * 1024 * 1024
HEADER_LINES = 1
"""Lines before the first row of what `of_rows` makes."""
Status = MemberImport.Status


@dataclass(slots=True)
class Check:
    """What an import would do: how many rows of each outcome, and those that need a look."""

    counts: Counter[str] = field(default_factory=Counter)
    odd: list[Row] = field(default_factory=list)
    sample: list[Row] = field(default_factory=list)


def get(import_id: UUID) -> MemberImport:
    """Return an import of the current workspace. Raises NotFound."""
    found = MemberImport.objects.filter(pk=import_id).first()
    if found is None:
        raise NotFound
    return found


def upload(*, name: str, raw: bytes, actor: str, now: datetime) -> MemberImport:
    """Keep an uploaded file and guess its columns; nobody is added yet. Raises Problem for what is no table."""
    if len(raw) > LARGEST_FILE:
        sentence = _("This file is larger than 10 MB. Split it and upload the parts one after the other.")
        raise Problem(sentence, code="validation_failed", fields={"file": sentence})
    text = tables.decoded(raw)
    delimiter = tables.delimiter_of(text)
    table = tables.parsed(text, delimiter)
    return MemberImport.objects.create(
        file_name=name[-120:],
        content=text,
        delimiter=delimiter,
        rows=len(table.rows),
        mapping=tables.guessed(table),
        created_by=actor,
        created_at=now,
    )


def of_rows(rows: Sequence[Mapping[str, str]], *, consent: dict[str, str], actor: str, now: datetime) -> MemberImport:
    """Make an import of rows that a program sends, by `tables.FIELDS`; it is not saved yet. Raises Problem."""
    mapping = {name: place for place, name in enumerate(tables.FIELDS)}
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    writer.writerow(tables.FIELDS)
    writer.writerows([row.get(name, "") for name in tables.FIELDS] for row in rows)
    return MemberImport(
        file_name="API",
        content=out.getvalue(),
        delimiter=";",
        rows=len(rows),
        mapping=mapping,
        consent=_complete(consent, mapping),
        created_by=actor,
        created_at=now,
    )


def table_of(upload: MemberImport) -> Table:
    """Return the uploaded rows. Raises Conflict when the file is gone."""
    if not upload.content:
        raise Conflict(_("This file is no longer kept. Upload it again."))
    return tables.parsed(upload.content, upload.delimiter)


def describe(upload: MemberImport, *, mapping: dict[str, int], consent: dict[str, str]) -> None:
    """Say which column is what, and which consent the studio holds. Raises Problem without a column for the number."""
    _must_wait(upload)
    table = table_of(upload)
    chosen = {
        name: place for name, place in mapping.items() if name in tables.FIELDS and 0 <= place < len(table.header)
    }
    if "phone" not in chosen:
        sentence = _("Say in which column the telephone number is.")
        raise Problem(sentence, code="validation_failed", fields={"phone": sentence})
    upload.mapping, upload.consent = chosen, _complete(consent, chosen)
    upload.save(update_fields=["mapping", "consent"])


def _complete(consent: dict[str, str], mapping: dict[str, int]) -> dict[str, str]:
    """A consent that proves something has a source, a wording and a date; anything less is said now, not at the first message."""
    mode = consent.get("mode", "none")
    if mode == "none":
        return {"mode": "none"}
    missing = {
        name: _("Fill this in, or choose “no consent yet”.") for name in ("source", "wording") if not consent[name]
    }
    if mode == "one" and import_rows.read_date(consent["at"]) is None:
        missing["at"] = _("Say on which day it was given.")
    if mode == "column" and "consent_at" not in mapping:
        missing["consent_at"] = _("Say in which column the date of the consent is.")
    if missing:
        raise Problem(next(iter(missing.values())), code="validation_failed", fields=missing)
    return consent


def check(upload: MemberImport, *, now: datetime) -> Check:
    """Try the whole file without writing anything."""
    studio = Workspace.objects.select_related("plan").get(pk=current())
    known = set(LeadAlias.objects.filter(kind=LeadAlias.Kind.PHONE).values_list("value", flat=True))
    known |= set(Lead.objects.exclude(phone="").values_list("phone", flat=True))
    rules = _rules(upload, studio, now, room=studio.plan.leads - Lead.objects.count())
    found = Check()
    for row in import_rows.judge_all(table_of(upload), rules, known):
        found.counts[row.outcome] += 1
        found.counts["consent"] += row.outcome == NEW and row.consent_at is not None
        if row.reason and len(found.odd) < MOST_SHOWN:
            found.odd.append(row)
        if len(found.sample) < SAMPLE:
            found.sample.append(row)
    return found


def _rules(upload: MemberImport, studio: Workspace, now: datetime, *, room: int) -> Rules:
    return Rules(
        mapping=upload.mapping,
        consent=upload.consent,
        country=studio.country,
        language=texts.language_or_default(studio.language),
        timezone=studio.timezone,
        now=now,
        room=max(0, room),
    )


def begin(upload: MemberImport, *, actor: str) -> None:
    """Have a job take the rows over. Beginning twice is beginning once."""
    _must_wait(upload)
    MemberImport.objects.filter(pk=upload.pk, status=Status.UPLOADED).update(status=Status.RUNNING)
    audit.record(actor, "members.import_begun", "MemberImport", upload.pk, after={"rows": upload.rows})
    jobs.enqueue("coach.import", ImportDue(import_id=upload.pk), key=f"import:{upload.pk}", priority=4)


def cancel(upload: MemberImport, *, actor: str) -> None:
    """Throw an upload away before it has begun. Raises Conflict afterwards."""
    _must_wait(upload)
    MemberImport.objects.filter(pk=upload.pk).update(status=Status.CANCELLED, content="")
    audit.record(actor, "members.import_cancelled", "MemberImport", upload.pk)


def _must_wait(upload: MemberImport) -> None:
    if upload.status != Status.UPLOADED:
        raise Conflict(_("This import has begun already, or was thrown away."))


def run(work: Work[ImportDue]) -> dict[str, Any]:
    """Take the rows over, batch by batch; a run after a crash goes on behind the last whole batch."""
    table: Table | None = None
    while True:
        with atomic():
            upload = MemberImport.objects.select_for_update().get(pk=work.payload.import_id)
            if upload.status != Status.RUNNING:
                return {"rows": upload.done}
            table = table or table_of(upload)
            _batch(upload, table, clock.now())


def _batch(upload: MemberImport, table: Table, now: datetime) -> None:
    part = Table(table.header, table.rows[upload.done : upload.done + BATCH], table.first_row + upload.done)
    studio = Workspace.objects.select_for_update(of=("self",)).select_related("plan").get(pk=current())
    rules = _rules(upload, studio, now, room=studio.plan.leads - Lead.objects.count())
    wanted = import_rows.phones(part, rules)
    known = set(LeadAlias.objects.filter(value__in=wanted).values_list("value", flat=True))
    known |= set(Lead.objects.filter(phone__in=wanted).values_list("phone", flat=True))
    rows = list(import_rows.judge_all(part, rules, known))
    _write([row for row in rows if row.outcome == NEW], rules, upload)
    upload.report = [*upload.report, *([row.number, row.outcome, row.reason] for row in rows)]
    upload.done += len(part.rows)
    if upload.done >= upload.rows:
        _finish(upload, now)
    upload.save()


def _write(rows: list[Row], rules: Rules, upload: MemberImport) -> None:
    """Add the people with names and consents, in one statement a table."""
    stopped = suppression.listed({row.phone for row in rows})
    made = {row.number: _lead(row, rules, stopped=row.phone in stopped) for row in rows}
    Lead.objects.bulk_create(made.values())
    contacts = [(lead, Contact(sender=numbers.wa_id(lead.phone))) for lead in made.values()]
    LeadAlias.objects.bulk_create(
        [
            LeadAlias(lead=lead, kind=kind, value=value)
            for lead, contact in contacts
            for kind, value in contact.aliases()
        ]
    )
    agreed = [(made[row.number], row.consent_at) for row in rows if row.consent_at]
    Consent.objects.bulk_create(_consent(lead, at, rules, upload) for lead, at in agreed)


def _lead(row: Row, rules: Rules, *, stopped: bool) -> Lead:
    return Lead(
        name=row.name,
        phone=row.phone,
        email=row.email,
        language=row.language,
        timezone=rules.timezone,
        tags=row.tags,
        source="import",
        status=Lead.Status.OPTED_OUT if stopped else Lead.Status.ACTIVE,
        opted_out_at=rules.now if stopped else None,
    )


def _consent(lead: Lead, at: datetime, rules: Rules, upload: MemberImport) -> Consent:
    """A person who said stop before keeps that: the paper is filed without its effect."""
    stopped = lead.opted_out_at
    return Consent(
        lead=lead,
        source=rules.consent["source"],
        wording=rules.consent["wording"],
        at=at,
        recorded_by=upload.created_by,
        withdrawn_at=stopped,
        withdrawn_by="suppression list" if stopped else "",
    )


def _finish(upload: MemberImport, now: datetime) -> None:
    counts = counts_of(upload)
    upload.status, upload.finished_at, upload.content = Status.DONE, now, ""
    audit.record(upload.created_by, "members.imported", "MemberImport", upload.pk, after=dict(counts))
    sentence = gettext_noop("%(count)s members were added from a file")
    activity.log("members.imported", sentence, {"count": counts[NEW]}, subject=upload)
    jobs.enqueue("coach.plan", Empty(), key=f"coach.plan:import:{upload.pk}", at=now + timedelta(minutes=2))


def counts_of(upload: MemberImport) -> Counter[str]:
    """Return how many rows had each outcome so far."""
    return Counter(outcome for _number, outcome, _reason in upload.report)
