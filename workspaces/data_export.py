"""All data of a studio in one ZIP file: ordered by the owner, written by a job, gone after a week (GDPR Art. 20)."""

import json
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from pilar.backplane import audit, jobs
from pilar.backplane.tenancy import all_tenants, atomic
from pilar.kernel import clock, switchboard
from pilar.kernel.erasure import Cleared, Traces
from pilar.kernel.problems import Conflict, NotFound
from pilar.kernel.switchboard import Empty, Payload, Work
from workspaces.models.export import DataExport

State = DataExport.State
LARGEST = 100 * 1024 * 1024
IN_MEMORY = 8 * 1024 * 1024


class ExportOrder(Payload):
    export_id: UUID


def shown(now: datetime) -> QuerySet[DataExport]:
    """Return the current studio's exports without their files, the newest first."""
    return DataExport.objects.filter(expires_at__gt=now).defer("content").order_by("-ordered_at")


def order(*, actor: str, now: datetime) -> DataExport:
    """Have a job write the file. Raises Conflict while one is being written."""
    with atomic():
        if shown(now).filter(state=State.WORKING).exists():
            raise Conflict(_("An export is being prepared already."), code="export_running")
        export = DataExport.objects.create(ordered_by=actor, ordered_at=now, expires_at=now + DataExport.lifetime)
        audit.record(actor, "export.ordered", "DataExport", export.pk)
        jobs.enqueue("workspaces.export", ExportOrder(export_id=export.pk), key=f"workspaces.export:{export.pk}")
    return export


def fetch(*, export_id: UUID, actor: str, now: datetime) -> DataExport:
    """Return a finished export with its file, and note who took it. Raises NotFound when there is none any more."""
    with atomic():
        found = DataExport.objects.filter(pk=export_id, state=State.READY, expires_at__gt=now).first()
        if found is None:
            raise NotFound
        audit.record(actor, "export.taken", "DataExport", export_id)
    return found


def write(work: Work[ExportOrder]) -> dict[str, Any]:
    """Write the file of an order, table by table; a second run does nothing."""
    mine = DataExport.objects.filter(pk=work.payload.export_id, state=State.WORKING)
    with atomic():
        if not mine.exists():
            return {"size": 0}
    with SpooledTemporaryFile(max_size=IN_MEMORY) as file:
        _fill(file)
        size = file.tell()
        file.seek(0)
        fits = size <= LARGEST
        with atomic():
            mine.update(
                state=State.READY if fits else State.TOO_LARGE,
                content=file.read() if fits else None,
                size=size,
                expires_at=clock.now() + DataExport.lifetime,
            )
    return {"size": size}


def _fill(file: IO[bytes]) -> None:
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for name, rows in sorted(switchboard.portables.items()):
            with archive.open(f"{name}.jsonl", "w", force_zip64=True) as part:
                for row in rows():
                    part.write(json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False).encode() + b"\n")


def forget(_work: Work[Empty]) -> dict[str, Any]:
    """Delete files whose time is over."""
    with all_tenants("files with a studio's data past their time"), atomic():
        deleted, _details = DataExport.objects.filter(expires_at__lt=clock.now()).delete()
    return {"deleted": deleted}


def clear(_traces: Traces) -> Cleared:
    """Somebody is erased: no file that may hold them stays."""
    deleted, _details = DataExport.objects.all().delete()
    return Cleared(rows=deleted)
