"""What we know of people as a file of their own: JSON for programs, CSV for people (GDPR Art. 15 and 20)."""

import hashlib
import hmac
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import F, Model
from django.utils.translation import gettext as _

from coach import tables
from coach.models import (
    CallLog,
    ChatNote,
    CheckIn,
    CoachingState,
    Consent,
    Followup,
    Goal,
    Lead,
    LeadAlias,
    MemberExport,
    Message,
)
from coach.payloads import ExportDue
from pilar.backplane import audit, jobs
from pilar.backplane.tenancy import atomic
from pilar.kernel import clock
from pilar.kernel.problems import NotFound, Problem
from pilar.kernel.switchboard import Work

MOST_PEOPLE = 10_000
_CHUNK = 200
_HIDDEN = {"workspace", "search", "effect_key"}
_PARTS: dict[str, type[Model]] = {
    "names": LeadAlias,
    "consents": Consent,
    "messages": Message,
    "followups": Followup,
    "preferences": CoachingState,
    "goals": Goal,
    "checkIns": CheckIn,
    "calls": CallLog,
    "notes": ChatNote,
}
_COLUMNS = {
    "members": ("id", "name", "phone", "email", "language", "timezone", "tags", "status", "source", "created_at"),
    "messages": ("lead", "at", "direction", "by", "state", "body"),
    "consents": ("lead", "purpose", "source", "wording", "at", "confirmed_at", "withdrawn_at"),
}


def request(*, lead_ids: Sequence[UUID], session: str, actor: str, now: datetime) -> MemberExport:
    """Have a job write the file. Only `session` (a secret of the browser's) can fetch it, for a day."""
    mine = [str(pk) for pk in Lead.objects.filter(pk__in=lead_ids).order_by("pk").values_list("pk", flat=True)]
    if not mine or len(mine) > MOST_PEOPLE:
        raise Problem(_("Choose between one and 10,000 members."), code="validation_failed")
    with atomic():
        export = MemberExport.objects.create(
            lead_refs=mine,
            session=_hash(session),
            created_by=actor,
            created_at=now,
            expires_at=now + MemberExport.lifetime,
        )
        audit.record(actor, "members.exported", "MemberExport", export.pk, after={"people": len(mine)})
        jobs.enqueue("coach.export", ExportDue(export_id=export.pk), key=f"export:{export.pk}", priority=2)
    return export


def get(export_id: UUID, *, session: str, now: datetime) -> MemberExport:
    """Return an export that this session asked for and that has not expired. Raises NotFound for all else alike."""
    found = MemberExport.objects.filter(pk=export_id, expires_at__gt=now).first()
    if found is None or not hmac.compare_digest(found.session, _hash(session)):
        raise NotFound
    return found


def fetched(export: MemberExport, *, actor: str) -> None:
    """Note that somebody took the file."""
    audit.record(actor, "members.export_fetched", "MemberExport", export.pk)


def _hash(session: str) -> str:
    return hashlib.sha256(session.encode()).hexdigest()


def write(work: Work[ExportDue]) -> dict[str, Any] | None:
    """Write the file; nothing to do when the people were erased, or the time is over."""
    with atomic():
        export = MemberExport.objects.select_for_update().filter(pk=work.payload.export_id, ready_at=None).first()
        if export is None:
            return None
        export.content, export.ready_at = zipped([UUID(ref) for ref in export.lead_refs]), clock.now()
        export.save(update_fields=["content", "ready_at"])
    return {"people": len(export.lead_refs)}


def zipped(lead_ids: Sequence[UUID]) -> bytes:
    """Return the zip: `members.json` with everything, and a CSV each of members, messages and consents."""
    people = [
        person for start in range(0, len(lead_ids), _CHUNK) for person in _people(lead_ids[start : start + _CHUNK])
    ]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("members.json", json.dumps(people, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1))
        for name, columns in _COLUMNS.items():
            rows = people if name == "members" else [row for person in people for row in person[name]]
            archive.writestr(f"{name}.csv", tables.written(columns, _cells(rows, columns)))
    return out.getvalue()


def _people(lead_ids: Sequence[UUID]) -> Iterator[dict[str, Any]]:
    people = {row["id"]: row for row in _plain(Lead, "pk", lead_ids)}
    for person in people.values():
        person |= {name: [] for name in _PARTS}
    for name, model in _PARTS.items():
        path = "conversation__lead" if model is ChatNote else "lead"
        for row in _plain(model, path, list(people)):
            people[row.pop("of")][name].append(row)
    yield from people.values()


def _plain(model: type[Model], path: str, lead_ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """All fields of the rows that belong to these people; `of` is whose it is."""
    names = [field.name for field in model._meta.concrete_fields if field.name not in _HIDDEN]
    rows = model._default_manager.filter(**{f"{path}__in": lead_ids}).order_by("pk")
    return list(rows.values(*names, of=F(path)))


def _cells(rows: Iterable[dict[str, Any]], columns: Sequence[str]) -> Iterator[list[Any]]:
    for row in rows:
        yield [", ".join(row[name]) if isinstance(row[name], list) else row[name] for name in columns]
