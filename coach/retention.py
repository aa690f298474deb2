"""Old lists, uploads, exports and proofs of the coach are deleted when their time is over."""

from datetime import datetime
from typing import Any

from django.db.models import Model

from coach.models import BulkAction, Erasure, MemberExport, MemberImport
from pilar.backplane.tenancy import all_tenants, atomic
from pilar.kernel import clock
from pilar.kernel.switchboard import Empty, Work

BATCH = 1000


def retain(_work: Work[Empty]) -> dict[str, Any]:
    """Delete what is past its time, in batches with a commit each; uploads lose their file before that."""
    now = clock.now()
    with all_tenants("lists and files of members past their retention"):
        forgotten = _forget_uploads(now)
        return {
            "uploads": forgotten,
            "imports": _delete(MemberImport, created_at__lt=now - MemberImport.retention),
            "exports": _delete(MemberExport, expires_at__lt=now),
            "actions": _delete(BulkAction, created_at__lt=now - BulkAction.retention),
            "erasures": _delete(Erasure, requested_at__lt=now - Erasure.retention),
        }


def _forget_uploads(now: datetime) -> int:
    with atomic():
        old = MemberImport.objects.filter(
            status=MemberImport.Status.UPLOADED, created_at__lt=now - MemberImport.file_retention
        )
        return old.update(status=MemberImport.Status.CANCELLED, content="")


def _delete(model: type[Model], **past: datetime) -> int:
    total = 0
    while True:
        with atomic():
            rows = model._default_manager
            ids = list(rows.filter(**past).values_list("pk", flat=True)[:BATCH])
            deleted, _details = rows.filter(pk__in=ids).delete()
        total += deleted
        if deleted < BATCH:
            return total
