"""Doors for many members at once: an import as a job with a report of each row, an export as a file that is fetched later."""

from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from coach import exports, imports, leads
from coach.api import transfer_serializers as serializers
from coach.api.views import chosen
from coach.models import MemberExport
from pilar.api.access import Access, WorkspaceView
from pilar.api.json import CamelRenderer
from pilar.api.pagination import BadCursor, page_size
from pilar.api.serializers import checked
from pilar.kernel import clock
from pilar.kernel.principal import Role
from pilar.kernel.problems import Conflict

WRITE = Access(Role.COACH, "leads:write")
TAKE_ALONG = Access(Role.ADMIN, "leads:read")
"""As on the pages: who takes everything along is at least an admin."""


class Imports(WorkspaceView):
    access: ClassVar = {"POST": WRITE}
    throttles: ClassVar = {"POST": "lead-import:30/hour"}

    @extend_schema(
        operation_id="importLeads",
        request=serializers.NewImport,
        responses={
            200: OpenApiResponse(serializers.Rehearsed, "With `dryRun`: what would happen"),
            202: OpenApiResponse(serializers.ImportShown, "A job takes them over"),
        },
    )
    def post(self, request: Request) -> Response:
        """Add up to 10,000 people. Who is known stays as they are, so the same list again adds nobody twice.

        Without a proven consent people are added and never written to first. `dryRun` writes nothing.
        """
        wanted, now, actor = checked(serializers.NewImport, request.data), clock.now(), self.principal.actor
        consent = _consent(wanted.get("consent"))
        upload = imports.of_rows([_row(lead) for lead in wanted["leads"]], consent=consent, actor=actor, now=now)
        if wanted["dry_run"]:
            return Response(_rehearsed(imports.check(upload, now=now)))
        upload.save(force_insert=True)
        imports.begin(upload, actor=actor)
        return Response(serializers.ImportShown(imports.get(upload.pk)).data, status=202)


def _row(lead: dict[str, Any]) -> dict[str, str]:
    day: date | None = lead.get("consent_at")
    named = {name: lead.get(name, "") for name in ("name", "phone", "email", "language")}
    return named | {"tags": "|".join(lead.get("tags", [])), "consent_at": day.isoformat() if day else ""}


def _consent(given: dict[str, Any] | None) -> dict[str, str]:
    if not given:
        return {"mode": "none"}
    day: date | None = given.get("at")
    proof = {"source": given["source"], "wording": given["wording"], "at": day.isoformat() if day else ""}
    return proof | {"mode": "one" if day else "column"}


def _rehearsed(found: imports.Check) -> dict[str, Any]:
    return {
        "counts": {name: found.counts[name] for name in serializers.OUTCOMES},
        "with_consent": found.counts["consent"],
        "remarks": [_shown(row.number, row.outcome, row.reason) for row in found.odd],
    }


def _shown(number: int, outcome: str, reason: str) -> dict[str, Any]:
    return {"row": number - imports.HEADER_LINES, "outcome": outcome, "reason": reason}


class ImportOne(WorkspaceView):
    access: ClassVar = {"GET": WRITE}

    @extend_schema(operation_id="getLeadImport", responses=serializers.ImportShown)
    def get(self, request: Request, import_id: UUID) -> Response:
        """Show how far an import is."""
        return Response(serializers.ImportShown(imports.get(import_id)).data)


class ImportReport(WorkspaceView):
    access: ClassVar = {"GET": WRITE}

    @extend_schema(
        operation_id="getLeadImportReport",
        parameters=[
            OpenApiParameter("outcome", str, enum=serializers.OUTCOMES),
            OpenApiParameter("limit", int, description="1 to 200, 50 if not given"),
            OpenApiParameter("cursor", str, description="From `nextCursor`"),
        ],
        responses=serializers.ReportPage,
    )
    def get(self, request: Request, import_id: UUID) -> Response:
        """List what became of each row, in their order. It names rows and no people."""
        upload, size = imports.get(import_id), page_size(request)
        start, outcome = _start(request), chosen(request, "outcome", list(serializers.OUTCOMES))
        rows = [_shown(*row) for row in upload.report if not outcome or row[1] == outcome]
        following = str(start + size) if len(rows) > start + size else None
        return Response({"items": rows[start : start + size], "next_cursor": following})


def _start(request: Request) -> int:
    cursor = request.query_params.get("cursor", "0")
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 6):
        raise BadCursor(_("This cursor is not one of ours. Start again without it."))
    return int(cursor)


class Exports(WorkspaceView):
    access: ClassVar = {"POST": TAKE_ALONG}
    throttles: ClassVar = {"POST": "lead-export:30/hour"}

    @extend_schema(operation_id="exportLeads", request=serializers.NewExport, responses={202: serializers.ExportShown})
    def post(self, request: Request) -> Response:
        """Have a file written with all that is known of these people, or of everybody: JSON for programs, CSV for people.

        It can be fetched for a day, by the caller that asked for it.
        """
        wanted, actor = checked(serializers.NewExport, request.data), self.principal.actor
        whom = wanted.get("lead_ids") or leads.all_ids()
        export = exports.request(lead_ids=whom, session=_session(actor), actor=actor, now=clock.now())
        return Response(serializers.ExportShown(export).data, status=202)


def _session(actor: str) -> str:
    """What stands for a browser's session: an export belongs to the key or the person who asked for it."""
    return f"api:{actor}"


class ExportOne(WorkspaceView):
    access: ClassVar = {"GET": TAKE_ALONG}

    @extend_schema(operation_id="getLeadExport", responses=serializers.ExportShown)
    def get(self, request: Request, export_id: UUID) -> Response:
        """Show whether the file is ready."""
        return Response(serializers.ExportShown(_mine(self, export_id)).data)


def _mine(view: WorkspaceView, export_id: UUID) -> MemberExport:
    return exports.get(export_id, session=_session(view.principal.actor), now=clock.now())


class Zip(BaseRenderer):
    """Lets a caller ask for what the file is."""

    media_type, format = "application/zip", "zip"


class ExportFile(WorkspaceView):
    access: ClassVar = {"GET": TAKE_ALONG}
    renderer_classes = (CamelRenderer, Zip)

    @extend_schema(operation_id="fetchLeadExport", responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request: Request, export_id: UUID) -> HttpResponse:
        """Fetch the file: `members.json` with everything, and a CSV each of members, messages and consents."""
        found = _mine(self, export_id)
        if found.content is None:
            raise Conflict(_("The file is not ready yet. Ask again in a few seconds."), code="not_ready")
        exports.fetched(found, actor=self.principal.actor)
        name = f"members-{found.created_at:%Y-%m-%d}.zip"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse(bytes(found.content), content_type="application/zip", headers=headers)
